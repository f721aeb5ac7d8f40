"""Where a postcode is: the loaded edition first, then postcodes.io, here a server of this test."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
import pytest

import shared.postcodes_io as postcodes_io
from services.reporter.settings import ReporterSettings
from shared.db import open_pool
from shared.errors import TransientError
from shared.postcode_lookup import NobodyKnowsError, Postcodes, UnconfirmedError
from shared.postcode_store import WHOLE_ROWS, PostcodeStore
from shared.postcodes import Location, PostcodeError, Reason
from shared.postcodes_io import KEPT_SECONDS, PostcodesIo, create_client

MISSING = 404, b'{"status":404,"error":"Postcode not found"}'
Answer = tuple[int, bytes]


def in_use(postcode: str, country: str, latitude: float | None, longitude: float | None) -> Answer:
    """As postcodes.io answers, without most of what it says besides."""
    result = {
        "postcode": postcode,
        "quality": 1,
        "country": country,
        "longitude": longitude,
        "latitude": latitude,
        "codes": {"admin_district": "E09000001"},
    }
    return 200, json.dumps({"status": 200, "result": result}).encode()


def out_of_use(postcode: str, year: int, month: int) -> Answer:
    result = {
        "postcode": postcode,
        "year_terminated": year,
        "month_terminated": month,
        "longitude": -0.051135,
        "latitude": 51.508774,
    }
    return 200, json.dumps({"status": 200, "result": result}).encode()


class Server:
    """Gives the answers of a route one after the other, the last for ever; 404 on other routes."""

    def __init__(self, answers: Mapping[str, Sequence[Answer | None]]) -> None:
        self.answers = {route: list(several) for route, several in answers.items()}
        self.asked: Counter[str] = Counter()
        self.end = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection; None as an answer is silence."""
        head = await reader.readuntil(b"\r\n\r\n")
        route = head.split()[1].decode().removeprefix("/")
        self.asked[route] += 1
        several = self.answers.get(route, [MISSING])
        answer = several.pop(0) if len(several) > 1 else several[0]
        if answer is None:
            await self.end.wait()
        else:
            status, body = answer
            length = f"Content-Length: {len(body)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\n{length}\r\n".encode() + body)
        writer.close()


@asynccontextmanager
async def asking(
    answers: Mapping[str, Sequence[Answer | None]], patience: float = 5
) -> AsyncIterator[tuple[PostcodesIo, Server]]:
    """The door, and the server behind it."""
    server = Server(answers)
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        async with create_client(settings(f"http://127.0.0.1:{port}", patience)) as client:
            yield PostcodesIo(client, tries=3), server
        server.end.set()


def settings(url: str, patience: float = 5) -> ReporterSettings:
    return ReporterSettings(
        database_url="postgresql://nobody",
        nats_url="nats://nobody",
        postcodes_io_url=url,
        postcodes_io_timeout=patience,
    )


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostcodeStore]:
    async with open_pool(database_url, max_size=2) as pool:
        yield PostcodeStore(pool)


@pytest.fixture
async def loaded(store: PostcodeStore) -> PostcodeStore:
    """An edition with one postcode of each kind."""
    rows = [
        ("EC2M 7PY", 51519060, -81380, "E", None),
        ("CF10 1AA", 51475800, -3179100, "W", None),
        ("TD1 1AA", 55616500, -2806200, "S", None),
        ("E1W 1UU", 51508774, -51135, "E", date(2007, 12, 1)),
        ("EC1A 1AA", None, None, "E", None),
        ("AL1 1AE", 51747830, -301860, None, None),
    ]
    await store.pool.copy_records_to_table("postcode", records=rows)
    await insert_edition(store.pool, len(rows))
    return store


async def insert_edition(pool: asyncpg.Pool, rows: int) -> None:
    await pool.execute("INSERT INTO postcode_edition (source, rows) VALUES ('ONSPD February 2025', $1)", rows)


async def refused(postcodes: Postcodes, text: str) -> Reason:
    with pytest.raises(PostcodeError) as caught:
        await postcodes.find(text)
    return caught.value.reason


