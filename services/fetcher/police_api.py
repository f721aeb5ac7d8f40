"""The door to the police API: how it is asked, and what its answers mean (police_api.md §2 to §5)."""

from collections.abc import AsyncIterator
from datetime import date
from time import monotonic
from typing import Annotated, NamedTuple, TypeVar

import httpx
import msgspec
import stamina

from services.fetcher.answers import UntrustworthyError, count_records
from services.fetcher.pacer import Pacer
from services.fetcher.plan import Slice
from services.fetcher.settings import FetcherSettings
from services.fetcher.tiles import poly
from shared.errors import PermanentError, TransientError
from shared.logs import get_logger
from shared.metrics import upstream_requests, upstream_retries, upstream_seconds
from shared.model import Dataset, SliceKind, format_month, parse_month

log = get_logger()

CUT_AT = 10_000
"""The source's limit. An answer with exactly so many records may have been cut there: nobody knows."""
NOT_ABOUT_THE_REQUEST = (301, 302, 303, 307, 308, 403, 408)
"""Statuses that a firewall or a maintenance page sends; the same request may be fine a little later."""
MOST_REFUSALS = 10
"""Times in a row that one request bears a 429 before its slice is postponed, with the reason."""
Said = TypeVar("Said")
PUBLISHED_MONTH = msgspec.Meta(pattern=r"^20\d\d-(0[1-9]|1[0-2])(-\d\d)?$")


class FaultError(TransientError):
    """The source failed for no reason of ours: try the request again."""


class OutageError(TransientError):
    """The source answers nothing at all."""


class TooLargeError(Exception):
    """An area holds more records than the source gives in one answer."""


class Dates(msgspec.Struct):
    """A month of the source's list, with those who published stops."""

    date: Annotated[str, PUBLISHED_MONTH]
    stops: list[str] | None = msgspec.field(default=None, name="stop-and-search")


class NamedForce(msgspec.Struct):
    """A police force as the source lists it."""

    id: str
    name: str


class LastUpdated(msgspec.Struct):
    """The source's newest month, with a day that means nothing."""

    date: Annotated[str, PUBLISHED_MONTH]


RELEASE = msgspec.json.Decoder(LastUpdated)
MONTHS = msgspec.json.Decoder(Annotated[list[Dates], msgspec.Meta(min_length=1)])
FORCES = msgspec.json.Decoder(Annotated[list[NamedForce], msgspec.Meta(min_length=1)])


class Answer(NamedTuple):
    """What came back, and when the request went out."""

    sent_at: float
    status: int
    headers: httpx.Headers
    body: bytes


