"""Keys of the API: made and revoked by the console, recognised by the gateway."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import redis as redis_py

from services.console.endpoints import Target
from services.console.keys import add, end
from services.gateway import keys as keys_module
from services.gateway.errors import KeyRefusedError
from services.gateway.keys import REMEMBERED, Keys
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store
from shared.api_keys import PATTERN, digest_of, make_key
from shared.db import READER, open_pool
from shared.errors import TransientError
from tests.bus import provisioned
from tests.component.gateway.desk import Desk, both
from tests.component.gateway.server import Cable, Client, gateway
from tests.crimemaps import crimemaps
from tests.pipeline import holding

READ, REPORTS = "/api/v1/openapi.json", "/api/v1/reports"
DOWNLOAD = "/api/v1/downloads/street/2018-10"
ORDER = {"postcode": "EC2M 7PY", "tier": "standard"}


@pytest.fixture
def target(database_url: str, nats_url: str) -> Target:
    return Target(database_url, nats_url, "a test")


@pytest.fixture
async def limited(
    database_url: str, nats_url: str, redis_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    """A gateway with small limits; a parameter is whether orders need a key."""
    settings = GatewaySettings(
        database_url=database_url,
        nats_url=nats_url,
        redis_url=redis_url,
        redis_timeout=20,
        reads_per_minute=2,
        key_reads_per_minute=4,
        reports_per_minute=1,
        key_reports_per_minute=3,
        reports_need_key=getattr(request, "param", False),
    )
    async with open_pool(database_url, role=READER) as reader, gateway(settings, reader) as client:
        yield client


async def make(
    target: Target, *scopes: str, reads: int | None = None, reports: int | None = None
) -> tuple[str, int]:
    """A key and its id."""
    key = make_key()
    return key, await add(target, "Acme", digest_of(key), list(scopes), reads, reports)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def statuses(client: Client, n: int, headers: dict[str, str]) -> list[int]:
    return [(await client.get(READ, headers=headers)).status_code for _ in range(n)]


async def test_a_key_has_an_allowance_of_its_own_wherever_it_is_used(limited: Client, target: Target) -> None:
    key, _ = await make(target)
    other, _ = await make(target, reads=5)
    assert await statuses(limited, 3, {}) == [200, 200, 429]
    assert await statuses(limited, 2, bearer(key)) == [200, 200]
    assert await statuses(limited, 3, {"X-API-Key": key}) == [200, 200, 429]
    answer = await limited.get(READ, headers=bearer(other))
    assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, "5;w=60")
    refused = await limited.get(READ, headers=bearer(key))
    assert "reads: 4 a minute for this key" in refused.json()["detail"]


async def test_a_key_with_the_scope_orders_reports(
    limited: Client, target: Target, pool: asyncpg.Pool, nats_url: str
) -> None:
    key, _ = await make(target, "reports")
    own, _ = await make(target, "reports", reads=9, reports=2)
    async with provisioned(nats_url) as bus:
        desk = Desk(pool, bus)
        accepted, _ = await both(limited.post(REPORTS, json=ORDER, headers=bearer(key)), desk.take_next())
        assert (accepted.status_code, accepted.headers["ratelimit-remaining"]) == (202, "2")
        without, _ = await both(limited.post(REPORTS, json=ORDER), desk.take_next())
        assert (without.status_code, without.headers["ratelimit-remaining"]) == (202, "0")
        assert (await limited.post(REPORTS, json=ORDER)).status_code == 429
    answer = await limited.post(REPORTS, content=b"", headers=bearer(own))
    assert answer.headers["ratelimit-policy"] == "2;w=60"


@pytest.mark.parametrize(("scopes", "said"), [((), "none"), (("downloads",), "downloads")])
async def test_a_key_without_the_scope_is_told_which_it_needs(
    limited: Client, target: Target, scopes: tuple[str, ...], said: str
) -> None:
    key, _ = await make(target, *scopes)
    answer = await limited.post(REPORTS, json=ORDER, headers=bearer(key))
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.json()["detail"] == f"this needs the scope reports; the key has {said}"
    assert 'error="insufficient_scope", scope="reports"' in answer.headers["www-authenticate"]
    assert await statuses(limited, 1, bearer(key)) == [200]


@pytest.mark.parametrize("limited", [True], indirect=True)
async def test_orders_can_be_for_keys_only(limited: Client, target: Target) -> None:
    key, _ = await make(target, "reports")
    refused = await limited.post(REPORTS, json=ORDER)
    assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert "a key is needed here" in refused.json()["detail"]
    assert (await limited.post(REPORTS, content=b"{", headers=bearer(key))).status_code == 400
    assert await statuses(limited, 1, {}) == [200]


KEY = "cmuk_" + "a" * 43


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Authorization": f"Bearer {KEY}"}, "unknown"),
        ({"X-API-Key": KEY}, "unknown"),
        ({"Authorization": "Bearer"}, "no key of this API"),
        ({"X-API-Key": ""}, "no key of this API"),
        ({"X-API-Key": KEY + "a"}, "no key of this API"),
        ({"X-API-Key": "x" * 7000}, "no key of this API"),
        ({"X-API-Key": KEY[:-1] + "é"}, "no key of this API"),
        ({"Authorization": "Basic eDp5"}, "the only scheme is Bearer"),
        ({"Authorization": KEY}, "the only scheme is Bearer"),
        ({"Authorization": f"Bearer {KEY}", "X-API-Key": KEY + "b"}, "two different keys"),
    ],
)
async def test_a_key_that_is_none_is_refused_and_not_ignored(
    limited: Client, headers: dict[str, str], said: str
) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answers = [await limited.get(READ, headers=encoded) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429], "guessing is limited"
    refused = answers[0]
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"] == 'Bearer realm="CrimeMapsUK"'
    assert said in refused.json()["detail"]
    assert KEY not in refused.text


async def test_a_refused_key_counts_as_a_read_and_a_key_without_the_scope_as_nothing(
    limited: Client, target: Target
) -> None:
    key, _ = await make(target)
    lacking = await limited.get(DOWNLOAD, headers=bearer(key))
    assert (lacking.status_code, "ratelimit-limit" in lacking.headers) == (403, False)
    for path, status, left in ((READ, 401, "1"), (DOWNLOAD, 401, "0"), (DOWNLOAD, 429, "0")):
        answer = await limited.get(path, headers=bearer(make_key()))
        assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (status, left)
        assert answer.headers["ratelimit-policy"] == "2;w=60"
    assert (await limited.get(DOWNLOAD)).headers["ratelimit-remaining"] == "1"
    assert await statuses(limited, 1, {}) == [429]


async def test_who_has_guessed_enough_is_refused_without_a_look_into_the_database(
    limited: Client, target: Target, pool: asyncpg.Pool, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "REMEMBERED", 1e6)
    good, _ = await make(target)
    assert await statuses(limited, 1, bearer(good)) == [200]
    assert [(await statuses(limited, 1, bearer(make_key())))[0] for _ in range(2)] == [401, 401]
    async with holding(pool, "LOCK TABLE api_key"):  # whoever looks now waits
        for path in (READ, DOWNLOAD):
            refused = await limited.get(path, headers=bearer(make_key()))
            assert (refused.status_code, refused.headers["ratelimit-remaining"]) == (429, "0")
            assert int(refused.headers["retry-after"]) > 0
        assert await statuses(limited, 2, bearer(good)) == [200, 200], "a key that is known needs no look"
    with redis_py.Redis.from_url(redis_url) as redis:
        redis.delete(*redis.keys("limit:reads:address:*"))  # as Redis does after a minute
    assert await statuses(limited, 1, bearer(make_key())) == [401]


async def test_reads_that_are_used_up_leave_one_guess(
    limited: Client, target: Target, pool: asyncpg.Pool
) -> None:
    assert await statuses(limited, 2, {}) == [200, 200]
    key, _ = await make(target)
    assert await statuses(limited, 1, bearer(key)) == [200], "the readers of an address hinder no key"
    assert await statuses(limited, 1, bearer(make_key())) == [429]
    async with holding(pool, "LOCK TABLE api_key"):
        assert await statuses(limited, 3, bearer(make_key())) == [429] * 3


async def test_a_revoked_key_stops_when_it_is_no_longer_remembered(target: Target, database_url: str) -> None:
    now = [1000.0]
    key, number = await make(target, "reports")
    async with open_pool(database_url, role=READER) as reader:
        keys = Keys(Store(reader, query_timeout=20), lambda: now[0])
        with pytest.raises(KeyRefusedError, match="unknown"):
            await keys.find(KEY)
        assert (await keys.find(key)).id == number
        await end(target, number)
        now[0] += REMEMBERED - 0.1
        assert (await keys.find(key)).scopes == {"reports"}
        now[0] += 0.1
        assert REMEMBERED < 10
        for _ in range(2):
            with pytest.raises(KeyRefusedError, match=r"this key was revoked on \d{4}-\d\d-\d\d"):
                await keys.find(key)
        assert keys.known == {}


async def test_a_revoked_key_is_refused_over_http(limited: Client, target: Target) -> None:
    key, number = await make(target)
    await end(target, number)
    answer = await limited.get(READ, headers=bearer(key))
    assert answer.status_code == 401
    assert "this key was revoked on" in answer.json()["detail"]


async def test_without_a_database_a_key_is_neither_refused_nor_believed(
    target: Target, database_url: str
) -> None:
    key, _ = await make(target)
    cable = Cable(database_url)
    await cable.mend()
    async with open_pool(cable.url, role=READER) as reader:
        keys = Keys(Store(reader, query_timeout=20))
        cable.cut()
        with pytest.raises(TransientError):
            await keys.find(key)
        await cable.mend()
        assert (await keys.find(key)).scopes == set()
        cable.cut()


async def test_the_gateways_role_cannot_make_keys(database_url: str) -> None:
    async with open_pool(database_url, role=READER) as reader:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute("UPDATE api_key SET revoked_at = NULL")


def test_the_console_makes_lists_and_revokes_keys(database_url: str, nats_url: str, tmp_path: Path) -> None:
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}

    def keys(*words: str) -> tuple[int, str, str]:
        done = crimemaps("keys", *words, cwd=tmp_path, servers=servers)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    code, out, _ = keys(
        "create", "Acme [red]", "--scope", "downloads", "--scope", "reports", "--reads-per-minute", "9000"
    )
    assert code == 0
    [key] = re.findall(r"cmuk_\S+", out)
    assert PATTERN.fullmatch(key)
    assert keys("create", "Plain")[0] == 0
    _, listed, _ = keys("list")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in listed.splitlines() if "│" in line]
    assert [[row[0], row[1], row[2], *row[4:]] for row in rows] == [
        ["1", "Acme [red]", "reports downloads", "", "9,000", "setting"],
        ["2", "Plain", "", "", "setting", "setting"],
    ]
    assert key not in listed
    first = keys("revoke", "1")
    assert first[:2] == keys("revoke", "1")[:2], "since the first time"
    assert (first[0], "key 1 of Acme [red] is revoked since" in first[1]) == (0, True)
    assert re.search(r"│ 1 .*\d{4}-\d\d-\d\d \d\d:\d\d", keys("list")[1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", ""), "'' is no name: valid are 1 to 100 characters"),
        (("create", "a\nb"), "is no name"),
        (("create", "x" * 101), "is no name"),
        (("create", "Acme", "--scope", "write"), "'write' is no scope: valid are reports, downloads"),
        (("create", "Acme", "--reads-per-minute", "0"), "valid are 1 to 1,000,000"),
        (("create", "Acme", "--reports-per-minute", "1000001"), "valid are 1 to 1,000,000"),
        (("revoke", "7"), "there is no key 7: `crimemaps keys list` shows those that there are"),
        (("revoke", "-1"), "there is no key -1"),
        (("revoke", str(2**31)), f"there is no key {2**31}"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(
    words: tuple[str, ...], said: str, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    servers = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
    done = crimemaps("keys", *words, cwd=tmp_path, servers=servers)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
