"""Settings of the hexer."""

from pydantic import Field

from shared.settings import Settings


class HexerSettings(Settings):
    """What the hexer needs beside the servers."""

    catch_up_seconds: float = Field(
        default=60, gt=0, description="Seconds between two looks for months whose grid lags behind"
    )
