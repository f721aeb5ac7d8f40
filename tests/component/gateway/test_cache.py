"""The cache of answers: computed once, dropped with new data, done without when Redis is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import redis as redis_py
from prometheus_client import REGISTRY

from services.gateway import cache as cache_module
from services.gateway.cache import KEPT, MOST_BYTES, Cache
from services.gateway.store import Store
from shared.errors import TransientError
from shared.model import Dataset
from tests.component.gateway.caches import own_redis, redis_door, silent_redis, url_of
from tests.component.gateway.country import OCTOBER, ROWS, Country

LONG = 1e6


async def revision_of_the_test() -> str:
    return "r1"


@asynccontextmanager
async def replica(
    url: str | None, revision: Callable[[], Awaitable[str]] = revision_of_the_test, patience: float = 20
) -> AsyncIterator[Cache]:
    """The cache of one gateway."""
    async with redis_door(url, patience=patience) as door:
        cache = Cache(door, revision)
        try:
            yield cache
        finally:
            await cache.close()


class Work:
    """Computes when it is let, and counts how often."""

    def __init__(self, answer: bytes = b"answer", *, is_open: bool = True) -> None:
        self.answer, self.runs = answer, 0
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        if is_open:
            self.may_end.set()

    async def __call__(self) -> bytes:
        self.runs += 1
        self.begun.set()
        await self.may_end.wait()
        return self.answer


async def fail() -> bytes:
    raise TransientError("no database")


def lookups(result: str) -> float:
    return REGISTRY.get_sample_value("crimemaps_cache_lookups_total", {"result": result}) or 0


@pytest.mark.parametrize("has_redis", [True, False])
async def test_two_hundred_equal_requests_compute_once(redis_url: str, has_redis: bool) -> None:
    work = Work(is_open=False)
    shared = lookups("shared")
    async with replica(redis_url if has_redis else None) as cache:
        waiting = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(200)]
        await work.begun.wait()
        work.may_end.set()
        assert set(await asyncio.gather(*waiting)) == {b"answer"}
        assert work.runs == 1
        assert lookups("shared") - shared == 199
        assert cache.running == {}


async def test_two_replicas_compute_once_together(redis_url: str) -> None:
    first, second = Work(is_open=False), Work(b"never", is_open=False)
    async with replica(redis_url) as one, replica(redis_url) as other:
        waiting = [asyncio.create_task(one.get_or_compute("k", first))]
        await first.begun.wait()
        with redis_py.Redis.from_url(redis_url) as client:
            client.config_resetstat()
            waiting += [asyncio.create_task(other.get_or_compute("k", second)) for _ in range(100)]
            async with asyncio.timeout(20):
                while "cmdstat_set" not in client.info("commandstats"):  # noqa: ASYNC110 - a server's state
                    await asyncio.sleep(0)
        first.may_end.set()
        assert set(await asyncio.gather(*waiting)) == {b"answer"}
        assert (first.runs, second.runs) == (1, 0)
        hits = lookups("hit")
        assert await other.get_or_compute("k", second) == b"answer"
        assert lookups("hit") - hits == 1


async def test_keys_do_not_share_answers(redis_url: str) -> None:
    async with replica(redis_url) as cache:
        answers = [await cache.get_or_compute(key, Work(key.encode())) for key in ("a", "b|c", "b", "a")]
    assert answers == [b"a", b"b|c", b"b", b"a"]


async def test_new_data_drop_every_answer_at_once(
    redis_url: str, pool: asyncpg.Pool, country: Country
) -> None:
    store = Store(pool, query_timeout=20)
    old, new = Work(b"old"), Work(b"new")
    async with replica(redis_url, store.revision) as one, replica(redis_url, store.revision) as other:
        assert await one.get_or_compute("k", old) == b"old"
        assert await other.get_or_compute("k", new) == b"old"
        await country.load(Dataset.STREET, OCTOBER, ROWS)
        assert await other.get_or_compute("k", new) == b"new"
        assert await one.get_or_compute("k", old) == b"new"
        assert await one.get_or_compute("k", old, revision="another") == b"old"


async def test_nothing_is_kept_for_ever(redis_url: str) -> None:
    async with replica(redis_url) as cache:
        await cache.get_or_compute("k", Work())
    assert KEPT == 15 * 60
    with redis_py.Redis.from_url(redis_url) as client:
        [name] = client.keys("*")
        assert 0 < client.ttl(name) <= KEPT


async def test_an_answer_that_is_too_large_is_given_and_not_kept(redis_url: str) -> None:
    large = Work(bytes(MOST_BYTES + 1))
    async with replica(redis_url) as cache:
        for _ in range(2):
            assert len(await cache.get_or_compute("k", large)) == MOST_BYTES + 1
    assert large.runs == 2
    with redis_py.Redis.from_url(redis_url) as client:
        assert client.keys("*") == []


@pytest.mark.parametrize("leaver", [0, 1])
async def test_who_goes_away_takes_the_answer_from_nobody(redis_url: str, leaver: int) -> None:
    work = Work(is_open=False)
    async with replica(redis_url) as cache:
        waiting = [asyncio.create_task(cache.get_or_compute("k", work)) for _ in range(3)]
        await work.begun.wait()
        waiting[leaver].cancel()
        work.may_end.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(ends.pop(leaver), asyncio.CancelledError)
    assert ends == [b"answer", b"answer"]


async def test_an_error_is_told_to_all_who_wait_and_is_not_kept(redis_url: str) -> None:
    async with replica(redis_url) as cache, replica(redis_url) as other:
        ends = await asyncio.gather(
            *(cache.get_or_compute("k", fail) for _ in range(5)), return_exceptions=True
        )
        assert [str(end) for end in ends] == ["no database"] * 5
        with redis_py.Redis.from_url(redis_url) as client:
            assert client.keys("*") == [], "nobody must wait for an answer that will not come"
        assert await other.get_or_compute("k", Work()) == b"answer"


async def test_a_replica_that_does_not_come_to_an_end_is_not_waited_for(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LOCK_SECONDS", 0.2)
    stuck = Work(is_open=False)
    async with replica(redis_url) as one, replica(redis_url) as other:
        waiting = asyncio.create_task(one.get_or_compute("k", stuck))
        await stuck.begun.wait()
        assert await other.get_or_compute("k", Work(b"mine")) == b"mine"
        stuck.may_end.set()
        assert await waiting == b"answer"


async def test_without_redis_answers_are_computed() -> None:
    work = Work()
    errors = lookups("error")
    async with replica(None) as cache:
        for _ in range(3):
            assert await cache.get_or_compute("k", work) == b"answer"
    assert (work.runs, lookups("error") - errors) == (3, 3)


async def test_a_killed_redis_is_done_without_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", 0.0)
    work = Work()
    with own_redis(tmp_path) as process:
        async with replica(url_of(process)) as cache:
            await cache.get_or_compute("k", work)
            await cache.get_or_compute("k", work)
            assert work.runs == 1
            process.kill()
            for _ in range(3):
                assert await cache.get_or_compute("k", work) == b"answer"
            assert work.runs == 4
            process.start()
            for _ in range(3):
                assert await cache.get_or_compute("k", work) == b"answer"
            assert work.runs == 5


async def test_a_redis_that_dies_while_we_compute_loses_us_nothing(tmp_path: Path) -> None:
    work = Work(is_open=False)
    with own_redis(tmp_path) as process:
        async with replica(url_of(process)) as cache:
            waiting = asyncio.create_task(cache.get_or_compute("k", work))
            await work.begun.wait()
            process.kill()
            work.may_end.set()
            assert await waiting == b"answer"


async def test_a_redis_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", LONG)
    async with silent_redis() as silent, replica(silent.url, patience=0.1) as cache:
        for n in range(50):
            assert await cache.get_or_compute(f"k{n}", Work()) == b"answer"
        assert silent.connections == 1


async def test_a_redis_that_hung_is_tried_by_one_request_while_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", 0.0)
    async with silent_redis() as silent, replica(silent.url, patience=0.1) as cache:
        await cache.get_or_compute("k", Work())
        monkeypatch.setattr(cache_module, "LEFT_ALONE", LONG)
        tried = silent.connections
        answers = await asyncio.gather(*(cache.get_or_compute(f"k{n}", Work()) for n in range(50)))
        assert answers == [b"answer"] * 50
        assert silent.connections == tried + 1


async def test_many_at_once_on_a_redis_that_hangs_open_few_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", LONG)
    async with silent_redis() as silent, replica(silent.url, patience=0.1) as cache:
        answers = await asyncio.gather(*(cache.get_or_compute(f"k{n}", Work()) for n in range(200)))
        assert answers == [b"answer"] * 200
        assert silent.connections <= cache_module.AT_ONCE


async def test_a_wrong_password_is_an_outage_and_no_error(redis_url: str) -> None:
    wrong = redis_url.replace("redis://:", "redis://:x")
    async with replica(wrong) as cache:
        assert await cache.get_or_compute("k", Work()) == b"answer"
