"""Reads what figures are made of: one consistent state of the read models, never records."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import asyncpg
import numpy as np

from shared.area_figures.counts import (
    Area,
    AreaCount,
    Counts,
    CrimeCount,
    Neighbour,
    Place,
    Point,
    by_name,
    refuse_silence,
    street_name,
)
from shared.area_figures.force_months import (
    ForceMonths,
    Grid,
    as_counted,
    month_states,
    months_with_data,
    usual,
)
from shared.area_figures.refusal import Refusal
from shared.areas import ForceAreas
from shared.coverage import COUNTED, months_judged_by, revision_of, typical_change
from shared.db import fetch_one, read_sql, translate_errors
from shared.map_points import MapPoints
from shared.ons import current
from shared.tiers import RADIUS_M, Tier, Window, window_of

COUNTRIES_KEPT = 100
Connection = asyncpg.pool.PoolConnectionProxy


def sql(name: str) -> str:
    """The statement in `sql/name.sql`."""
    return read_sql(Path(__file__).parent, name)


class CountsStore:
    """Counts around a postcode, in its police area, and in the country."""

    def __init__(self, pool: asyncpg.Pool, areas: ForceAreas) -> None:
        self.pool = pool
        self.areas = areas
        self.countries: dict[str, tuple[dict[str, int], int]] = {}
        self.known: tuple[str, ForceMonths] | None = None
        self.map_points = MapPoints()

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
            return await self.read_in(connection, postcode, latitude, longitude, source, tier)

    async def read_in(
        self,
        connection: Connection,
        postcode: str,
        latitude: float,
        longitude: float,
        source: str,
        tier: Tier,
    ) -> tuple[Counts, list[Point]]:
        """The same in a transaction that is open: one state of the database.

        Raises:
            Refusal: the same.
        """
        reading = Reading(connection, self.map_points)
        area = await reading.area(self.force_at(postcode, latitude, longitude))
        grids = await reading.grids()
        if not grids:
            raise Refusal("nothing-loaded", "no month of street crimes is loaded yet: order again later")
        window = window_of(tier, grids)
        mix = await reading.area_mix(area, window)
        known = await self.force_months(reading, grids)
        months = month_states(known, area, window, grids)
        refuse_silence(area, window, months)
        counted = [state.month for state in months if state.state in COUNTED]
        crimes, points = await reading.near(latitude, longitude, counted)
        country, forces = await self.country(reading, known, grids, counted)
        return Counts(
            place=Place(postcode, latitude, longitude, area.slug, area.name, source),
            window=window,
            months=months,
            crimes=crimes,
            neighbours=[
                Neighbour(other.slug, other.name, months_with_data(known, other, window, grids, counted))
                for other in await self.neighbours(reading, area, longitude, latitude)
            ],
            railway_months=known.railway_months(counted),
            locations=by_name(points),
            area=[count for count in mix_counts(mix) if count.month in counted],
            country=country,
            country_forces=forces,
            categories=await reading.categories(),
            outcome_groups=await reading.outcome_groups(),
            ons=current(),
            revision=revision_of(
                (month, as_counted(grids.get(month))) for month in months_judged_by(window.first, window.last)
            ),
        ), points

    async def force_months(self, reading: "Reading", grids: dict[date, Grid]) -> ForceMonths:
        """All areas' records, which every report needs: remembered by the data's name."""
        scopes = await reading.scopes()
        name = revision_of((month, as_counted(grids[month])) for month in sorted(grids)) + repr(scopes)
        if self.known is None or self.known[0] != name:
            self.known = name, await reading.force_months(sorted(grids), scopes)
            self.countries.clear()
        return self.known[1]

    async def country(
        self, reading: "Reading", known: ForceMonths, grids: dict[date, Grid], months: Sequence[date]
    ) -> tuple[dict[str, int], int]:
        """The country's counts of some months, which most reports share: remembered by the data's name."""
        name = revision_of((month, as_counted(grids[month])) for month in months)
        if name not in self.countries:
            self.countries[name] = await reading.country(known, months)
            if len(self.countries) > COUNTRIES_KEPT:
                del self.countries[next(iter(self.countries))]
        return self.countries[name]

    async def neighbours(
        self, reading: "Reading", area: Area, longitude: float, latitude: float
    ) -> list[Area]:
        """The other police areas inside the radius."""
        reached = self.areas.reaching(longitude, latitude, RADIUS_M)
        return [await reading.area(slug) for slug in reached if slug != area.slug]

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

    def __init__(self, connection: Connection, map_points: MapPoints) -> None:
        self.connection, self.map_points = connection, map_points

    async def area(self, slug: str) -> Area:
        """The row of a force."""
        row = await fetch_one(self.connection, sql("select_force"), slug)
        return Area(row["id"], slug, row["name"], row["population"])

    async def grids(self) -> dict[date, Grid]:
        """The months that can be read."""
        rows = await self.connection.fetch(sql("select_grids"))
        return {row["month"]: Grid(row["version_id"], row["mapping_version"], row["release"]) for row in rows}

    async def area_mix(self, area: Area, window: Window) -> list[asyncpg.Record]:
        """The police area's counts in the window."""
        return await self.connection.fetch(sql("select_area_mix"), area.id, window.first, window.last)

    async def near(
        self, latitude: float, longitude: float, months: Sequence[date]
    ) -> tuple[list[CrimeCount], list[Point]]:
        """Street crimes inside the radius: by month, category and outcome, and by map point."""
        near = await self.map_points.in_circle(self.connection, latitude, longitude, RADIUS_M)
        rows = await self.connection.fetch(sql("select_near_counts"), near, months)
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

    async def force_months(self, months: Sequence[date], scopes: dict[date, list[str]]) -> ForceMonths:
        """The records of every police area of some months, and how the months typically compare."""
        records: dict[Area, Counter[date]] = {}
        for row in await self.connection.fetch(sql("select_force_months"), months[0], months[-1]):
            area = Area(row["force_id"], row["slug"], row["name"], row["population"])
            records.setdefault(area, Counter())[row["month"]] = row["records"]
        railway = await self.connection.fetch(sql("select_railway_months"), months[0], months[-1])
        changes = {
            month: typical_change((counts[month], usual(counts, month)) for counts in records.values())
            for month in months
        }
        return ForceMonths(
            records, Counter({row["month"]: row["records"] for row in railway}), scopes, changes
        )

    async def country(self, known: ForceMonths, months: Sequence[date]) -> tuple[dict[str, int], int]:
        """Located street crimes of England and Wales by category, and the number of areas that they are of.

        Only of months in which an area's force has published: what its neighbours placed in it is left out.
        """
        pairs = [
            (area.id, month)
            for area in known.records
            for month in months
            if known.judge(area, month, loaded=True)[0] in ("published", "known_issue")
        ]
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
