"""Settings of the loader."""

from pydantic import Field

from services.loader.gate import GateRules
from shared.settings import Settings


class LoaderSettings(Settings):
    """What the loader needs beside the servers."""

    workers: int = Field(default=3, ge=1, le=16, description="Pages that one loader stages at once")
    max_page_bytes: int = Field(default=64 << 20, description="A page that unpacks to more is refused")
    gate_max_loss: float = Field(
        default=0.3, ge=0, le=1, description="Share of a force's records that may vanish from a month"
    )
    gate_min_records: int = Field(default=50, ge=0, description="Forces with fewer records are not compared")
    gate_max_set_aside: float = Field(
        default=0.01, ge=0, le=1, description="Share of a month's records that may be set aside"
    )
    page_patience: float = Field(
        default=900, gt=0, description="Seconds that a complete run waits for pages still on the bus"
    )
    keep_versions: int = Field(
        default=1,
        ge=0,
        description="Replaced versions of a month whose records are kept, for `crimemaps rollback`",
    )

    @property
    def gate_rules(self) -> GateRules:
        """The gate's part of the settings."""
        return GateRules(self.gate_max_loss, self.gate_min_records, self.gate_max_set_aside)
