"""The `crimemaps` command."""

import logging
import sys

from cyclopts import App, Parameter

from shared.errors import CrimeMapsError

BAD_INPUT, INTERRUPTED = 2, 130

COMMANDS = {
    "demo": "Load the bundled sample through all services, show what came of it, serve it until Ctrl-C.",
    "up": "Start servers and services, keep what they load, serve until Ctrl-C.",
    "sample": "Load the bundled sample on servers of your own, whose source is the sample police API.",
    "ingest": "Order months through the bus, and follow them.",
    "backfill": "Load months of a bulk archive of data.police.uk, and follow them.",
    "status": "Show what is loaded, what runs, what waits, and what was given up.",
    "dead": "Show the messages that were given up, put them back on their queues, or remove them.",
    "postcodes": "Load the postcodes that reports are ordered for.",
    "reference": "Make reference tables of your own, such as a newer edition of ONS.",
    "report": "Order neighbourhood reports through the queue, and save them as PDF.",
    "partners": "Say who may order reports through the queue.",
    "keys": "Make and revoke keys of the API.",
    "revisions": "Show what the source changed in months that were published before.",
    "reconciliations": "Show what the source's API and its archive say of the same months.",
    "rollback": "Let readers see an earlier version of a month again.",
    "proof": "Show where every record of the loaded months went.",
}

app = App(
    name="crimemaps",
    help="Police data: fetched, loaded, mapped. Exit code 2: bad input, or a server that is away.",
    default_parameter=Parameter(negative=()),
    suppress_keyboard_interrupt=False,
    version_flags=(),
)
# Named, not imported: help and complaints need not wait for what one command needs.
for name, text in COMMANDS.items():
    app.command(f"services.console.{name}:{name}", name=name, help=text)


def main() -> None:
    """Run one command; problems are told in one line."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every end of a connection with TLS
    try:
        app()
    except CrimeMapsError as problem:
        print(f"crimemaps: {problem}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
