"""The loader's messages: a page is staged; a complete month is judged and swapped in; a month is rolled back.

All bear to be delivered twice: a page that is staged, a run that is decided, and a rollback that is done, are
left as they are.
"""

from datetime import UTC, datetime
from hashlib import sha256

import zstandard
from faststream.nats import NatsBroker, NatsMessage

from services.loader import archive
from services.loader.archive_crimes import Crimes
from services.loader.parse import parse
from services.loader.row_shapes import Rows
from services.loader.rows import RowBuilder
from services.loader.settings import LoaderSettings
from services.loader.store import Store
from shared.archive import SOURCE as ARCHIVE
from shared.bus import event_from_headers, publish, subscriber
from shared.errors import PermanentError
from shared.events import MonthFetched, PageFetched, RollbackRequested


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

    @subscriber(broker, "loader-rollbacks", workers=1)
    async def rollback_requested(event: RollbackRequested) -> None:
        await publish(broker, await store.roll_back(event))


async def stage_page(store: Store, page: PageFetched, body: bytes, max_bytes: int) -> None:
    """Stage one raw answer; of one that cannot be read, keep that it came, so that its month is refused."""
    if await store.needs_no(page):
        return
    try:
        answer = unpack(body, max_bytes)
        if sha256(answer).hexdigest() != page.sha256:
            raise PermanentError("the page is not the one that its sha256 names")
        rows = rows_of(page, answer)
    except PermanentError as problem:
        await store.stage_problem(page, str(problem))
        raise
    await store.stage(page, rows)


def rows_of(page: PageFetched, answer: bytes) -> Rows | Crimes:
    """The rows of a page: JSON of the API, or CSV of an archive.

    Raises:
        PermanentError: it is neither.
    """
    if page.source != ARCHIVE:
        return RowBuilder(page.dataset, page.month, page.force).build(parse(page.dataset, answer))
    if page.force is None:
        raise PermanentError("a page of an archive that does not say whose file it is")
    return archive.build(page.dataset, page.month, page.force, answer)


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
