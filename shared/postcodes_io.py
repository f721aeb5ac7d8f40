"""The door to postcodes.io, which knows all postcodes of the country, also those taken out of use."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from time import monotonic
from typing import Annotated, Generic, TypeVar

import httpx
import msgspec
import stamina

from shared.errors import TransientError
from shared.postcodes import Known
from shared.settings import PostcodeSettings

SOURCE = "postcodes.io"
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0
"""Seconds between two tries."""
KEPT_SECONDS = 24 * 3600.0
MOST_KEPT = 10_000

COUNTRIES = {
    "England": "E",
    "Wales": "W",
    "Scotland": "S",
    "Northern Ireland": "N",
    "Channel Islands": "L",
    "Isle of Man": "M",
}
Said = TypeVar("Said")


class InUse(msgspec.Struct):
    """A postcode in use."""

    postcode: str
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Terminated(msgspec.Struct):
    """A postcode out of use."""

    postcode: str
    year_terminated: Annotated[int, msgspec.Meta(ge=1970, le=2200)]
    month_terminated: Annotated[int, msgspec.Meta(ge=1, le=12)]
    latitude: float | None = None
    longitude: float | None = None


class Envelope(msgspec.Struct, Generic[Said]):
    """What every answer is wrapped in; without `result`, it says that there is no such postcode."""

    status: int
    result: Said | None = None


IN_USE = msgspec.json.Decoder(Envelope[InUse])
TERMINATED = msgspec.json.Decoder(Envelope[Terminated])


class PostcodesIo:
    """Asks postcodes.io, and remembers for a day what it said.

    Answers are kept in memory: they only spare it the same question from orders that come in bulk or are
    delivered again. Failures are never kept.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, tries: int, clock: Callable[[], float] = monotonic
    ) -> None:
        self.client = client
        self.tries = tries
        self.clock = clock
        self.kept: OrderedDict[str, tuple[float, Known | None]] = OrderedDict()

    async def find(self, postcode: str) -> Known | None:
        """A normalised postcode; None if postcodes.io says that there is none.

        Raises:
            TransientError: it cannot be reached, or answers nonsense, again and again.
        """
        asked_at, known = self.kept.get(postcode, (-KEPT_SECONDS, None))
        if self.clock() - asked_at < KEPT_SECONDS:
            return known
        known = await self.ask(postcode)
        self.kept[postcode] = self.clock(), known
        self.kept.move_to_end(postcode)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        return known

    async def ask(self, postcode: str) -> Known | None:
        """First among those in use, then among those that were."""
        if in_use := await self.get("postcodes", postcode, IN_USE):
            return Known(
                postcode=postcode,
                latitude=in_use.latitude,
                longitude=in_use.longitude,
                country=COUNTRIES.get(in_use.country or ""),
                terminated=None,
                source=SOURCE,
            )
        if gone := await self.get("terminated_postcodes", postcode, TERMINATED):
            return Known(
                postcode=postcode,
                latitude=gone.latitude,
                longitude=gone.longitude,
                country=None,
                terminated=date(gone.year_terminated, gone.month_terminated, 1),
                source=SOURCE,
            )
        return None

    async def get(
        self, route: str, postcode: str, decoder: msgspec.json.Decoder[Envelope[Said]]
    ) -> Said | None:
        """What a route says of a postcode; None for a 404 in its own words."""
        async for attempt in stamina.retry_context(
            on=TransientError,
            attempts=self.tries,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_WAIT,
            wait_jitter=FIRST_WAIT,
        ):
            with attempt:
                return await self.send(f"{route}/{postcode.replace(' ', '')}", decoder)
        raise AssertionError("unreachable")

    async def send(self, path: str, decoder: msgspec.json.Decoder[Envelope[Said]]) -> Said | None:
        """One request.

        Raises:
            TransientError: no answer, or none that postcodes.io would give.
        """
        try:
            response = await self.client.get(path)
        except (httpx.TransportError, httpx.DecodingError) as error:
            why = f"{type(error).__name__} {error}".strip()
            raise TransientError(f"{self.client.base_url} does not answer: {why}") from error
        if response.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
            raise TransientError(f"{self.client.base_url} answers {path} with HTTP {response.status_code}")
        try:
            answer = decoder.decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TransientError(
                f"{self.client.base_url} does not answer like postcodes.io: {error}"
            ) from error
        # A proxy's own 404 must not pass for an unknown postcode.
        if answer.status != response.status_code or (answer.result is None) != (answer.status == 404):
            raise TransientError(f"{self.client.base_url} contradicts itself about {path}")
        return answer.result


def create_client(settings: PostcodeSettings) -> httpx.AsyncClient:
    """A client for the postcodes.io of the settings; whoever asks for it closes it."""
    return httpx.AsyncClient(
        base_url=settings.postcodes_io_url.rstrip("/") + "/",
        timeout=settings.postcodes_io_timeout,
        headers={"User-Agent": "CrimeMapsUK (one look-up per postcode and day)"},
        trust_env=False,
    )
