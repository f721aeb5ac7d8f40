"""Bring the reference tables of a database to what `shared/reference` says."""

from pathlib import Path

import asyncpg

from shared.db import read_sql
from shared.reference import (
    MAPPING_VERSION,
    NO_OUTCOME,
    categories,
    forces,
    outcome_groups,
    stop_outcomes,
    street_outcomes,
)

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


Mapping = tuple[str, str | None, str, str, str | None, bool | None, bool | None, int]
"""kind, value, dataset, group, stage, is_final, any_action, version."""


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


async def sync_reference(connection: Connection) -> None:
    """Add and update forces, categories and groups; replace the outcome mapping. Ids once given stay."""
    taken = {row["slug"]: row["id"] for row in await connection.fetch(sql("select_forces"))}
    fresh = iter(set(range(1, 1000)) - set(taken.values()))
    await connection.executemany(
        sql("put_force"),
        [
            (taken.get(force.id) or next(fresh), force.id, force.name, force.pfa_code, force.population)
            for force in forces()
        ],
    )
    await connection.executemany(
        sql("put_category"), [(category.slug, category.name, category.is_crime) for category in categories()]
    )
    # The place in the file is the id: groups are only ever added at its end.
    await connection.executemany(
        sql("put_outcome_group"),
        [
            (n, group.dataset, group.group, group.label, group.in_denominator)
            for n, group in enumerate(outcome_groups(), start=1)
        ],
    )
    await connection.execute(sql("delete_outcome_mapping"))
    await connection.executemany(sql("insert_outcome_mapping"), mappings())


def mappings() -> list[Mapping]:
    """Every published outcome label with its group."""
    nothing: Mapping = ("street_outcome", None, "street", NO_OUTCOME, None, None, None, MAPPING_VERSION)
    crimes: list[Mapping] = [
        (kind, name, "street", outcome.group, outcome.stage, outcome.is_final, None, MAPPING_VERSION)
        for outcome in street_outcomes()
        for name in outcome.names
        for kind in ("street_outcome", "outcome")
    ]
    stops: list[Mapping] = [
        (
            "stop_outcome",
            "false" if outcome.raw is False else outcome.raw,
            "stops",
            outcome.group,
            None,
            None,
            outcome.any_action,
            MAPPING_VERSION,
        )
        for outcome in stop_outcomes()
    ]
    return [nothing, *crimes, *stops]
