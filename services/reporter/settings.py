"""Settings of the reporter."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from services.reporter.attribution import LONGEST_ATTRIBUTION, plain_attribution
from shared.settings import OnsSettings, PostcodeSettings, Settings

PLACES = ("{z}", "{x}", "{y}")
"""What a tile's address has to hold."""


class ReporterSettings(PostcodeSettings, OnsSettings, Settings):
    """How reports are rendered, and where postcodes are looked up that the operator has not loaded."""

    processes: int = Field(default=1, ge=1, description="Reports that are rendered at once")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where the public reaches the gateway; printed in reports",
    )
    lease_seconds: float = Field(
        default=30, gt=0, description="Seconds after which another reporter takes the order of a killed one"
    )
    publish_again_seconds: float = Field(
        default=30, gt=0, description="Age at which an answer that was not confirmed is published again"
    )
    basemap_url: str | None = Field(
        default=None,
        description="Raster tiles as https://tiles.example/{z}/{x}/{y}.png; else the bundled basemap",
    )
    basemap_pmtiles: Path | None = Field(
        default=None,
        description="PMTiles file with raster tiles, or vector tiles of Protomaps or OpenMapTiles, "
        "instead of BASEMAP_URL",
    )
    basemap_attribution: str | None = Field(
        default=None,
        validate_default=True,
        description="Whom the maps name for the tiles; required with BASEMAP_URL, goes before the file's own",
    )
    basemap_tile_pixels: int = Field(
        default=256,
        ge=256,
        le=512,
        multiple_of=256,
        description="Side of a raster tile: 256, or 512 for @2x tiles, whose words are larger in print",
    )
    basemap_timeout: float = Field(
        default=10, gt=0, description="Seconds until the tiles of a report are given up"
    )

    @field_validator("basemap_url", "basemap_pmtiles", "basemap_attribution", mode="before")
    @classmethod
    def empty_is_none(cls, given: object) -> object:
        """As environments have it that cannot leave a variable out."""
        return given or None

    @field_validator("basemap_url")
    @classmethod
    def is_a_template(cls, url: str | None) -> str | None:
        """An address that becomes a tile's by its three numbers, and by nothing else."""
        if url is not None:
            rest = url
            for place in PLACES:
                rest = rest.replace(place, "0")
            parts = urlsplit(rest)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
                raise ValueError("an address as https://tiles.example/{z}/{x}/{y}.png is expected")
            if any(url.count(place) != 1 for place in PLACES) or "{" in rest or "}" in rest:
                raise ValueError("the address must hold {z}, {x} and {y}, each once, and no other braces")
        return url

    @field_validator("basemap_pmtiles")
    @classmethod
    def is_the_only_one(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """A server or a file."""
        if path is not None and info.data.get("basemap_url"):
            raise ValueError("give this or BASEMAP_URL, not both")
        return path

    @field_validator("basemap_attribution")
    @classmethod
    def names_somebody(cls, text: str | None, info: ValidationInfo) -> str | None:
        """Maps of others are not to be used without naming them."""
        text = plain_attribution(text or "") or None
        if text is None and info.data.get("basemap_url"):
            raise ValueError("required with BASEMAP_URL: whom the maps are to name")
        if text is not None and len(text) > LONGEST_ATTRIBUTION:
            raise ValueError(f"at most {LONGEST_ATTRIBUTION} characters fit below a map")
        return text
