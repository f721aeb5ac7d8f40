"""Settings that every service has, read from the environment. Only `__main__` modules build them."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the servers are, and how this process shows itself."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(
        repr=False, description="PostgreSQL 15 or newer, as postgresql://user@host:port/name"
    )
    nats_url: str = Field(
        repr=False, description="NATS with JetStream, as nats://host:port, or tls://host:port?ca=FILE"
    )
    http_host: str = Field(default="127.0.0.1", description="Address of /livez, /readyz and /metrics")
    http_port: int = Field(default=0, ge=0, le=65535, description="Its port; 0 takes a free one")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error"
    )
    ack_wait: float = Field(
        default=30, gt=0, description="Seconds after which a message of a killed handler is delivered again"
    )
    stop_timeout: float = Field(default=20, gt=0, description="Seconds a handler may go on after SIGTERM")
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None, pattern="^https?://", description="Collector of traces; else none are exported"
    )
    drain_seconds: float = Field(
        default=0, ge=0, description="Seconds in which requests are still taken after SIGTERM"
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def in_small_letters(cls, level: object) -> object:
        """`INFO` is what many environments have."""
        return level.lower() if isinstance(level, str) else level

    @field_validator("otel_exporter_otlp_endpoint", mode="before")
    @classmethod
    def off_if_empty(cls, endpoint: object) -> object:
        """As environments have it that cannot leave a variable out."""
        return endpoint or None


class ProvisionSettings(Settings):
    """How the streams are made."""

    stream_replicas: int | None = Field(
        default=None, ge=1, le=5, description="Servers that keep each stream: 1, or 3 or 5 of a NATS cluster"
    )

    @field_validator("stream_replicas")
    @classmethod
    def has_a_majority(cls, replicas: int | None) -> int | None:
        """An even number stands no more failures than the odd one before it."""
        if replicas is not None and replicas % 2 == 0:
            raise ValueError("1, 3 or 5 are possible")
        return replicas


class OnsSettings(BaseSettings):
    """What recorded crime is compared with."""

    ons_rates: Path | None = Field(
        default=None,
        description="Rates of an edition of ONS, made by `crimemaps reference ons`; else the bundled edition",
    )

    @field_validator("ons_rates", mode="before")
    @classmethod
    def empty_is_the_bundled_one(cls, given: object) -> object:
        """An empty variable is one that is not set."""
        return None if given == "" else given


class PostcodeSettings(BaseSettings):
    """Where postcodes are looked up that the operator has not loaded."""

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
