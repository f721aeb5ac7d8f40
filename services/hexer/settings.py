"""Settings of the hexer."""

from shared.settings import Settings


class HexerSettings(Settings):
    """The hexer needs the servers and nothing else."""
