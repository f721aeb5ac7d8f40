"""Answers that are well-formed and wrong: what is asked again, cut in two, refused for good."""

import asyncio
import gzip
from datetime import date

import pytest

from services.fetcher.plan import Slice
from services.fetcher.police_api import FaultError, OutageError, TooLargeError
from services.fetcher.tiles import UNITED_KINGDOM
from shared.errors import PermanentError
from shared.model import Dataset, SliceKind
from tests.component.fetcher.insider import Insider, inside
from tests.component.fetcher.odd_source import SENSIBLE, Answer, OddSource
from tests.pipeline import eventually

DECEMBER = date(2018, 12, 1)
ROUTE, RELEASE = "crimes-street/all-crime", "crime-last-updated"
TILE = Slice("t0", SliceKind.TILE, tile=UNITED_KINGDOM)
GOOD = SENSIBLE[ROUTE].body
LATEST_MONTH = Answer(b'[{"month":"2020-08"},{"month":"2020-08"}]')


async def fetch(odd: OddSource, database_url: str, nats_url: str, **settings: object) -> tuple[bytes, int]:
    """What a fetcher makes of a source."""
    async with odd.serving() as url, inside(url, database_url, nats_url, **settings) as fetcher:
        return await fetcher.api.fetch(Dataset.STREET, DECEMBER, TILE)


@pytest.mark.parametrize(
    "odd",
    [
        LATEST_MONTH,
        Answer(b"<html>Sorry</html>"),
        Answer(b""),
        Answer(b"null"),
        Answer(GOOD[:-3]),
        Answer(gzip.compress(GOOD, mtime=0)[:-12], headers="Content-Encoding: gzip\r\n"),
        Answer(b"no gzip", headers="Content-Encoding: gzip\r\n"),
        Answer(b"", 500),
        Answer(b"", 403),
        Answer(b"", 302, "Location: http://127.0.0.1:9/\r\n"),
        Answer(b"", 429, "Retry-After: 0\r\n"),
        Answer(b"", 429, "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n"),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:20]!r} {answer.headers.strip()}",
)
async def test_a_wrong_answer_is_asked_for_again(odd: Answer, database_url: str, nats_url: str) -> None:
    source = OddSource({ROUTE: [odd, odd]})
    assert await fetch(source, database_url, nats_url) == (GOOD, 1)
    assert source.asked[ROUTE] == 3


async def test_the_silent_newest_month_is_never_taken_however_often_it_comes(
    database_url: str, nats_url: str
) -> None:
    source = OddSource({ROUTE: [LATEST_MONTH] * 9})
    with pytest.raises(FaultError, match="t0: 2 of 2 records are not of 2018-12"):
        await fetch(source, database_url, nats_url, tries=3)
    assert source.asked[ROUTE] == 3


async def test_what_the_source_refuses_is_not_asked_again(database_url: str, nats_url: str) -> None:
    source = OddSource({ROUTE: [Answer(b"Not Found", 404)]})
    with pytest.raises(PermanentError, match=r"crimes-street/all-crime refuses .* HTTP 404 Not Found"):
        await fetch(source, database_url, nats_url)
    assert source.asked[ROUTE] == 1


@pytest.mark.parametrize(
    "large",
    [
        Answer(b"", 503),
        Answer(b"[" + b",".join([b'{"month":"2018-12"}'] * 10_000) + b"]"),
        Answer(b" " * 9_000),
    ],
    ids=["503", "exactly 10,000 records", "more bytes than we take"],
)
async def test_an_area_that_is_too_large_is_told_apart_from_a_fault(
    large: Answer, database_url: str, nats_url: str
) -> None:
    source = OddSource({ROUTE: [large]})
    most = 8_000 if large.body.isspace() else 64 << 20
    with pytest.raises(TooLargeError):
        await fetch(source, database_url, nats_url, max_page_bytes=most)
    assert source.asked[ROUTE] == 1


async def test_more_records_than_the_documented_limit_are_taken(database_url: str, nats_url: str) -> None:
    body = b"[" + b",".join([b'{"month":"2018-12"}'] * 13_889) + b"]"
    assert await fetch(OddSource({ROUTE: [Answer(body)]}), database_url, nats_url) == (body, 13_889)


@pytest.mark.parametrize("status", [503, 500, 502, 404])
async def test_a_503_while_the_source_says_nothing_else_is_an_outage(
    status: int, database_url: str, nats_url: str
) -> None:
    source = OddSource({ROUTE: [Answer(b"", 503)], "crime-last-updated": [Answer(b"", status)]})
    with pytest.raises(OutageError, match=f"the source is down: crime-last-updated.*{status}"):
        await fetch(source, database_url, nats_url)
    assert source.asked == {ROUTE: 1, "crime-last-updated": 1}


async def test_a_429_to_the_question_whether_it_is_down_is_no_outage(
    database_url: str, nats_url: str
) -> None:
    source = OddSource({ROUTE: [Answer(b"", 503)], "crime-last-updated": [Answer(b"", 429)]})
    with pytest.raises(TooLargeError):
        await fetch(source, database_url, nats_url)
    assert source.asked == {ROUTE: 1, "crime-last-updated": 2}


async def test_a_late_answer_from_before_an_outage_makes_no_area_too_large(
    database_url: str, nats_url: str
) -> None:
    late, last = asyncio.Event(), asyncio.Event()
    source = OddSource(
        {ROUTE: [Answer(GOOD, after=late), Answer(b"", 503, after=last)], RELEASE: [Answer(b"", 503)]}
    )
    async with source.serving() as url, inside(url, database_url, nats_url) as fetcher:
        old, new = await two_under_way(fetcher, source)
        late.set()
        assert await old == (GOOD, 1)
        last.set()
        with pytest.raises(OutageError):
            await new


async def test_an_area_that_was_refused_in_an_outage_is_asked_for_again_after_it(
    database_url: str, nats_url: str
) -> None:
    first, last = asyncio.Event(), asyncio.Event()
    refusals = [Answer(b"", 503, after=first), Answer(b"", 503, after=last)]
    source = OddSource({ROUTE: refusals, RELEASE: [Answer(b"", 503)]})
    async with source.serving() as url, inside(url, database_url, nats_url) as fetcher:
        one, other = await two_under_way(fetcher, source)
        first.set()
        with pytest.raises(OutageError):
            await one
        last.set()
        assert await other == (GOOD, 1)
        assert source.asked == {ROUTE: 3, RELEASE: 2}


async def two_under_way(fetcher: Insider, source: OddSource) -> list[asyncio.Task[tuple[bytes, int]]]:
    """Two requests, one after the other, that the source has and has not answered."""
    tasks = []
    for number in (1, 2):
        tasks.append(asyncio.create_task(fetcher.api.fetch(Dataset.STREET, DECEMBER, TILE)))

        async def look(number: int = number) -> bool:
            return source.asked[ROUTE] == number

        await eventually(look, f"request {number} is there")
    return tasks
