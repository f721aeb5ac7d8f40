"""The loader as a process on a real bus: poison, disorder, and company."""

import hashlib
import random
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import zstandard
from nats.errors import MaxPayloadError

from deploy.local.process import Process
from shared.bus import header_fields
from shared.events import FACTS, PAGES, MonthFetched, MonthLoaded, MonthRejected
from shared.model import Dataset
from tests.builders import RawPage, RawRun, crime, csv_rows, page, run_of, sample_run
from tests.bus import Bus
from tests.pipeline import eventually, loaded, loader_store, running, service


@pytest.fixture
def loader(tmp_path: Path, database_url: str, nats_url: str) -> Process:
    return service("loader", tmp_path, database_url, nats_url, max_page_bytes=1 << 20)


async def all_done(bus: Bus) -> bool:
    """Every message for the loader is acknowledged."""
    return not (await bus.waiting(PAGES, "loader-pages") + await bus.waiting(FACTS, "loader-months"))


def digest_of(body: bytes) -> dict[str, str]:
    """The header that names a body."""
    return {"Crimemaps-Sha256": hashlib.sha256(body).hexdigest()}


async def send_page(bus: Bus, run: RawRun, one: RawPage, body: bytes, **headers: str) -> None:
    """A page whose body or headers are not what they should be."""
    fields = {f"Crimemaps-{name}": value for name, value in header_fields(one.announced(run))}
    await bus.send("page.fetched", body, {**fields, **headers})


