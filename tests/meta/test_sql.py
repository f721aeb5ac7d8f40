"""Every SQL file of every service fits the migrated schema, and is used."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.events import EVENTS
from shared.provision import CONSUMERS

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "services").glob("*/sql/*.sql"), *(ROOT / "shared").rglob("sql/*.sql")])
SIDE = "SELECT *, persistent_id AS subject, true AS has_id, 1::smallint AS force_id FROM street_crime"
STREET = {
    "parent": "street_crime",
    "records": "street_crime",
    "staged": "staging.street",
    "pages": "1",
    "selected": "SELECT * FROM staging.street",
    "table": "street_cell",
    "fields": "*",
    "api": (
        side
        := "SELECT *, persistent_id AS subject, true AS has_id, 1::smallint AS force_id FROM street_crime"
    ),
    "archive": side,
    "points": "SELECT id FROM unnest($1::integer []) AS given (id)",
    "role": "crimemaps_reader",
    "verifier": "SCRAM-SHA-256$4096:...",
}
FILL = {
    "": {**STREET, "target": "street_crime", "before": "street_crime", "level": "275", "version": "1"},
    "outcomes": {
        "target": "crime_outcome",
        "before": "crime_outcome",
        "staged": "staging.outcomes",
        "selected": "SELECT * FROM staging.outcomes",
    },
    "stops": {
        "target": "stop",
        "before": "stop",
        "staged": "staging.stops",
        "selected": "SELECT * FROM staging.stops",
    },
    "stop": {"target": "stop", "table": "stop_cell"},
    "area": {"table": "street_point_count"},
}
"""What the placeholders may stand for, by a word in the file's name."""
TEMPORARY = {
    "services/loader/sql/create_new_place.sql": (),
    "services/hexer/sql/create_fresh_street.sql": ("fresh",),
    "services/hexer/sql/create_fresh_stops.sql": (),
}
"""Statements that make a temporary table, which others then use; and what must be gone before the next."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def filled(path: Path) -> str:
    """The statement as its service would send it."""
    text = path.read_text(encoding="utf-8")
    words = dict(FILL[""])
    for word, tables in FILL.items():
        if word in path.stem.split("_"):
            words |= tables
    return text.format(**words) if re.search(r"\{\w+\}", text) else text


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_every_statement_fits_the_migrated_schema(connection: asyncpg.Connection) -> None:
    problems = []
    has_postgis = await connection.fetchval((ROOT / "shared/sql/select_has_postgis.sql").read_text())
    async with connection.transaction():
        for maker in TEMPORARY:
            if maker.endswith("create_fresh_stops.sql"):
                await connection.execute("DROP TABLE fresh")
            await connection.execute(filled(ROOT / maker))
            for path in FILES:
                needs_other = "fresh" in path.read_text() and not await connection.fetchval(
                    "SELECT to_regclass('fresh') IS NOT NULL"
                )
                stops = maker.endswith("create_fresh_stops.sql")
                if "With PostGIS:" in path.read_text() and not has_postgis:
                    continue
                if name_of(path) in TEMPORARY or needs_other or (stops and "stop" not in path.stem):
                    continue
                try:
                    async with connection.transaction():
                        await connection.prepare(filled(path))
                except (asyncpg.PostgresError, KeyError) as problem:
                    problems.append(f"{name_of(path)}: {problem}")
    assert problems == []
    assert len(FILES) > 90


def test_every_statement_is_used_by_its_own_service() -> None:
    unused = set()
    for path in FILES:
        code = "".join(module.read_text() for module in path.parents[1].rglob("*.py"))
        # Some names are put together: delete_{name}_cells, keep_other_{dataset}.
        patterns = [
            re.sub(r"\\\{[^}]*\\\}", r"\\w+", re.escape(text)) for text in re.findall(r'"([\w{}.]+)"', code)
        ]
        if not any(re.fullmatch(pattern, path.stem) for pattern in patterns if pattern != r"\w+"):
            unused.add(name_of(path))
    assert unused == set()


def test_every_event_is_consumed_or_known_to_end_here() -> None:
    consumed = {consumer.event.subject for consumer in CONSUMERS.values()}
    # For operators, partners, and caches to come.
    terminal = {"month.rejected", "grid.rebuilt", "report.rendered", "report.failed"}
    assert consumed | terminal == {event.subject for event in EVENTS}
    assert not consumed & terminal
    documented = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    for subject in terminal:
        [line] = [line for line in documented.splitlines() if line.startswith(f"| `{subject}`")]
        assert "nobody" in line


def test_every_consumer_has_its_subscriber_in_one_service() -> None:
    found: dict[str, list[str]] = {durable: [] for durable in CONSUMERS}
    for module in (ROOT / "services").rglob("*.py"):
        for durable in re.findall(
            r'@subscriber\(\s*broker,\s*"([\w-]+)"', module.read_text(encoding="utf-8")
        ):
            found[durable].append(module.relative_to(ROOT / "services").parts[0])
    assert {durable: len(services) for durable, services in found.items()} == dict.fromkeys(CONSUMERS, 1)
    assert all(durable.startswith(services[0]) for durable, services in found.items())
