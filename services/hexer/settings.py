"""Settings of the hexer."""

from pydantic import Field

from shared.settings import Settings


class HexerSettings(Settings):
    """What the hexer needs beside the servers."""

    catch_up_seconds: float = Field(
        default=60, gt=0, description="Seconds between two looks for months whose grid lags behind"
    )
    download_keep_hours: float = Field(
        default=24, ge=0, description="Hours for which the files of a replaced month can still be fetched"
    )
