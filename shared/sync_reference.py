"""Bring the reference tables of a database to what `shared/reference` says."""

import asyncpg

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

PUT_FORCE = """
INSERT INTO force (id, slug, name, pfa_code, population) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, pfa_code = excluded.pfa_code, population = excluded.population
"""
PUT_CATEGORY = """
INSERT INTO category (slug, name, is_crime) VALUES ($1, $2, $3)
ON CONFLICT (slug) DO UPDATE SET name = excluded.name, is_crime = excluded.is_crime
"""
PUT_GROUP = """
INSERT INTO outcome_group (id, dataset, slug, label, in_denominator) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (dataset, slug) DO UPDATE
SET label = excluded.label, in_denominator = excluded.in_denominator
"""
PUT_MAPPING = """
INSERT INTO outcome_mapping (kind, value, group_id, stage, is_final, any_action, mapping_version)
SELECT $1, $2, g.id, $5, $6, $7, $8 FROM outcome_group AS g WHERE g.dataset = $3 AND g.slug = $4
"""

Mapping = tuple[str, str | None, str, str, str | None, bool | None, bool | None, int]
"""kind, value, dataset, group, stage, is_final, any_action, version."""


async def sync_reference(connection: Connection) -> None:
    """Add and update forces, categories and groups; replace the outcome mapping. Ids once given stay."""
    taken = {row["slug"]: row["id"] for row in await connection.fetch("SELECT slug, id FROM force")}
    fresh = iter(set(range(1, 1000)) - set(taken.values()))
    await connection.executemany(
        PUT_FORCE,
        [
            (taken.get(force.id) or next(fresh), force.id, force.name, force.pfa_code, force.population)
            for force in forces()
        ],
    )
    await connection.executemany(
        PUT_CATEGORY, [(category.slug, category.name, category.is_crime) for category in categories()]
    )
    # The place in the file is the id: groups are only ever added at its end.
    await connection.executemany(
        PUT_GROUP,
        [
            (n, group.dataset, group.group, group.label, group.in_denominator)
            for n, group in enumerate(outcome_groups(), start=1)
        ],
    )
    await connection.execute("DELETE FROM outcome_mapping")
    await connection.executemany(PUT_MAPPING, mappings())


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
