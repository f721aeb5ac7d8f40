"""`crimemaps up`: the whole system on this machine, fetching from the police API."""

from pathlib import Path
from urllib.parse import urlsplit

from services.console.endpoints import VAR_DIR
from services.console.screen import note
from services.console.system import check_port, run_until_signal, running_system
from shared.errors import RequestError


def up(*, source: str | None = None, var: Path = VAR_DIR, port: int = 8000) -> int:
    """Start servers and services, keep what they load, and serve until Ctrl-C.

    A watcher orders what the source publishes; `crimemaps ingest` orders months by hand.

    Parameters
    ----------
    source
        Base address of the police API; data.police.uk's own otherwise.
    var
        The folder that keeps data, logs and passwords.
    port
        Where the page and the API are served; 0 takes a free one.
    """
    if source is not None and urlsplit(source).scheme not in ("http", "https"):
        raise RequestError(
            f"'{source}' is no address of a police API: write it as https://data.police.uk/api"
        )
    check_port(port)
    run_until_signal(serve(var, {} if source is None else {"SOURCE_URL": source}, port))
    return 0


async def serve(var_dir: Path, environ: dict[str, str], port: int) -> None:
    """Start everything and watch over it."""
    async with running_system(var_dir, port=port, durable=True, environ=environ) as system:
        system.show_addresses()
        note("serving until Ctrl-C")
        await system.watch()