async def test_a_month_goes_from_pages_on_the_bus_to_what_readers_see(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    run = sample_run()
    async with running(loader):
        await bus.fetched(run)
        event = await bus.first(MonthLoaded, run)
        await eventually(lambda: all_done(bus), "every message to be done")
    assert (event.dataset, event.month, event.records) == (Dataset.STREET, run.month, len(csv_rows()))
    assert event.changed
    assert await pool.fetchval("SELECT version_id FROM current_version") == event.version


async def test_poison_is_buried_with_its_reason_and_the_queue_goes_on(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    run = sample_run()
    pack = zstandard.ZstdCompressor().compress
    html, deep = b"<html>Bad Gateway</html>", b"[" * 900_000
    poison = {
        "not JSON": (pack(html), digest_of(html), "the page is not a JSON array"),
        "empty": (b"", digest_of(b""), "the page is not a JSON array"),
        "another": (pack(b"[ ]"), {}, "the page is not the one that its sha256 names"),
        "not zstd": (b"[]", {}, "the page is not zstd"),
        "cut": (run.pages[0].packed[:-900], {}, "the page is not the one that its sha256 names"),
        "bomb": (pack(b"[" + b" " * (100 << 20) + b"]"), {}, "unpacks to more than 1048576 bytes"),
        "deep": (pack(deep), digest_of(deep), "the page is not a JSON array"),
        "dataset": (pack(b"[]"), {"Crimemaps-Dataset": "weather"}, "not in the declared shape: dataset"),
        "run": (pack(b"[]"), {"Crimemaps-Run-Id": "7"}, "not in the declared shape: run_id"),
        "force": (
            pack(b"[]"),
            {"Crimemaps-Force": "narnia", **digest_of(b"[]")},
            "unknown force 'narnia'; known are",
        ),
    }
    assert len(poison["bomb"][0]) < 20_000
    manifests = [b"", b"{", b"not JSON", b'{"run_id": 5}']
    async with running(loader):
        for name, (body, headers, _) in poison.items():
            await send_page(bus, run_of(Dataset.STREET), page(slice_id=name), body, **headers)
        await bus.send("page.fetched", pack(b"[]"))
        for body in manifests:
            await bus.send("month.fetched", body)
        with pytest.raises(MaxPayloadError):
            await bus.send("page.fetched", bytes(20 << 20))
        await bus.fetched(run)
        assert (await bus.first(MonthLoaded, run)).records == len(csv_rows())
        await eventually(lambda: all_done(bus), "every message to be done")
    pages = await bus.messages("dead.loader-pages")
    months = await bus.messages("dead.loader-months")
    reasons = {
        (letter.headers or {}).get("Crimemaps-Slice-Id", ""): (letter.headers or {})["Crimemaps-Dead-Reason"]
        for letter in pages
    }
    assert reasons.keys() == {*poison, ""}
    for name, (_, _, reason) in poison.items():
        assert reason in reasons[name], name
    assert reasons[""].startswith("not in the declared shape: ")
    assert {(letter.headers or {})["Crimemaps-Dead-Tries"] for letter in [*pages, *months]} == {"1"}
    # Two are handled at once, so their letters come in any order.
    assert sorted(letter.data or b"" for letter in months) == sorted(manifests)
    assert all((letter.headers or {})["Crimemaps-Dead-Reason"] for letter in months)
    clean = await loaded(loader_store(pool), run.again())
    assert not clean.changed


async def test_a_run_with_an_unreadable_page_is_refused_and_the_refusal_names_it(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    good, run = sample_run(), sample_run(revised=True)
    async with running(loader):
        await bus.fetched(good)
        before = await bus.first(MonthLoaded, good)
        for one in run.pages[:-1]:
            await bus.publish(one.announced(run), one.packed)
        await bus.publish(run.pages[-1].announced(run), b"not zstd")
        await bus.publish(run.manifest())
        event = await bus.first(MonthRejected, run)
    [reason] = event.reasons
    assert reason.startswith("page u-city-of-london: the page is not zstd")
    assert await pool.fetchval("SELECT version_id FROM current_version") == before.version
    assert await pool.fetchval("SELECT reasons FROM verdict WHERE run_id = $1", run.id) == [reason]


async def test_a_shrunken_month_is_announced_as_rejected_with_its_reason(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    full = sample_run()
    shrunken = run_of(Dataset.STREET, *full.pages[:1])
    async with running(loader):
        await bus.fetched(full)
        await bus.first(MonthLoaded, full)
        await bus.fetched(shrunken)
        event = await bus.first(MonthRejected, shrunken)
        accepted = shrunken.again()
        await bus.fetched(accepted, accept_loss=True)
        assert (await bus.first(MonthLoaded, accepted)).records == shrunken.received
    assert event.reasons[0].startswith("city-of-london went from ")
    verdicts = await pool.fetch("SELECT verdict FROM verdict ORDER BY decided_at")
    assert [row["verdict"] for row in verdicts] == ["loaded", "rejected", "loaded"]


async def test_a_manifest_that_overtook_its_pages_waits_for_them(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    run = sample_run()
    async with running(loader):
        await bus.publish(run.manifest())

        async def postponed() -> bool:
            info = await bus.client.jetstream().consumer_info(FACTS, "loader-months")
            return info.delivered is not None and info.delivered.consumer_seq >= 3

        await eventually(postponed, "the manifest to have come three times")
        for one in reversed(run.pages[1:]):
            await bus.publish(one.announced(run), one.packed)
        assert await pool.fetchval("SELECT count(*) FROM verdict") == 0
        await bus.publish(run.pages[0].announced(run), run.pages[0].packed)
        assert (await bus.first(MonthLoaded, run)).records == len(csv_rows())
        assert await bus.messages("dead.loader-months") == []


async def test_a_page_that_never_comes_is_waited_for_only_so_long(
    bus: Bus, tmp_path: Path, database_url: str, nats_url: str
) -> None:
    run = run_of(Dataset.STREET, page(crime()), page(crime(id=2), slice_id="t1"))
    impatient = service("loader", tmp_path, database_url, nats_url, page_patience=0.5)
    async with running(impatient):
        await bus.publish(run.pages[0].announced(run), run.pages[0].packed)
        await bus.publish(run.manifest())
        assert (await bus.first(MonthRejected, run)).reasons == ("page t1 never came",)


async def test_two_loaders_count_duplicated_and_disordered_pages_once(
    bus: Bus, pool: asyncpg.Pool, tmp_path: Path, database_url: str, nats_url: str
) -> None:
    runs = [
        sample_run(month="2018-11", forces=("city-of-london", "surrey"), tiles=8),
        sample_run(Dataset.STOPS, "2018-11"),
        sample_run(month="2018-12", tiles=5),
    ]
    letters = [(run, one) for run in runs for one in run.pages] * 3
    random.Random(2).shuffle(letters)
    two = [service(f"loader{n}", tmp_path, database_url, nats_url) for n in (1, 2)]
    async with running(*two):
        for n, (run, one) in enumerate(letters):
            await bus.publish(one.announced(run), one.packed, as_new=True)
            if n % 10 == 0:
                for each in runs:
                    await bus.publish(each.manifest(), as_new=True)
        events = [await bus.first(MonthLoaded, run) for run in runs]
        await eventually(lambda: all_done(bus), "every delivery to be done")
    assert [event.records for event in events] == [
        len(csv_rows(month="2018-11", forces=("city-of-london", "surrey"))),
        len(csv_rows(Dataset.STOPS, "2018-11")),
        len(csv_rows(month="2018-12")),
    ]
    assert sorted(map(repr, await bus.events(MonthLoaded))) == sorted(map(repr, events))
    assert await bus.events(MonthRejected) == []
    assert await pool.fetchval("SELECT count(*) FROM version") == len(runs)
    assert await pool.fetchval("SELECT count(*) FROM staging.page") == 0
    for stream in ("loader-pages", "loader-months"):
        assert await bus.messages(f"dead.{stream}") == []
    for run, event in zip(runs, events, strict=True):
        clean = await loaded(loader_store(pool), run.again())
        assert (clean.changed, clean.version) == (False, event.version)


async def test_a_manifest_of_nothing_is_a_refusal_not_a_crash(
    bus: Bus, pool: asyncpg.Pool, loader: Process
) -> None:
    empty = run_of(Dataset.OUTCOMES)
    strange = MonthFetched.model_validate(
        {**empty.manifest().model_dump(), "run_id": uuid4(), "forces": ["narnia"]}
    )
    async with running(loader):
        await bus.publish(empty.manifest())
        await bus.publish(strange)
        reasons = (await bus.first(MonthRejected, empty)).reasons

        async def both() -> bool:
            return len(await bus.events(MonthRejected)) == 2

        await eventually(both, "two refusals")
    assert reasons == ("the source has no record of this month",)
    assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'staging'") == 4