async def test_the_loaded_edition_answers_for_every_kind_of_postcode(loaded: PostcodeStore) -> None:
    postcodes = Postcodes(loaded, None)
    source = "ONSPD February 2025"
    assert await postcodes.find("ec2m7py") == Location("EC2M 7PY", 51.51906, -0.08138, source)
    assert await postcodes.find("CF101AA") == Location("CF10 1AA", 51.4758, -3.1791, source)
    assert await postcodes.find("AL1 1AE") == Location("AL1 1AE", 51.74783, -0.30186, source)
    assert await refused(postcodes, "TD1 1AA") is Reason.OUTSIDE
    assert await refused(postcodes, "E1W 1UU") is Reason.TERMINATED
    assert await refused(postcodes, "EC1A 1AA") is Reason.NO_POSITION
    assert await refused(postcodes, "EC2M 9ZZ") is Reason.UNKNOWN
    assert await refused(postcodes, "SW1A") is Reason.MALFORMED
    assert await refused(postcodes, "x" * 10_000) is Reason.MALFORMED
    assert await refused(postcodes, "EH1 1BB") is Reason.OUTSIDE


async def test_what_is_loaded_or_certain_is_never_asked_online(loaded: PostcodeStore) -> None:
    async with asking({}) as (online, server):
        postcodes = Postcodes(loaded, online)
        await postcodes.find("EC2M 7PY")
        for text in ("SW1A", "TD1 1AA", "E1W 1UU", "EC1A 1AA", "EH1 1BB", "BT1 1AA"):
            await refused(postcodes, text)
        assert server.asked == {}


async def test_without_any_edition_and_without_postcodes_io_orders_wait(store: PostcodeStore) -> None:
    postcodes = Postcodes(store, None)
    with pytest.raises(NobodyKnowsError, match="run `crimemaps postcodes load`"):
        await postcodes.find("EC2M 7PY")
    assert await refused(postcodes, "EH1 1BB") is Reason.OUTSIDE


async def test_what_a_whole_edition_lacks_is_neither_known_nor_unknown_while_postcodes_io_is_away(
    store: PostcodeStore,
) -> None:
    await insert_edition(store.pool, WHOLE_ROWS)
    found = in_use("EC2M 9ZZ", "England", 51.5, -0.1)
    async with asking({"postcodes/EC2M9ZZ": [(503, b"")] * 3 + [found]}) as (online, _):
        postcodes = Postcodes(store, online)
        with pytest.raises(UnconfirmedError, match=r"EC2M 9ZZ .*ONSPD February 2025.*postcodes\.io"):
            await postcodes.find("EC2M 9ZZ")
        assert (await postcodes.find("EC2M 9ZZ")).source == "postcodes.io"


@pytest.mark.parametrize("rows", [None, WHOLE_ROWS - 1])
async def test_what_a_sample_lacks_waits_for_postcodes_io(store: PostcodeStore, rows: int | None) -> None:
    if rows is not None:
        await insert_edition(store.pool, rows)
    async with asking({"postcodes/EC2M9ZZ": [(503, b"")]}) as (online, _):
        with pytest.raises(NobodyKnowsError, match=r"EC2M 9ZZ .*postcodes\.io .*HTTP 503"):
            await Postcodes(store, online).find("EC2M 9ZZ")


@pytest.mark.parametrize("edition", [True, False])
async def test_what_is_not_loaded_is_asked_of_postcodes_io(store: PostcodeStore, edition: bool) -> None:
    if edition:
        await insert_edition(store.pool, 0)
    answers = {
        "postcodes/EC2M7PY": [in_use("EC2M 7PY", "England", 51.519054, -0.081364)],
        "postcodes/TD11AA": [in_use("TD1 1AA", "Scotland", 55.6, -2.8)],
        "postcodes/CF101AA": [in_use("CF10 1AA", "Wales", None, None)],
        "terminated_postcodes/E1W1UU": [out_of_use("E1W 1UU", 2007, 12)],
    }
    async with asking(answers) as (online, _):
        postcodes = Postcodes(store, online)
        assert await postcodes.find("ec2m 7py") == Location("EC2M 7PY", 51.519054, -0.081364, "postcodes.io")
        assert await refused(postcodes, "TD1 1AA") is Reason.OUTSIDE
        assert await refused(postcodes, "CF10 1AA") is Reason.NO_POSITION
        assert await refused(postcodes, "EC2M 9ZZ") is Reason.UNKNOWN
        with pytest.raises(PostcodeError, match="not been in use since 2007-12"):
            await postcodes.find("E1W 1UU")


