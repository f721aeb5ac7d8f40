"""Settings of the fetcher."""

from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.settings import Settings

SOURCE = "https://data.police.uk/api"
POLITE_RATE = 15.0
"""Requests a second that data.police.uk allows one address."""


class FetcherSettings(Settings):
    """How the source is asked."""

    source_url: str = Field(default=SOURCE, description="Base address of the police API")
    requests_per_second: float = Field(
        default=POLITE_RATE, gt=0, description="Never more than 15, except to a source on this machine"
    )
    max_in_flight: int = Field(default=8, ge=1, le=8, description="Requests waiting for their answer at once")
    request_timeout: float = Field(default=60, gt=0, description="Seconds until an answer is given up")
    tries: int = Field(default=5, ge=1, description="Tries of one request before its slice is postponed")
    first_wait: float = Field(default=0.5, gt=0, description="Seconds before the second try; then doubling")
    longest_wait: float = Field(default=60, gt=0, description="Most seconds between two tries, or of a pause")
    max_page_bytes: int = Field(default=64 << 20, description="A larger answer is taken as too large an area")
    tile_target: int = Field(default=8_600, ge=1, le=10_000, description="Expected records of a planned tile")
    watch_seconds: float = Field(
        default=900, ge=0, description="Seconds between two looks for a new release; 0 never looks"
    )
    refresh_months: int = Field(
        default=24, ge=0, le=36, description="Older months that are fetched again with a new release"
    )
    run_patience: float = Field(
        default=86_400, gt=0, description="Seconds without any answer after which a run is given up"
    )
    tick_seconds: float = Field(default=5, gt=0, description="Seconds between two looks for work left behind")

    @model_validator(mode="after")
    def be_polite(self) -> "FetcherSettings":
        """Only a source on this very machine may be asked faster than data.police.uk allows."""
        if self.requests_per_second > POLITE_RATE and urlsplit(self.source_url).hostname not in (
            "127.0.0.1",
            "localhost",
            "::1",
        ):
            raise ValueError("requests_per_second: at most 15 for a source that is not on this machine")
        return self
