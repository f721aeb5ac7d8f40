"""Settings of the gateway."""

from pydantic import Field

from shared.settings import Settings


class GatewaySettings(Settings):
    """How much one request may ask for."""

    http_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API; 0 takes a free one")
    redis_url: str | None = Field(default=None, description="Cache of answers; not used yet")
    query_timeout: float = Field(default=15, gt=0, description="Seconds after which a query is given up")
    max_cells: int = Field(default=20_000, ge=1, description="Cells that one answer may hold")