class PoliceApi:
    """One HTTP client, one pace."""

    def __init__(self, client: httpx.AsyncClient, pacer: Pacer, settings: FetcherSettings) -> None:
        self.client = client
        self.pacer = pacer
        self.settings = settings
        self.up_at = 0.0
        """When the newest of the requests that were answered went out."""
        self.down_at = 0.0
        """When the source was last found to answer nothing."""

    async def newest_month(self) -> date:
        """The newest month that the source has published."""
        updated = await self.get("crime-last-updated", RELEASE)
        return parse_month(updated.date[:7])

    async def months(self) -> dict[date, tuple[str, ...] | None]:
        """The months that the source serves, with the forces that published stops (None: not said)."""
        dates = await self.get("crimes-street-dates", MONTHS)
        return {
            parse_month(entry.date[:7]): None if entry.stops is None else tuple(sorted(entry.stops))
            for entry in dates
        }

    async def forces(self) -> list[NamedForce]:
        """The police forces that the source lists; the British Transport Police is never among them."""
        return await self.get("forces", FORCES)

    async def fetch(self, dataset: Dataset, month: date, piece: Slice) -> tuple[bytes, int]:
        """The raw answer to one slice, and its number of records.

        Raises:
            TooLargeError: a tile holds too many records.
            TransientError: the source could not be reached, or answered nonsense, again and again.
            PermanentError: the source refuses the request itself.
        """
        async for attempt in self.retries():
            with attempt:
                body = await self.ask(*request_of(dataset, month, piece), area=piece.kind is SliceKind.TILE)
                try:
                    records = count_records(dataset, month, body)
                except UntrustworthyError as error:
                    upstream_retries.labels("untrustworthy").inc()
                    raise FaultError(f"{piece.id}: {error}") from error
                if piece.kind is SliceKind.TILE and records == CUT_AT:
                    raise TooLargeError
                return body, records
        raise AssertionError("unreachable")

    async def get(self, route: str, decoder: msgspec.json.Decoder[Said]) -> Said:
        """What a route without parameters says."""
        async for attempt in self.retries():
            with attempt:
                try:
                    return decoder.decode(await self.ask("GET", route, {}, area=False))
                except PermanentError as error:
                    # There is nothing in such a request that could be wrong.
                    raise FaultError(str(error)) from error
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    upstream_retries.labels("untrustworthy").inc()
                    raise FaultError(f"{route} does not say what it should: {error}") from error
        raise AssertionError("unreachable")

    def retries(self) -> AsyncIterator[stamina.Attempt]:
        """Tries of one request, with growing, jittered waits between them."""
        return stamina.retry_context(
            on=FaultError,
            attempts=self.settings.tries,
            timeout=None,
            wait_initial=self.settings.first_wait,
            wait_max=self.settings.longest_wait,
            wait_jitter=self.settings.first_wait,
        ).__aiter__()

    async def ask(self, method: str, route: str, fields: dict[str, str], *, area: bool) -> bytes:
        """Send one request; a 429 stops everybody, and the request is sent again afterwards."""
        for _ in range(MOST_REFUSALS):
            sent_at, status, headers, body = await self.send(method, route, fields)
            if status == httpx.codes.TOO_MANY_REQUESTS:
                upstream_retries.labels("rate_limited").inc()
                seconds = self.pacer.pause(retry_after(headers))
                log.warning("source.paused", reason="429", seconds=round(seconds, 1))
                continue
            if status == httpx.codes.OK:
                self.pacer.went_well()
                self.up_at = max(self.up_at, sent_at)
                return body
            if status == httpx.codes.SERVICE_UNAVAILABLE and area:
                await self.tell_apart(sent_at)
            if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in NOT_ABOUT_THE_REQUEST:
                upstream_retries.labels("server_error").inc()
                raise FaultError(f"{route}: HTTP {status}")
            raise PermanentError(
                f"{route} refuses {fields}: HTTP {status} {body[:80].decode(errors='replace')}"
            )
        raise FaultError(f"{route}: HTTP 429, {MOST_REFUSALS} times in a row")

    async def tell_apart(self, sent_at: float) -> None:
        """After a 503, find out whether the area is too large or the source is down.

        It is up if a request that was sent after this one is answered, one of our own if need be. An answer
        to an earlier one says nothing, however late it comes: a slow one may be older than the outage.
        Taking an outage for a large area costs requests; a tile that cannot be cut any more ends the run.
        If the source was down meanwhile nobody can tell, and the request is to be tried again.

        Raises:
            TooLargeError: the source answers otherwise.
            OutageError: it does not; all requests pause.
        """
        if self.up_at <= sent_at:
            try:
                await self.ask("GET", "crime-last-updated", {}, area=False)
            except (FaultError, PermanentError) as error:
                self.down_at = monotonic()
                upstream_retries.labels("outage").inc()
                seconds = self.pacer.pause()
                log.warning("source.paused", reason="outage", seconds=round(seconds, 1))
                raise OutageError(f"the source is down: {error}") from error
        if self.down_at <= sent_at:
            raise TooLargeError

    async def send(self, method: str, route: str, fields: dict[str, str]) -> Answer:
        """Send one request when its turn comes and read the whole answer.

        Raises:
            FaultError: no connection, no answer in time, or a cut answer.
            TooLargeError: the answer is longer than any that we take.
        """
        label = route.partition("/")[0]
        async with self.pacer.turn():
            started = monotonic()
            try:
                async with self.client.stream(
                    method,
                    route,
                    params=fields if method == "GET" else None,
                    data=fields if method == "POST" else None,
                ) as response:
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > self.settings.max_page_bytes:
                            raise TooLargeError
            except (httpx.TransportError, httpx.DecodingError) as error:
                upstream_requests.labels(label, type(error).__name__).inc()
                upstream_retries.labels("transport").inc()
                raise FaultError(f"{route}: {type(error).__name__} {error}".strip()) from error
            upstream_requests.labels(label, str(response.status_code)).inc()
            upstream_seconds.labels(label).observe(monotonic() - started)
            return Answer(started, response.status_code, response.headers, bytes(body))


def request_of(dataset: Dataset, month: date, piece: Slice) -> tuple[str, str, dict[str, str]]:
    """Method, route and fields that ask for a slice. Polygons are always posted: a GET may be too long."""
    fields = {"date": format_month(month)}
    if piece.kind is SliceKind.FORCE:
        return "GET", "stops-force", {**fields, "force": str(piece.force)}
    if piece.kind is SliceKind.UNLOCATED:
        return "GET", "crimes-no-location", {**fields, "force": str(piece.force), "category": "all-crime"}
    if piece.tile is None:
        raise ValueError(f"slice {piece.id} has no tile")
    route = "crimes-street/all-crime" if dataset is Dataset.STREET else "outcomes-at-location"
    return "POST", route, {**fields, "poly": poly(piece.tile)}


def retry_after(headers: httpx.Headers) -> float | None:
    """The seconds that a 429 asks us to wait; None where it does not say, says 0, or says a date."""
    text = headers.get("Retry-After", "")
    return (float(text) or None) if text.isdecimal() else None
