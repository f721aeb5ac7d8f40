"""Settings of the reporter."""

from shared.settings import Settings


class ReporterSettings(Settings):
    """The reporter needs the servers and nothing else."""
