"""Wait until a service finds what it works on: `python -m shared.await_setup loader`.

For what starts services beside the jobs that migrate and provision, in any order. It ends when the database
has every migration of this version and the bus has the service's consumers, and says what it waits for.
"""

import asyncio
import signal
import sys
from collections.abc import Callable

from pydantic import ValidationError

from shared.errors import CrimeMapsError, TransientError
from shared.migrate import check_migrated
from shared.provision import check_provisioned
from shared.service import setting_problem
from shared.settings import Settings

SECONDS = 2.0
"""Between two looks."""


async def await_setup(
    service: str, settings: Settings, say: Callable[[str], None], *, seconds: float = SECONDS
) -> None:
    """Return when all is there; each new reason to wait is said once."""
    said = None
    while reason := await reason_to_wait(service, settings):
        if reason != said:
            say(f"{service} waits: {reason}")
            said = reason
        await asyncio.sleep(seconds)


async def reason_to_wait(service: str, settings: Settings) -> str | None:
    """What is missing first; None when nothing is."""
    try:
        await check_migrated(settings.database_url)
        await check_provisioned(settings.nats_url, service)
    except TransientError as problem:
        return str(problem)
    return None


def say(line: str) -> None:
    """On standard output, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    # The first process of a container has no default for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        asyncio.run(await_setup(sys.argv[1], Settings(), say))  # type: ignore[call-arg]
    except ValidationError as error:
        sys.exit("; ".join(setting_problem(problem) for problem in error.errors()))
    except CrimeMapsError as problem:
        sys.exit(str(problem))
