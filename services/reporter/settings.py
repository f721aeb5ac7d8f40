"""Settings of the reporter."""

from pydantic import Field

from shared.settings import Settings


class ReporterSettings(Settings):
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
    postcodes_io: bool = Field(
        default=True, description="Whether postcodes.io is asked for postcodes that are not loaded"
    )
    postcodes_io_url: str = Field(
        default="https://api.postcodes.io",
        description="Base address of postcodes.io, or of a copy of one's own",
    )
    postcodes_io_timeout: float = Field(
        default=5, gt=0, description="Seconds until one request to postcodes.io is given up"
    )
    postcodes_io_tries: int = Field(default=3, ge=1, description="Tries of one request to postcodes.io")
