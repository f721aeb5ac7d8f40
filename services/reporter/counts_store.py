"""Reads what figures are made of: one consistent state of the read models, never records."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg
import numpy as np

from services.reporter.counts import (
    Area,
    AreaCount,
    Counts,
    CrimeCount,
    MonthState,
    Place,
    Point,
    by_name,
    judged,
    refuse_silence,
    street_name,
)
from services.reporter.figures import COUNTED
from services.reporter.refusal import Refusal
from shared.areas import ForceAreas
from shared.coverage import USUAL_MONTHS, revision_of
from shared.db import fetch_one, read_sql, translate_errors
from shared.model import months_after
from shared.ons import bundled
from shared.tiers import RADIUS_M, Tier, Window, window_of

COUNTRIES_KEPT = 100
Connection = asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True)
class Grid:
    """A month's counts as they can be read."""

    version: int
    mapping: int
    release: date | None


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


class CountsStore:
    """Counts around a postcode, in its police area, and in the country."""

    def __init__(self, pool: asyncpg.Pool, areas: ForceAreas) -> None:
        self.pool = pool
        self.areas = areas
        self.countries: dict[str, tuple[dict[str, int], int]] = {}

    async def read(
        self, postcode: str, latitude: float, longitude: float, source: str, tier: Tier
    ) -> tuple[Counts, list[Point]]:
        """The counts of a report, and its map points, the most frequent first.

        Raises:
            Refusal: the place is in no police area, or nothing is loaded, or its force publishes nothing.
            TransientError: the database cannot be reached.
        """
        async with (
            translate_errors(),
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            reading = Reading(connection)
            area = await reading.area(self.force_at(postcode, latitude, longitude))
            grids = await reading.grids()
            if not grids:
                raise Refusal("nothing-loaded", "no month of street crimes is loaded yet: order again later")
            window = window_of(tier, grids)
            mix = await reading.area_mix(area, window)
            months = await reading.month_states(area, window, grids, mix)
            refuse_silence(area, window, months)
            counted = [state.month for state in months if state.state in COUNTED]
            crimes, points = await reading.near(latitude, longitude, counted)
            country, forces = await self.country(reading, grids, counted)
            return Counts(
                place=Place(postcode, latitude, longitude, area.slug, area.name, source),
                window=window,
                months=months,
                crimes=crimes,
                neighbours=await self.neighbours(reading, area, latitude, longitude, window, grids, counted),
                locations=by_name(points),
                area=[count for count in mix_counts(mix) if count.month in counted],
                country=country,
                country_forces=forces,
                categories=await reading.categories(),
                outcome_groups=await reading.outcome_groups(),
                ons=bundled(),
                revision=revision_of((month, as_counted(grids.get(month))) for month in window.months),
            ), points

    async def country(
        self, reading: "Reading", grids: dict[date, Grid], months: Sequence[date]
    ) -> tuple[dict[str, int], int]:
        """The country's counts of some months, which most reports share: remembered by the data's name."""
        name = revision_of((month, as_counted(grids[month])) for month in months)
        if name not in self.countries:
            self.countries[name] = await reading.country(months)
            if len(self.countries) > COUNTRIES_KEPT:
                del self.countries[next(iter(self.countries))]
        return self.countries[name]

    async def neighbours(
        self,
        reading: "Reading",
        area: Area,
        latitude: float,
        longitude: float,
        window: Window,
        grids: dict[date, Grid],
        counted: Sequence[date],
    ) -> list[tuple[str, int]]:
        """The other police areas inside the radius, with the counted months that they have data of."""
        found = []
        for slug in self.areas.reaching(longitude, latitude, RADIUS_M):
            if slug != area.slug:
                other = await reading.area(slug)
                mix = await reading.area_mix(other, window)
                states = await reading.month_states(other, window, grids, mix)
                known = [s for s in states if s.state in ("published", "published_empty")]
                found.append((other.name, sum(state.month in counted for state in known)))
        return found

    def force_at(self, postcode: str, latitude: float, longitude: float) -> str:
        """The police area that a place lies in."""
        (force,) = self.areas.assign(np.array([longitude]), np.array([latitude]))
        if force is None:
            raise Refusal(
                "no-police-area",
                f"{postcode} lies in no police area of England and Wales: there is nothing to report on",
                field="postcode",
            )
        return force


class Reading:
    """The queries of one report, in one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def area(self, slug: str) -> Area:
        """The row of a force."""
        row = await fetch_one(self.connection, sql("select_force"), slug)
        return Area(row["id"], slug, row["name"], row["population"])

    async def grids(self) -> dict[date, Grid]:
        """The months that can be read."""
        rows = await self.connection.fetch(sql("select_grids"))
        return {row["month"]: Grid(row["version_id"], row["mapping_version"], row["release"]) for row in rows}

    async def area_mix(self, area: Area, window: Window) -> list[asyncpg.Record]:
        """The police area's counts in the window, and in the months that say what is usual."""
        earliest = months_after(window.first, -USUAL_MONTHS)
        return await self.connection.fetch(sql("select_area_mix"), area.id, earliest, window.last)

    async def month_states(
        self, area: Area, window: Window, grids: dict[date, Grid], mix: Sequence[asyncpg.Record]
    ) -> list[MonthState]:
        """What is known of each month of the window. Railway police count for themselves."""
        records: Counter[date] = Counter()
        for row in mix:
            records[row["month"]] += row["located"] - row["located_btp"] + row["unlocated"]
        scopes = await self.scopes()
        states = []
        for month in window.months:
            grid = grids.get(month)
            state, evidence = judged(
                area,
                records[month],
                [records[months_after(month, -back)] for back in range(1, USUAL_MONTHS + 1)],
                loaded=grid is not None,
                in_scope=area.slug in scopes.get(month, [area.slug]),
            )
            version, release = (grid.version, grid.release) if grid else (None, None)
            states.append(MonthState(month, version, release, state, evidence))
        return states

    async def near(
        self, latitude: float, longitude: float, months: Sequence[date]
    ) -> tuple[list[CrimeCount], list[Point]]:
        """Street crimes inside the radius: by month, category and outcome, and by map point."""
        rows = await self.connection.fetch(
            sql("select_near_counts"), longitude, latitude, float(RADIUS_M), months
        )
        words = {row["id"]: row for row in await self.connection.fetch(sql("select_words"))}
        crimes = [
            CrimeCount(
                row["month"],
                words[row["category_id"]]["value"],
                words[row["outcome_id"]]["group_slug"],
                words[row["outcome_id"]]["is_pending"],
                row["n"],
            )
            for row in rows
            if row["month"] is not None
        ]
        n = {row["snap_point_id"]: row["n"] for row in rows if row["month"] is None}
        places = await self.connection.fetch(sql("select_points"), list(n))
        points = [
            Point(row["lat_e6"] / 1e6, row["lon_e6"] / 1e6, street_name(row["street_name"]), n[row["id"]])
            for row in places
        ]
        return crimes, sorted(
            points, key=lambda point: (-point.n, point.latitude, point.longitude, point.name)
        )

    async def scopes(self) -> dict[date, list[str]]:
        """Months that were only ever asked of some forces, with these."""
        return {row["month"]: row["forces"] for row in await self.connection.fetch(sql("select_scopes"))}

    async def country(self, months: Sequence[date]) -> tuple[dict[str, int], int]:
        """Located street crimes of England and Wales by category, and the number of areas that they are of.

        Only of months in which an area's force has published: what its neighbours placed in it is left out.
        """
        scopes, pairs = await self.scopes(), []
        earliest = months_after(min(months), -USUAL_MONTHS)
        records: dict[Area, Counter[date]] = {}
        for row in await self.connection.fetch(sql("select_force_months"), earliest, max(months)):
            area = Area(row["force_id"], row["slug"], row["name"], row["population"])
            records.setdefault(area, Counter())[row["month"]] = row["records"]
        for area, by_month in records.items():
            for month in months:
                usual = [by_month[months_after(month, -back)] for back in range(1, USUAL_MONTHS + 1)]
                in_scope = area.slug in scopes.get(month, [area.slug])
                state, _ = judged(area, by_month[month], usual, loaded=True, in_scope=in_scope)
                if state == "published":
                    pairs.append((area.id, month))
        ids, days = [force for force, _ in pairs], [month for _, month in pairs]
        rows = await self.connection.fetch(sql("select_country_mix"), ids, days)
        return {row["category"]: row["located"] for row in rows}, len(set(ids))

    async def categories(self) -> dict[str, str]:
        """Names of categories by slug."""
        return {row["slug"]: row["name"] for row in await self.connection.fetch(sql("select_categories"))}

    async def outcome_groups(self) -> dict[str, str]:
        """Labels of outcome groups by slug, in the order in which they are shown."""
        return {
            row["slug"]: row["label"] for row in await self.connection.fetch(sql("select_outcome_groups"))
        }


def mix_counts(mix: Sequence[asyncpg.Record]) -> list[AreaCount]:
    """Rows of `select_area_mix`."""
    return [AreaCount(row["month"], row["category"], row["located"], row["unlocated"]) for row in mix]


def as_counted(grid: Grid | None) -> tuple[int, int] | None:
    """What names the counts of a month; None where it is not loaded."""
    return (grid.version, grid.mapping) if grid else None
