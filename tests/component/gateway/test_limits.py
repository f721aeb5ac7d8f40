"""Limits: exact over all replicas, told in headers, counted by who really asks, open when Redis is away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis as redis_py
from litestar.datastructures import Headers
from prometheus_client import REGISTRY

from services.gateway import cache as cache_module
from services.gateway.limits import WINDOW, client_address
from services.gateway.settings import GatewaySettings
from shared.model import Dataset
from tests.component.gateway.caches import own_redis, silent_redis, url_of
from tests.component.gateway.country import OCTOBER, ROWS, Country
from tests.component.gateway.server import Client, gateway
from tests.pipeline import running, service

READ = "/api/v1/openapi.json"
REPORTS = "/api/v1/reports"
PATIENT = 20
"""Seconds: a busy machine is no outage."""
LIMIT_HEADERS = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-policy")

Start = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def start(pool: asyncpg.Pool, database_url: str, nats_url: str) -> Start:
    """Starts a gateway with these settings."""

    @asynccontextmanager
    async def start(url: str | None, patience: float = PATIENT, **settings: Any) -> AsyncIterator[Client]:
        given = GatewaySettings(
            database_url=database_url, nats_url=nats_url, redis_url=url, redis_timeout=patience, **settings
        )
        async with gateway(given, pool) as client:
            yield client

    return start


def decisions(limit: str, result: str) -> float:
    name = "crimemaps_limit_decisions_total"
    return REGISTRY.get_sample_value(name, {"limit": limit, "result": result}) or 0


async def statuses(client: Client, n: int, **headers: str) -> list[int]:
    return [(await client.get(READ, headers=headers)).status_code for _ in range(n)]


async def test_two_replicas_allow_together_what_one_does(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=30) as one, start(redis_url, reads_per_minute=30) as other:
        answers = await asyncio.gather(*(client.get(READ) for client in (one, other) for _ in range(40)))
    assert Counter(answer.status_code for answer in answers) == {200: 30, 429: 50}
    remaining = [int(a.headers["ratelimit-remaining"]) for a in answers if a.status_code == 200]
    assert sorted(remaining) == list(range(30)), "each request was counted once"


async def test_two_processes_allow_together_what_one_does_whoever_they_say_they_are(
    tmp_path: Path, database_url: str, nats_url: str, redis_url: str
) -> None:
    settings = {"redis_url": redis_url, "redis_timeout": PATIENT, "reads_per_minute": 20}
    both = [service(f"gateway{n}", tmp_path, database_url, nats_url, **settings) for n in (1, 2)]
    async with running(*both), httpx.AsyncClient(timeout=30) as client:
        answers = await asyncio.gather(
            *(
                client.get(one.server.url(one.port or 0) + READ, headers={"X-Forwarded-For": f"192.0.2.{n}"})
                for one in both
                for n in range(25)
            )
        )
    assert Counter(answer.status_code for answer in answers) == {200: 20, 429: 30}


async def test_an_answer_says_how_much_is_left(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=2) as client:
        answers = [await client.get(READ) for _ in range(3)]
    assert [[a.headers[name] for name in LIMIT_HEADERS] for a in answers] == [
        ["2", "1", "2;w=60"], ["2", "0", "2;w=60"], ["2", "0", "2;w=60"],
    ]  # fmt: skip
    assert all(1 <= int(answer.headers["ratelimit-reset"]) <= WINDOW for answer in answers)
    allowed, _, refused = answers
    assert "retry-after" not in allowed.headers
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
    assert refused.headers["cache-control"] == "no-store"
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["status"], problem["title"]) == (429, "Too many requests for now")
    wait = refused.headers["retry-after"]
    assert problem["detail"] == f"reads: 2 a minute for your address without a key; come back in {wait} s"


async def test_after_its_window_a_client_may_ask_again(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=1) as client:
        assert await statuses(client, 2) == [200, 429]
        with redis_py.Redis.from_url(redis_url) as redis:
            [name] = redis.keys("limit:*")
            assert 0 < redis.pttl(name) <= WINDOW * 1000, "it is forgotten by itself"
            redis.delete(name)  # as Redis does then
        assert await statuses(client, 2) == [200, 429]


async def test_orders_have_a_small_limit_of_their_own(start: Start, redis_url: str) -> None:
    async with start(redis_url, reports_per_minute=2) as client:
        bad = [await client.post(REPORTS, content=b"{") for _ in range(3)]
        assert [answer.status_code for answer in bad] == [400, 400, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in bad] == ["1", "0", "0"]
        assert "reports: 2 a minute" in bad[2].json()["detail"]
        assert await statuses(client, 1) == [200]


async def test_all_that_is_read_counts_together_also_what_is_wrong(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=4) as client:
        paths = ("/", "/api/v1/forces", "/api/v1/forces?x=1", "/api/v1/reports/1", "/api/v1/coverage")
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 400, 404, 429]
        assert (await client.head(READ)).status_code == 429


async def test_what_no_route_answers_is_not_counted(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=1) as client:
        preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
        refused = [
            await client.get("/api/v1/nothing"),
            await client.delete(READ),
            await client.get("/api/v1/forces?x=" + "a" * 20_000),
            await client.options(READ, headers=preflight),
        ]
        assert [answer.status_code for answer in refused] == [404, 405, 414, 204]
        assert not any("ratelimit-limit" in answer.headers for answer in refused)
        assert await statuses(client, 2) == [200, 429]


async def test_plain_tiles_are_not_counted_and_empty_ones_are_reads(
    start: Start, redis_url: str, country: Country
) -> None:
    await country.load(Dataset.STREET, OCTOBER, ROWS)
    async with start(redis_url, reads_per_minute=4) as client:
        template = (await client.get("/tiles/street.json")).json()["tiles"][0]
        filled, empty = template.format(z=9, x=255, y=170), template.format(z=12, x=0, y=0)
        for path, headers, left in (
            (filled, {}, None),
            (filled, {}, None),
            (empty, {}, "2"),
            (filled, {"Accept-Encoding": "gzip;q=0"}, "1"),
            (filled, {"If-None-Match": '"x"'}, "0"),
            (filled, {}, None),
        ):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == (204 if path == empty else 200)
            assert answer.headers.get("ratelimit-remaining") == left


async def test_health_and_metrics_are_never_limited(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=1) as client:
        assert await statuses(client, 2) == [200, 429]
        for path in ("/livez", "/readyz", "/metrics") * 3:
            answer = await client.get(path, headers={"Authorization": "Basic eDp5"})
            assert (answer.status_code, "ratelimit-limit" in answer.headers) == (200, False)


async def test_whom_a_client_says_it_forwards_for_is_not_believed(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=2) as client:
        seen = [await statuses(client, 1, **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(3)]
    assert seen == [[200], [200], [429]]


async def test_behind_a_proxy_its_clients_are_told_apart(start: Start, redis_url: str) -> None:
    async with start(redis_url, reads_per_minute=1, trusted_proxies=1) as client:
        for said, status in (
            ("192.0.2.1", 200),
            ("192.0.2.2", 200),
            ("192.0.2.9, 192.0.2.1", 429),  # the first is what the client made up
            ("192.0.2.1, 192.0.2.3", 200),
            ("2001:db8::1", 200),
            ("2001:db8::ffff:1", 429),
            ("2001:db8:0:1::1", 200),
        ):
            assert await statuses(client, 1, **{"X-Forwarded-For": said}) == [status], said


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "counted"),
    [
        ("192.0.2.7", [], 0, "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], 0, "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1, 198.51.100.2"], 1, "198.51.100.2"),
        ("192.0.2.7", ["198.51.100.1", "198.51.100.2"], 1, "198.51.100.2"),
        ("192.0.2.7", ["198.51.100.1, 198.51.100.2"], 2, "198.51.100.1"),
        ("192.0.2.7", ["198.51.100.1"], 2, "198.51.100.1"),
        ("192.0.2.7", [], 2, "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1:4711"], 1, "198.51.100.1"),
        ("192.0.2.7", ["[2001:db8:1:2:3::4]:4711"], 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3:4:5:6", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], 0, "192.0.2.7"),
        ("192.0.2.7", ["unknown"], 1, "unknown"),
        ("192.0.2.7", ["x" * 8000], 1, "x" * 64),
        ("", [], 0, ""),
    ],
)
def test_a_client_is_counted_by_the_address_that_can_be_trusted(
    peer: str, forwarded: list[str], proxies: int, counted: str
) -> None:
    headers = Headers([(b"x-forwarded-for", line.encode()) for line in forwarded])
    assert client_address(peer, headers, proxies) == counted


async def test_a_killed_redis_limits_nobody_until_it_is_back(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", 0.0)
    with own_redis(tmp_path) as process:
        async with start(url_of(process), reads_per_minute=2) as client:
            assert await statuses(client, 3) == [200, 200, 429]
            process.kill()
            before = decisions("reads", "not_counted")
            answers = [await client.get(READ) for _ in range(5)]
            assert [answer.status_code for answer in answers] == [200] * 5
            assert not any("ratelimit-limit" in answer.headers for answer in answers)
            assert decisions("reads", "not_counted") - before == 5
            process.start()
            assert await statuses(client, 3) == [200, 200, 429]


async def test_a_redis_that_hangs_limits_nobody_and_is_waited_for_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LEFT_ALONE", 1e6)
    async with silent_redis() as silent, start(silent.url, patience=0.1, reads_per_minute=1) as client:
        assert await statuses(client, 30) == [200] * 30
        assert silent.connections == 1


async def test_without_redis_nobody_is_limited_and_the_log_says_so(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    async with start(None, reads_per_minute=1) as client:
        assert await statuses(client, 3) == [200] * 3
    assert "nobody is limited" in "".join(capfd.readouterr())
