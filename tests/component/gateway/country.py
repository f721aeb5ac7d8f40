"""A small made-up country: records are written as the loader would, cells by the hexer itself."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import numpy as np

from services.hexer.store import Store as Hexer
from shared.hexgrid import EDGES_M, cells, project
from shared.model import Dataset

OCTOBER, NOVEMBER, DECEMBER = date(2018, 10, 1), date(2018, 11, 1), date(2018, 12, 1)

Place = tuple[str | None, tuple[float, float] | None, str | None]
"""Force, longitude and latitude, location type."""
CITY: Place = ("city-of-london", (-0.0922, 51.5155), "Force")
BANK: Place = ("city-of-london", (-0.0886, 51.5134), "Force")
STATION: Place = ("city-of-london", (-0.0817, 51.5178), "BTP")
MANCHESTER: Place = ("greater-manchester", (-2.2426, 53.4808), "Force")
SEA: Place = (None, (-4.2518, 55.8642), "BTP")
NOWHERE: Place = ("city-of-london", None, None)
AT_SEA: Place = (None, (0.9, 50.2), "Force")

Row = tuple[Place, str | None, str | None]
"""Where, category, outcome."""


PERSON = [
    ("stop_type", "Person search"),
    ("gender", "Male"),
    ("age_range", "18-24"),
    ("self_ethnicity", "Other ethnic group - Not stated"),
    ("officer_ethnicity", None),
    ("legislation", "Misuse of Drugs Act 1971 (section 23)"),
]
"""Of whom every stop is."""

CHARGED, NO_SUSPECT = "Suspect charged", "Investigation complete; no suspect identified"
ROWS: list[Row] = [
    *[(CITY, "burglary", CHARGED)] * 3,
    *[(BANK, "robbery", NO_SUSPECT)] * 4,
    *[(STATION, "robbery", None)] * 2,
    *[(NOWHERE, "shoplifting", None)] * 5,
    *[(SEA, "drugs", None)] * 1,
    *[(AT_SEA, "drugs", CHARGED)] * 2,
    *[(MANCHESTER, "burglary", None)] * 6,
]


@dataclass
class Country:
    """Writes into a migrated database."""

    pool: asyncpg.Pool

    async def load(
        self,
        dataset: Dataset,
        month: date,
        rows: list[Row],
        *,
        asked: list[str] | None = None,
        empty_lists: tuple[str, ...] = (),
        cells: bool = True,
        set_aside: int = 0,
    ) -> int:
        """Load a month and return its version; `asked` are the forces of a run that did not ask for all."""
        run = await self.run(dataset, month, asked, empty_lists)
        version: int = await self.pool.fetchval(
            "INSERT INTO version (dataset, month, run_id, source, release, received, duplicates, set_aside, "
            "out_of_scope, kept_from_previous, stored, checksum) "
            "VALUES ($1, $2, $3, 'api', '2019-01-01', $4, 2, $5, 0, 0, $6, '') RETURNING id",
            dataset, month, run, len(rows) + 2 + set_aside, set_aside, len(rows),
        )  # fmt: skip
        for n in range(set_aside):
            await self.pool.execute("INSERT INTO set_aside VALUES ($1, 't0', $2, 'no month', '{}')", run, n)
        await self.write_records(dataset, version, rows)
        await self.pool.execute(
            "INSERT INTO current_version VALUES ($1, $2, $3) "
            "ON CONFLICT (dataset, month) DO UPDATE SET version_id = excluded.version_id",
            dataset, month, version,
        )  # fmt: skip
        await self.decide(dataset, month, "loaded", run, version=version)
        if cells:
            await Hexer(self.pool).rebuild(dataset, month)
        return version

    async def people(self, n: int, *forces: str) -> None:
        """Let so many live in the areas of some forces, of which few crimes are then believed."""
        await self.pool.execute("UPDATE force SET population = $1 WHERE slug = ANY($2)", n, forces)

    async def run(
        self, dataset: Dataset, month: date, asked: list[str] | None, empty_lists: tuple[str, ...]
    ) -> UUID:
        """A finished run of the fetcher."""
        run = uuid4()
        await self.pool.execute(
            "INSERT INTO run (id, order_id, dataset, month, forces, state) "
            "VALUES ($1, $1, $2, $3, $4, 'fetched')",
            run, dataset, month, asked,
        )  # fmt: skip
        for force in empty_lists:
            await self.pool.execute(
                "INSERT INTO slice (run_id, id, kind, force, state, records) "
                "VALUES ($1, $2, 'force', $2, 'fetched', 0)",
                run, force,
            )  # fmt: skip
        return run

    async def decide(
        self,
        dataset: Dataset,
        month: date,
        verdict: str,
        run: UUID | None = None,
        *,
        version: int | None = None,
    ) -> None:
        """The gate's verdict on a run."""
        reasons = ["kent went from 900 to 3 records"] if verdict == "rejected" else []
        await self.pool.execute(
            "INSERT INTO verdict (run_id, dataset, month, verdict, version_id, reasons, seconds) "
            "VALUES ($1, $2, $3, $4, $5, $6, 1)",
            run or uuid4(), dataset, month, verdict, version, reasons,
        )  # fmt: skip

    async def write_records(self, dataset: Dataset, version: int, rows: list[Row]) -> None:
        """The records of a version, and its manifest."""
        street = dataset is Dataset.STREET
        parent = "street_crime" if street else "stop"
        await self.pool.execute(
            f"CREATE TABLE {parent}_{version} PARTITION OF {parent} FOR VALUES IN ({version})"
        )
        manifest: Counter[tuple[object, ...]] = Counter()
        for n, (place, category, outcome) in enumerate(rows):
            point = await self.point(place)
            category_id = await self.label("category" if street else "object_of_search", category)
            outcome_id = await self.label("street_outcome" if street else "stop_outcome", outcome)
            force = await self.pool.fetchval("SELECT id FROM force WHERE slug = $1", place[0])
            kind = place[2] if street else None
            manifest[version, force, kind, place[1] is not None, category_id, outcome_id] += 1
            if street:
                await self.pool.execute(
                    "INSERT INTO street_crime VALUES ($1, $2, $3, $4, NULL, $5, '', '', '')",
                    version, point, category_id, outcome_id, n,
                )  # fmt: skip
            else:
                person = [await self.label(kind, value) for kind, value in PERSON]
                await self.pool.execute(
                    "INSERT INTO stop VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
                    "'2018-10-05T12:00Z', NULL, NULL, NULL, NULL, NULL, '', '')",
                    version, point, force, *person, category_id, outcome_id, n,
                )  # fmt: skip
        for key, number in manifest.items():
            await self.pool.execute(
                "INSERT INTO version_count VALUES ($1, $2, $3, $4, $5, $6, $7)", *key, number
            )

    async def point(self, place: Place) -> int:
        """The number of a place."""
        force, lon_lat, kind = place
        key = hashlib.sha256(repr(place).encode()).digest()[:16]
        numbers: list[int | None] = [None] * 10
        if lon_lat:
            east, north = project(*(np.array([degrees]) for degrees in lon_lat))
            cell = [int(part[0]) for edge in EDGES_M for part in cells(east, north, edge)]
            numbers = [*(round(degrees * 1e6) for degrees in lon_lat), *cell]
        await self.pool.execute(
            "INSERT INTO snap_point (key, location_type, force_id, located, lon_e6, lat_e6, i_275, j_275, "
            "i_1100, j_1100, i_4400, j_4400, i_17600, j_17600) "
            "VALUES ($1, $2, (SELECT id FROM force WHERE slug = $3), "
            "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
            key, kind, force, lon_lat is not None, *numbers,
        )  # fmt: skip
        number: int = await self.pool.fetchval("SELECT id FROM snap_point WHERE key = $1", key)
        return number

    async def label(self, kind: str, value: str | None) -> int:
        """The number of a published word."""
        await self.pool.execute(
            "INSERT INTO label (kind, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", kind, value
        )
        number: int = await self.pool.fetchval(
            "SELECT id FROM label WHERE kind = $1 AND value IS NOT DISTINCT FROM $2", kind, value
        )
        return number
