"""Settings of the gateway."""

from pydantic import Field, field_validator

from shared.settings import OnsSettings, PostcodeSettings, Settings


class GatewaySettings(PostcodeSettings, OnsSettings, Settings):
    """How much one request may ask for."""

    http_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API; 0 takes a free one")
    redis_url: str | None = Field(
        default=None,
        repr=False,
        pattern="^(redis|rediss|unix)://",
        description="Redis or Valkey, as redis://:password@host:port/0; else nothing is cached or limited",
    )
    redis_timeout: float = Field(
        default=0.2, gt=0, description="Seconds until Redis is done without for a moment"
    )
    reads_per_minute: int = Field(default=600, ge=1, description="Requests of one address without a key")
    reports_per_minute: int = Field(
        default=10, ge=1, description="Orders of reports of one address without a key"
    )
    key_reads_per_minute: int = Field(
        default=6000, ge=1, description="Requests with a key that has no number of its own"
    )
    key_reports_per_minute: int = Field(
        default=120, ge=1, description="Orders of reports with a key that has no number of its own"
    )
    take_reports: bool = Field(
        default=True, description="Whether reports can be ordered; where no reporter runs they cannot"
    )
    reports_need_key: bool = Field(default=False, description="Whether reports are ordered with a key only")
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="Proxies in front whose X-Forwarded-For is believed"
    )
    query_timeout: float = Field(default=15, gt=0, description="Seconds after which a query is given up")
    answer_timeout: float = Field(
        default=30, gt=0, description="Seconds until the answer to a request must have begun"
    )
    max_cells: int = Field(default=20_000, ge=1, description="Cells that one answer may hold")
    max_records: int = Field(default=10_000, ge=1, description="Records that one page may hold")
    max_radius_m: float = Field(default=5000, gt=0, description="Metres around a point that may be searched")
    max_area_km2: float = Field(
        default=400, gt=0, description="Square kilometres of a rectangle or polygon that may be searched"
    )
    max_vertices: int = Field(default=1000, ge=4, description="Vertices of a polygon that may be searched")
    max_downloads: int = Field(
        default=40, ge=1, description="Files of whole months that are sent at once, some 3 MB of memory each"
    )
    public_url: str | None = Field(
        default=None, description="Where the public reaches the gateway; else what each request says"
    )
    contact_email: str | None = Field(
        default=None,
        pattern="^[^@\\s]+@[^@\\s]+$",
        description="Where visitors can write to; else no address is shown",
    )
    tiles_bytes: int = Field(default=64_000_000, ge=0, description="Memory for finished vector tiles")
    tile_cells_bytes: int = Field(
        default=256_000_000, ge=0, description="Memory for the cells that vector tiles are made of"
    )
    tile_check_seconds: float = Field(
        default=1, ge=0, description="Seconds between two looks for a new version of the vector tiles"
    )

    basemap_style_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="MapLibre style below the maps of the website; else the bundled basemap",
    )

    @field_validator("redis_url", "public_url", "contact_email", "basemap_style_url", mode="before")
    @classmethod
    def empty_is_none(cls, given: object) -> object:
        """As environments have it that cannot leave a variable out."""
        return given or None