async def test_answers_are_kept_for_a_day_also_that_there_is_none() -> None:
    now = 0.0
    found = in_use("EC2M 7PY", "England", 51.5, -0.1)
    async with asking({"postcodes/EC2M7PY": [found]}) as (online, server):
        online.clock = lambda: now
        for seconds in (0.0, 1.0, KEPT_SECONDS - 1):
            now = seconds
            assert await online.find("EC2M 7PY") is not None
            assert await online.find("EC2M 9ZZ") is None
        once = {"postcodes/EC2M7PY": 1, "postcodes/EC2M9ZZ": 1, "terminated_postcodes/EC2M9ZZ": 1}
        assert server.asked == once
        now = KEPT_SECONDS
        await online.find("EC2M 7PY")
        await online.find("EC2M 9ZZ")
        assert server.asked == dict.fromkeys(once, 2)


async def test_no_more_than_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postcodes_io, "MOST_KEPT", 2)
    async with asking({}) as (online, server):
        for postcode in ("E1 1AA", "E1 1AB", "E1 1AC", "E1 1AC", "E1 1AB", "E1 1AA"):
            await online.find(postcode)
        assert server.asked["postcodes/E11AC"] == server.asked["postcodes/E11AB"] == 1
        assert server.asked["postcodes/E11AA"] == 2
        assert len(online.kept) == 2


async def test_a_fault_is_borne_and_the_answer_comes_all_the_same() -> None:
    good = in_use("EC2M 7PY", "England", 51.5, -0.1)
    async with asking({"postcodes/EC2M7PY": [(502, b"<html>"), (429, b"{}"), good]}) as (online, server):
        known = await online.find("EC2M 7PY")
        assert known is not None
        assert (known.latitude, known.longitude) == (51.5, -0.1)
        assert server.asked["postcodes/EC2M7PY"] == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b""), "HTTP 503"),
        ((301, b""), "HTTP 301"),
        ((200, b"<html>welcome</html>"), "does not answer like postcodes.io"),
        ((404, b"<html>nothing here</html>"), "does not answer like postcodes.io"),
        ((200, b'{"status":200}'), "contradicts itself"),
        ((200, b'{"status":404}'), "contradicts itself"),
        ((404, b'{"status":404,"result":{"postcode":"EC2M 7PY"}}'), "contradicts itself"),
        ((200, b'{"status":200,"result":{"postcode":"EC2M 7PY","latitude":"x"}}'), "does not answer like"),
    ],
)
async def test_an_outage_is_told_and_never_kept(answer: Answer, said: str) -> None:
    good = in_use("EC2M 7PY", "England", 51.5, -0.1)
    async with asking({"postcodes/EC2M7PY": [answer] * 3 + [good]}) as (online, server):
        with pytest.raises(TransientError, match=said):
            await online.find("EC2M 7PY")
        assert server.asked == {"postcodes/EC2M7PY": 3}
        assert await online.find("EC2M 7PY") is not None


async def test_a_month_that_is_none_is_nonsense() -> None:
    async with asking({"terminated_postcodes/E1W1UU": [out_of_use("E1W 1UU", 2007, 13)]}) as (online, _):
        with pytest.raises(TransientError, match="does not answer like"):
            await online.find("E1W 1UU")


async def test_silence_is_not_waited_for_long() -> None:
    async with asking({"postcodes/EC2M7PY": [None]}, patience=0.1) as (online, server):
        with pytest.raises(TransientError, match="ReadTimeout"):
            await online.find("EC2M 7PY")
        assert server.asked == {"postcodes/EC2M7PY": 3}


async def test_nobody_there_is_an_outage() -> None:
    async with create_client(settings("http://127.0.0.1:9")) as client:
        with pytest.raises(TransientError, match="does not answer: ConnectError"):
            await PostcodesIo(client, tries=2).find("EC2M 7PY")
