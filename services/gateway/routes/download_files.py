"""A file of a month: whole or from where a download broke off, without ever holding much of it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

from litestar import Response
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Message, Receive, Send

from services.gateway.bus import Bus
from services.gateway.byte_ranges import is_still, read_range
from services.gateway.observe import is_head
from services.gateway.routes.answers import AnyRequest
from services.gateway.routes.report_files import FOR_EVER
from shared.downloads import BUCKET, File, Manifest, ending_of, folder_of, part_name
from shared.errors import TransientError
from shared.logs import get_logger
from shared.model import parse_month

log = get_logger()

PIECE_BYTES = 256 << 10
"""So much is handed to the server at once; it waits until a slow client has taken it."""
PATIENCE = 60.0
"""Seconds in which a client must take a piece: who takes none has no place that others wait for."""
Pieces = AsyncGenerator[bytes, None]


class Downloads:
    """The files of the store; so many are sent at once, each of which has a part of itself in memory."""

    def __init__(self, bus: Bus, most: int) -> None:
        self.bus, self.most = bus, most
        self.sending = 0

    @asynccontextmanager
    async def open(self, manifest: Manifest, file: File, start: int, end: int) -> AsyncIterator[Pieces]:
        """The bytes from `start` to before `end`.

        Raises:
            TransientError: too many are being sent, or the store cannot be reached or has lost the file.
        """
        if self.sending >= self.most:
            raise TransientError(f"{self.most} files are being sent, which is the most: ask again soon")
        self.sending += 1
        try:
            async with aclosing(pieces(self.bus, manifest, file, start, end)) as body:
                yield body
        finally:
            self.sending -= 1


async def file_answer(
    request: AnyRequest, downloads: Downloads, manifest: Manifest, ending: str, *, is_fixed: bool
) -> Response[Any]:
    """The bytes that a request wants of a file.

    `is_fixed`: the address names the edition, so it always gives these bytes.

    Raises:
        RangeError: the file has none of these bytes.
        TransientError: it cannot be sent now.
    """
    [file] = [one for one in manifest.files if ending_of(one) == ending]
    headers = headers_of(file, is_fixed=is_fixed)
    held = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    if headers["ETag"] in held or "*" in held:
        return Response(None, status_code=304, headers=headers)
    only_head = is_head(request.scope)
    span = None
    if not only_head and is_still(request.headers.get("if-range"), headers["ETag"]):
        span = read_range(request.headers.get("range"), file.bytes)
    start, end = span or (0, file.bytes)
    headers["Content-Length"] = str(end - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.bytes}"
    status = 206 if span else 200
    if only_head:
        return Stream((b"",), status_code=status, headers=headers, media_type=file.media_type)
    async with AsyncExitStack() as opened:
        body = await opened.enter_async_context(downloads.open(manifest, file, start, end))
        first = await anext(body)  # an outage can still be answered as one
        content = all_pieces(first, body, file)
        return FileStream(
            content, opened.pop_all(), status_code=status, headers=headers, media_type=file.media_type
        )


def headers_of(file: File, *, is_fixed: bool) -> dict[str, str]:
    """What is said of a file, whichever bytes of it are sent."""
    return {
        "ETag": f'"{file.sha256}"',
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Accept-Ranges": "bytes",
        "Cache-Control": FOR_EVER if is_fixed else "public, no-cache",
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "X-Content-Type-Options": "nosniff",
    }


async def pieces(
    bus: Bus, manifest: Manifest, file: File, start: int, end: int
) -> AsyncGenerator[bytes, None]:
    """The bytes from `start` to before `end`: one part of the file in memory at a time."""
    folder = folder_of(manifest.dataset, parse_month(manifest.month), manifest.edition)
    for number in range(start // file.part_bytes, -(-end // file.part_bytes)):
        name = part_name(folder, ending_of(file), number)
        part = await bus.object(BUCKET, name)
        if part is None:
            log.error("download.lost", object=name)
            raise TransientError(f"{file.name} is not in the store any more: it is made again within an hour")
        offset = number * file.part_bytes
        first, last = max(0, start - offset), min(len(part), end - offset)
        for at in range(first, last, PIECE_BYTES):
            yield part[at : min(at + PIECE_BYTES, last)]


async def all_pieces(first: bytes, rest: Pieces, file: File) -> Pieces:
    """The first piece and the rest; an outage ends them early."""
    yield first
    try:
        async for piece in rest:
            yield piece
    except TransientError as error:
        # The connection ends before all is sent: the client sees that, and can go on from there.
        log.warning("download.broken_off", file=file.name, reason=str(error))


class FileStream(Stream):
    """Sends a file, and closes what it comes from however that ends."""

    def __init__(self, content: Pieces, opened: AsyncExitStack, **given: Any) -> None:
        super().__init__(content, **given)
        self.opened = opened

    def to_asgi_response(self, *given: Any, **named: Any) -> ASGIResponse:
        """The answer as it is sent."""
        answer = super().to_asgi_response(*given, **named)
        return Sending(self.iterator, self.opened, answer)


class Sending(ASGIStreamingResponse):
    """The same, on its way."""

    def __init__(self, content: Any, opened: AsyncExitStack, answer: ASGIResponse) -> None:
        super().__init__(
            iterator=content, status_code=answer.status_code, headers=dict(answer.headers.items())
        )
        self.opened = opened

    async def send_body(self, send: Send, receive: Receive) -> None:
        """Send piece after piece, to whoever takes them."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(PATIENCE):
                await send(message)

        async with self.opened:
            try:
                await super().send_body(send_in_time, receive)
            except* TimeoutError:
                log.warning("download.not_taken", seconds=PATIENCE)
