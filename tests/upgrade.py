"""What a version leaves behind, for the versions after it: `python -m tests.upgrade`, when a release is cut.

Writes `tests/data/upgrade/VERSION.tar.xz`: the dump of the database, the messages on the bus, and the
checksums that the work comes to.
"""

import asyncio
import io
import json
import tarfile
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import msgspec
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from deploy.local.programs import POSTGRES_KIND
from deploy.local.servers import LocalServers
from deploy.local.var_dir import temporary_var_dir
from shared.migrate import migrate
from shared.provision import STREAMS, connect
from tests.backup import Backup, place_bus
from tests.e2e.ingest import Checksums
from tests.e2e.unfinished import Unfinished, work_and_back_up

ARCHIVES = Path(__file__).parent / "data" / "upgrade"
DUMP, MESSAGES, CHECKSUMS = "crimemaps.dump", "messages.msgpack", "checksums.json"
POSTGRES = {POSTGRES_KIND: "pypi"}
"""Which everybody has, in one version."""


class Message(msgspec.Struct, array_like=True):
    """One message of the bus. Kept as such, not in the server's files: there it would be too old one day."""

    stream: str
    subject: str
    headers: dict[str, str]
    body: bytes


def write(left: Unfinished, messages: list[Message], archive: Path) -> None:
    """Keep it as one file."""
    told = sorted([model, month, value] for (model, month), value in left.checksums.items())
    with tarfile.open(archive, "w:xz") as file:
        add(file, DUMP, left.backup.dump.read_bytes())
        add(file, MESSAGES, msgspec.msgpack.encode(messages))
        add(file, CHECKSUMS, json.dumps(told).encode())


def add(file: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to an archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    file.addfile(entry, io.BytesIO(content))


def read(archive: Path, folder: Path) -> tuple[Path, list[Message], Checksums]:
    """What a version left: the dump (in the folder), the messages, and what they come to."""
    with tarfile.open(archive) as file:
        dump, messages, checksums = (content_of(file, name) for name in (DUMP, MESSAGES, CHECKSUMS))
    (folder / DUMP).write_bytes(dump)
    told = {(model, month): value for model, month, value in json.loads(checksums)}
    return folder / DUMP, msgspec.msgpack.decode(messages, type=list[Message]), told


def content_of(file: tarfile.TarFile, name: str) -> bytes:
    """A file of an archive."""
    found = file.extractfile(name)
    assert found is not None, name
    return found.read()


async def messages_of(backup: Backup) -> list[Message]:
    """All messages of our streams, each stream's oldest first."""
    with temporary_var_dir() as var_dir:
        place_bus(backup, var_dir)
        with LocalServers(var_dir, environ=POSTGRES, durable=False) as servers:
            connection = await connect(servers.endpoints.nats_url)
            try:
                jetstream = connection.jetstream()
                return [
                    Message(
                        str(stream.name),
                        message.subject or "",
                        dict(message.headers or {}),
                        message.data or b"",
                    )
                    for stream in STREAMS
                    for message in await stored(jetstream, str(stream.name))
                ]
            finally:
                await connection.close()


async def stored(jetstream: JetStreamContext, stream: str) -> list[RawStreamMsg]:
    """What a stream holds."""
    state = (await jetstream.stream_info(stream)).state
    found = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        with suppress(NotFoundError):  # it is done
            found.append(await jetstream.get_msg(stream, sequence))
    return found


async def put(nats_url: str, messages: list[Message]) -> None:
    """Publish them on a provisioned bus, in their order, under their ids."""
    connection = await connect(nats_url)
    try:
        for message in messages:
            await connection.jetstream().publish(
                message.subject, message.body, stream=message.stream, headers=message.headers
            )
    finally:
        await connection.close()


async def leave(folder: Path) -> tuple[Unfinished, list[Message]]:
    """Work on servers of its own."""
    with temporary_var_dir() as var_dir, LocalServers(var_dir, environ=POSTGRES, durable=False) as servers:
        endpoints = servers.endpoints
        await migrate(endpoints.database_url)
        urls = endpoints.database_url, endpoints.nats_url
        left = await work_and_back_up(servers, *urls, folder, POSTGRES)
    return left, await messages_of(left.backup)


def main() -> None:
    """Write the archive of this version."""
    ARCHIVES.mkdir(exist_ok=True)
    archive = ARCHIVES / f"{version('crimemapsuk')}.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        write(*asyncio.run(leave(Path(folder))), archive)
    print(f"{archive.name}: {archive.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
