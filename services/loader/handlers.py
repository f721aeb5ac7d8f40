"""The loader's messages: a page is staged; a complete month is judged and swapped in.

Both bear to be delivered twice: a page that is staged, and a run that is decided, are left as they are.
"""

from datetime import UTC, datetime
from hashlib import sha256

import zstandard
from faststream.nats import NatsBroker, NatsMessage

from services.loader.parse import parse
from services.loader.rows import RowBuilder
from services.loader.settings import LoaderSettings
from services.loader.store import Store
from shared.bus import event_from_headers, publish, subscriber
from shared.errors import PermanentError
from shared.events import MonthFetched, PageFetched


def register(broker: NatsBroker, store: Store, settings: LoaderSettings) -> None:
    """Subscribe the handlers."""

    @subscriber(broker, "loader-pages", workers=settings.workers)
    async def page_fetched(message: NatsMessage) -> None:
        page = event_from_headers(PageFetched, message.headers)
        await stage_page(store, page, message.body, settings.max_page_bytes)

    @subscriber(broker, "loader-months", workers=2)
    async def month_fetched(event: MonthFetched, message: NatsMessage) -> None:
        waited = datetime.now(UTC) - message.raw_message.metadata.timestamp
        patient = waited.total_seconds() < settings.page_patience
        await publish(broker, await store.load(event, patient=patient))


async def stage_page(store: Store, page: PageFetched, body: bytes, max_bytes: int) -> None:
    """Stage one raw answer; of one that cannot be read, keep that it came, so that its month is refused."""
    if await store.needs_no(page):
        return
    try:
        answer = unpack(body, max_bytes)
        if sha256(answer).hexdigest() != page.sha256:
            raise PermanentError("the page is not the one that its sha256 names")
        parsed = parse(page.dataset, answer)
    except PermanentError as problem:
        await store.stage_problem(page, str(problem))
        raise
    await store.stage(page, RowBuilder(page.dataset, page.month, page.force).build(parsed))


def unpack(body: bytes, max_bytes: int) -> bytes:
    """Undo the compression, but never to more than `max_bytes`.

    Raises:
        PermanentError: not zstd, cut, or too large.
    """
    try:
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            unpacked = reader.read(max_bytes + 1)
    except zstandard.ZstdError as error:
        raise PermanentError(f"the page is not zstd: {error}") from error
    if len(unpacked) > max_bytes:
        raise PermanentError(f"the page unpacks to more than {max_bytes} bytes")
    return unpacked
