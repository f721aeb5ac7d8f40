"""`python -m deploy.local.police_api --port N [--data PATH …] [--scenario NAME] …`: see README.md."""

import argparse
import sys
from pathlib import Path

import msgspec
import uvicorn

from deploy.local.police_api.app import App
from deploy.local.police_api.archive import DEFAULT_SAMPLE, Archive
from deploy.local.police_api.months import Months
from deploy.local.police_api.settings import Settings, changed

HOST = "127.0.0.1"
SWITCH_SECONDS = 0.001
"""Reading a month in a thread must not delay the arrival of requests, whose times the limit looks at."""
MAX_HEADER_BYTES = 200_000
"""So that a request line that is too long gets the API's answer, not this server's."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.police_api", description="Sample police API"
    )
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[DEFAULT_SAMPLE], help="folders, CSV files, tars"
    )
    for field in msgspec.structs.fields(Settings):
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=field.default)
    arguments = vars(parser.parse_args())
    host, port, data = arguments.pop("host"), arguments.pop("port"), arguments.pop("data")
    try:
        archive = Archive(data)
        settings = changed(Settings(), arguments, archive.months)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    sys.setswitchinterval(SWITCH_SECONDS)
    uvicorn.run(
        App(Months(archive), settings),
        host=host,
        port=port,
        http="h11",
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
