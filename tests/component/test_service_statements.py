"""Every statement of a service may be run by its role."""

import re
from pathlib import Path

import asyncpg
import pytest

from shared.db import FETCHER, HEXER, LOADER, READER, REPORTER
from tests.meta.test_sql import FILES, ROOT, TEMPORARY, filled, name_of
from tests.pipeline import connected

SERVICES = {FETCHER: "fetcher", LOADER: "loader", HEXER: "hexer", REPORTER: "reporter", READER: "gateway"}
LOOKED_UP = {
    "select_has_postgis",
    "select_points_in_belts",
    "select_points_in_circle",
    "select_points_in_shape",
    "select_postcode",
    "select_whole_edition",
}
"""Statements of the shared package that reporter and gateway use."""


def statements_of(role: str) -> list[Path]:
    """The statements that the role's service runs."""
    service = ROOT / "services" / SERVICES[role]
    asks_for_figures = role in (REPORTER, READER)
    return [
        path
        for path in FILES
        if service in path.parents
        or (asks_for_figures and (path.parents[1].name == "area_figures" or path.stem in LOOKED_UP))
    ]


@pytest.fixture
async def has_postgis(pool: asyncpg.Pool) -> bool:
    return bool(await pool.fetchval((ROOT / "shared/sql/select_has_postgis.sql").read_text()))


@pytest.mark.parametrize("role", SERVICES)
async def test_every_statement_of_a_service_may_be_run_by_its_role(
    database_url: str, has_postgis: bool, role: str
) -> None:
    problems, tried = [], 0
    temporary_first = sorted(statements_of(role), key=lambda path: name_of(path) not in TEMPORARY)
    async with (
        connected(database_url, role=role) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        for path in temporary_first:
            if "With PostGIS:" in path.read_text() and not has_postgis:
                continue
            try:
                async with connection.transaction():
                    await explain(connection, path)
            except asyncpg.PostgresError as problem:
                problems.append(f"{name_of(path)}: {problem}")
            tried += 1
    assert problems == []
    assert tried > 9


async def explain(connection: asyncpg.pool.PoolConnectionProxy, path: Path) -> None:
    """Plan a statement, for which rights are checked; one that makes a temporary table is run."""
    statement = filled(path)
    if name_of(path) in TEMPORARY:
        for table in TEMPORARY[name_of(path)]:
            await connection.execute(f"DROP TABLE IF EXISTS {table}")
        await connection.execute(statement)
        return
    # What is staged is in a table of its run, which the loader makes after this one.
    for table in set(re.findall(r"staging\.(?!page)(\w+)", statement)):
        own = f"staging.{table}_asked"
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {own} (LIKE staging.{table} INCLUDING ALL)")
        statement = statement.replace(f"staging.{table}", own)
    numbers = [int(number) for number in re.findall(r"\$(\d+)", statement)]
    values = ", ".join(["NULL"] * max(numbers, default=0))
    name = f"{path.parents[1].name}_{path.stem}"
    await connection.execute(f"PREPARE {name} AS {statement}")
    await connection.execute(f"EXPLAIN EXECUTE {name}{f'({values})' if values else ''}")
