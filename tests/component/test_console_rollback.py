"""`crimemaps rollback` and `crimemaps revisions`, with a loader at work."""

import json
from pathlib import Path

import asyncpg

from shared.db import LOADER
from tests.builders import sample_run
from tests.crimemaps import call
from tests.pipeline import connected, loaded, loader_store, running, service

Servers = dict[str, str]
MONTH = ("street", "2018-10")


async def test_a_month_is_taken_back_and_the_ledger_says_so(ready: Servers, tmp_path: Path) -> None:
    async with connected(ready["DATABASE_URL"], role=LOADER) as loader:
        first = await loaded(loader_store(loader), sample_run())
        second = await loaded(loader_store(loader), sample_run(revised=True))
    async with running(service("loader", tmp_path, ready["DATABASE_URL"], ready["NATS_URL"])):
        done = await call("rollback", *MONTH, "--reason", "a wrong outcome", cwd=tmp_path, servers=ready)
    assert (done.returncode, done.stdout) == (0, f"street 2018-10 is version {first.version} again\n")
    shown = await call("revisions", "--json", cwd=tmp_path, servers=ready)
    back, release = json.loads(shown.stdout)
    assert (back["kind"], back["reason"]) == ("rolled_back", "a wrong outcome")
    assert (back["replaced_version"], back["version"]) == (second.version, first.version)
    assert [(one["outcome_changed"], one["added"], one["removed"]) for one in (back, release)] == [
        (1, 0, 0)
    ] * 2
    table = await call("revisions", cwd=tmp_path, servers=ready)
    assert "street 2018-10 rolled back: a wrong outcome" in table.stdout


async def test_what_cannot_be_taken_back_is_refused_with_what_can(
    pool: asyncpg.Pool, ready: Servers, tmp_path: Path
) -> None:
    async def said(*arguments: str) -> str:
        done = await call("rollback", *arguments, cwd=tmp_path, servers=ready)
        assert done.returncode == 2, done
        assert "Traceback" not in done.stderr
        return done.stderr

    assert "street 2018-10 is not loaded" in await said(*MONTH, "--reason", "x")
    first = await loaded(loader_store(pool), sample_run())
    assert "no version of street 2018-10 before" in await said(*MONTH, "--reason", "x")
    second = await loaded(loader_store(pool), sample_run(revised=True))
    assert "is the present one" in await said(*MONTH, "--reason", "x", "--to", str(second.version))
    assert f"kept: {first.version}" in await said(*MONTH, "--reason", "x", "--to", "99")
    assert "--reason" in await said(*MONTH)
    assert "from 1 to 500" in await said(*MONTH, "--reason", " ")
    assert "one month" in await said("street", "2018-10..2018-11", "--reason", "x")
    assert "valid are street, outcomes, stops" in await said("cats", "2018-10", "--reason", "x")
