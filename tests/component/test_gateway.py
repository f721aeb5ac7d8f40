"""The gateway over real HTTP, against a real database."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import shapely
import uvicorn

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.store import CellQuery, Store, sql
from shared.db import open_pool
from shared.hexgrid import EDGES_M
from shared.model import Dataset
from tests.component.gateway_data import (
    AT_SEA,
    BANK,
    CITY,
    DECEMBER,
    MANCHESTER,
    NOVEMBER,
    NOWHERE,
    OCTOBER,
    SEA,
    STATION,
    Country,
    Row,
)

Client = httpx.AsyncClient
STREET, STOPS = Dataset.STREET, Dataset.STOPS
UK = "-9,49,3,61"
HEXES = f"/api/v1/hexes?dataset=street&level=275&bbox={UK}&month=2018-10"
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


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url) as pool:
        yield pool


@pytest.fixture
def country(pool: asyncpg.Pool) -> Country:
    return Country(pool)


@pytest.fixture
async def client(
    pool: asyncpg.Pool, database_url: str, nats_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    """The gateway on a port of its own; a parameter is the number of cells that it answers with at most."""
    most = getattr(request, "param", 20_000)
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url, http_port=0, max_cells=most)
    config = uvicorn.Config(create_app(settings, pool), host="127.0.0.1", port=0, log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client
    server.should_exit = True
    await task


async def get(client: Client, path: str, status: int = 200, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def states(client: Client, dataset: Dataset, month: str = "2018-10") -> dict[str | None, Any]:
    """The rows of one month by force."""
    coverage = await get(client, "/api/v1/coverage", dataset=dataset, month=month)
    return {row["force"]: row for row in coverage["datasets"][0]["months"][0]["forces"]}


async def hexes(client: Client, **params: Any) -> Any:
    return await get(
        client,
        "/api/v1/hexes",
        **({"dataset": "street", "level": 1100, "bbox": UK, "month": "2018-10"} | params),
    )


async def test_a_force_without_records_is_not_published_and_not_zero(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")] * 7)
    for dataset in (STREET, STOPS):
        kent = (await states(client, dataset))["kent"]
        assert (kent["state"], kent["records"], kent["located"]) == ("not_published", None, None)
        assert kent["evidence"]


async def test_btp_places_outside_every_area_and_unlocated_records_are_told_apart(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    rows = await states(client, STREET)
    numbers = {
        force: (row["records"], row["located"], row["unlocated"])
        for force, row in rows.items()
        if row["records"] is not None
    }
    assert numbers == {
        "city-of-london": (12, 7, 5),
        "btp": (3, 3, 0),
        "greater-manchester": (6, 6, 0),
        None: (2, 2, 0),
    }
    month = (await get(client, "/api/v1/coverage", dataset="street"))["datasets"][0]["months"][0]
    assert (month["records"], month["located"], month["unlocated"]) == (23, 18, 5)


async def test_an_area_with_only_its_neighbours_records_is_suspected(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    rows = await states(client, STREET)
    assert rows["greater-manchester"]["state"] == "partial_suspected"
    assert "2,948,600 residents" in rows["greater-manchester"]["evidence"]
    assert rows["city-of-london"]["state"] == "published"


async def test_a_month_far_below_the_months_before_is_suspected(client: Client, country: Country) -> None:
    for month in (7, 8, 9):
        await country.load(STOPS, OCTOBER.replace(month=month), [(CITY, None, "Arrest")] * 40)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")] * 7)
    await country.load(STOPS, NOVEMBER, [(CITY, None, "Arrest")] * 8)
    assert (await states(client, STOPS))["city-of-london"]["state"] == "partial_suspected"
    assert (await states(client, STOPS, "2018-11"))["city-of-london"]["state"] == "published"


async def test_a_listed_force_with_an_empty_list_is_published_empty(client: Client, country: Country) -> None:
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")], empty_lists=("kent",))
    rows = await states(client, STOPS)
    assert (rows["kent"]["state"], rows["kent"]["records"]) == ("published_empty", 0)
    assert rows["surrey"]["state"] == "not_published"


async def test_a_run_that_asked_every_force_proves_no_empty_list(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    slugs = [row["slug"] for row in await pool.fetch("SELECT slug FROM force")]
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")], empty_lists=tuple(slugs))
    assert (await states(client, STOPS))["kent"]["state"] == "not_published"


async def test_a_force_that_was_not_asked_for_is_not_loaded(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 20, asked=["city-of-london"])
    rows = await states(client, STREET)
    assert (rows["kent"]["state"], rows["kent"]["records"]) == ("not_loaded", None)
    assert rows["city-of-london"]["state"] == "published"
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 21)
    assert (await states(client, STREET))["kent"]["state"] == "not_published"


async def test_a_month_that_is_not_loaded_is_named_and_has_no_numbers(
    client: Client, country: Country
) -> None:
    for month in (OCTOBER, DECEMBER):
        await country.load(STREET, month, ROWS)
    street = (await get(client, "/api/v1/coverage", dataset="street", month="2018-11"))["datasets"][0]
    assert street["missing_months"] == ["2018-11"]
    assert (street["records"], street["first_month"], street["last_month"]) == (46, "2018-10", "2018-12")
    november = street["months"][0]
    assert (november["loaded"], november["records"], november["version"]) == (False, None, None)
    assert {row["state"] for row in november["forces"]} == {"not_loaded"}
    assert {row["records"] for row in november["forces"]} == {None}


async def test_a_refused_month_is_listed_with_reasons_until_a_newer_verdict(
    client: Client, country: Country
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS)
    await country.decide(STREET, OCTOBER, "rejected")
    coverage = await get(client, "/api/v1/coverage", dataset="street")
    (refused,) = coverage["rejected"]
    assert (refused["month"], refused["kept_version"]) == ("2018-10", version)
    assert refused["reasons"] == ["kent went from 900 to 3 records"]
    assert coverage["datasets"][0]["months"][0]["version"] == version
    assert "kent went from 900 to 3 records" in (await client.get("/")).text
    await country.load(STREET, OCTOBER, ROWS[:-1])
    assert (await get(client, "/api/v1/coverage"))["rejected"] == []


async def test_the_proof_counts_the_records_themselves(
    client: Client, country: Country, pool: asyncpg.Pool
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS, set_aside=3)
    proof = await get(client, "/api/v1/coverage/proof", dataset="street", month="2018-10")
    assert proof["holds"] is True
    assert (proof["version"], proof["received"], proof["counted"]) == (version, 28, 23)
    assert proof["set_aside_reasons"] == [{"reason": "no month", "records": 3}]
    await pool.execute("DELETE FROM street_crime WHERE version_id = $1 AND ordinal = 0", version)
    proof = await get(client, "/api/v1/coverage/proof", dataset="street", month="2018-10")
    assert (proof["holds"], proof["counted"]) == (False, 22)


async def test_forces_have_the_months_with_their_records(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, DECEMBER, [(CITY, "drugs", None)])
    forces = {force["id"]: force for force in (await get(client, "/api/v1/forces"))["forces"]}
    assert len(forces) == 45
    assert forces["city-of-london"]["datasets"] == {
        "street": {"first_month": "2018-10", "last_month": "2018-12", "months": 2}
    }
    assert forces["btp"]["datasets"]["street"]["last_month"] == "2018-10"
    assert forces["kent"] == {"id": "kent", "name": "Kent Police", "population": 1897100, "datasets": {}}


@pytest.mark.parametrize("level", EDGES_M)
async def test_cells_hold_every_located_record(client: Client, country: Country, level: int) -> None:
    version = await country.load(STREET, OCTOBER, ROWS)
    answer = await hexes(client, level=level)
    located = [row for row in ROWS if row[0][1]]
    assert answer["total"] == len(located) == sum(cell["properties"]["total"] for cell in answer["features"])
    categories: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for cell in answer["features"]:
        categories.update(cell["properties"]["categories"])
        groups.update(cell["properties"]["outcome_groups"])
    assert categories == Counter(row[1] for row in located)
    assert groups == {"positive": 5, "negative": 4, "none": 9}
    assert answer["data_version"] == {"2018-10": version}
    assert "5 records without a location" in " ".join(answer["notes"])
    for place in (CITY, MANCHESTER, SEA):
        point = shapely.Point(*place[1] or ())
        assert (
            sum(
                shapely.Polygon(cell["geometry"]["coordinates"][0]).covers(point)
                for cell in answer["features"]
            )
            == 1
        )


@pytest.mark.parametrize("level", [275, 4400])
async def test_a_rectangle_gives_exactly_the_cells_that_it_touches(
    client: Client, country: Country, level: int
) -> None:
    numbers = random.Random(7)
    places = [("kent", (numbers.uniform(-5, 1.5), numbers.uniform(50.5, 54)), "Force") for _ in range(400)]
    await country.load(STREET, OCTOBER, [(place, "drugs", None) for place in places])
    everything = (await hexes(client, level=level))["features"]
    shapes = {cell["id"]: shapely.Polygon(cell["geometry"]["coordinates"][0]) for cell in everything}
    for _ in range(25):
        west, south = numbers.uniform(-5.5, 1), numbers.uniform(50, 54)
        box = (
            west,
            south,
            west + numbers.choice([0, 0.01, 0.4, 3]),
            south + numbers.choice([0, 0.02, 0.3, 2]),
        )
        if numbers.random() < 0.3:  # a rectangle that has one of the corners of a cell for its own
            corner = shapes[numbers.choice(everything)["id"]].exterior.coords[0]
            box = (*corner, corner[0] + 0.3, corner[1] + 0.3)
        found = await hexes(client, level=level, bbox=",".join(map(repr, box)))
        expected = {name for name, shape in shapes.items() if shape.intersects(shapely.box(*box))}
        assert {cell["id"] for cell in found["features"]} == expected


async def test_a_range_sums_its_months_and_names_those_that_are_missing(
    client: Client, country: Country
) -> None:
    first = await country.load(STREET, OCTOBER, ROWS)
    last = await country.load(STREET, DECEMBER, [(CITY, "drugs", None)] * 9)
    answer = await hexes(client, month="2018-10..2018-12")
    assert answer["data_version"] == {"2018-10": first, "2018-12": last}
    assert answer["missing_months"] == ["2018-11"]
    assert "2018-11 is not held: it is missing from the counts, not zero" in answer["notes"]
    assert answer["total"] == 18 + 9


async def test_filters_leave_only_what_was_asked_for(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(
        STOPS, OCTOBER, [(CITY, None, "Arrest"), (CITY, "", None), (BANK, "Firearms", "Arrest")]
    )
    assert (await hexes(client, category="burglary"))["total"] == 9
    assert (await hexes(client, category="burglary,robbery", outcome_group="positive"))["total"] == 3
    unknown = await hexes(client, dataset="stops", category="not-recorded")
    assert unknown["total"] == 2
    assert unknown["features"][0]["properties"]["categories"] == {"not-recorded": 2}
    assert unknown["filters"]["category"] == ["not-recorded"]
    assert (await hexes(client, category="bicycle-theft"))["features"] == []


async def test_gaps_near_the_rectangle_are_named(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    manchester = await hexes(client, bbox="-2.3,53.4,-2.2,53.5")
    gaps = {gap["force"]: gap["state"] for gap in manchester["gaps"]}
    assert gaps["greater-manchester"] == "partial_suspected"
    assert gaps["cheshire"] == "not_published"
    assert "kent" not in gaps


async def test_a_map_that_lags_behind_says_so(client: Client, country: Country) -> None:
    old = await country.load(STREET, OCTOBER, ROWS)
    await country.load(STREET, OCTOBER, ROWS[:-1], cells=False)
    answer = await hexes(client)
    assert answer["data_version"] == {"2018-10": old}
    assert "2018-10: a newer version is loaded and not on the map yet" in answer["notes"]


@pytest.mark.parametrize("client", [3], indirect=True)
async def test_too_many_cells_are_refused_with_the_coarser_level(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    problem = await get(client, "/api/v1/hexes", 400, dataset="street", level=275, bbox=UK, month="2018-10")
    assert "more than 3 cells of level 275" in problem["detail"]
    assert "take level 1100 or a smaller bbox" in problem["detail"]
    assert len((await hexes(client, level=275, bbox="-0.0923,51.5133,-0.0885,51.5156"))["features"]) <= 3


async def test_cells_are_read_from_the_index_alone_in_their_range(
    country: Country, pool: asyncpg.Pool
) -> None:
    await pool.execute(
        "INSERT INTO street_cell SELECT m, 275, i, j, 1, 1, 1 FROM unnest($1::date []) AS m, "
        "generate_series(1000, 1400) AS i, generate_series(200, 400) AS j",
        [OCTOBER, NOVEMBER, DECEMBER],
    )
    await pool.execute("VACUUM ANALYZE street_cell")
    reads = [
        (sql("select_cells", table="street_cell"), (1200, 1209, 300, 309, None, None, 20_000)),
        (sql("select_cell_counts", table="street_cell"), ([1200, 1201], [300, 300], [309, 309], None, None)),
    ]
    for (statement, given), cells in zip(reads, (100, 20), strict=True):
        plan = await pool.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", [OCTOBER, DECEMBER], 275, *given
        )
        assert "Seq Scan" not in plan
        assert "street_cell_pkey" in plan
        assert "Rows Removed by Filter" not in plan
        rows = await pool.fetch(statement, [OCTOBER, DECEMBER], 275, *given)
        assert len(rows) == cells


BAD = [
    ("/api/v1/hexes?level=275&bbox=0,0,1,1&month=2018-10", 400, "dataset", "street"),
    ("/api/v1/hexes?dataset=outcomes&level=275&bbox=0,0,1,1&month=2018-10", 400, "dataset", "stops"),
    ("/api/v1/hexes?dataset=street&level=300&bbox=0,0,1,1&month=2018-10", 400, "level", "17600"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1&month=2018-10", 400, "bbox", "west,south,east,north"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=nan,0,1,1&month=2018-10", 400, "bbox", "west,south"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=2,0,1,1&month=2018-10", 400, "bbox", "wrong way round"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2018-13", 400, "month", "YYYY-MM"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2018-12..2018-10", 400, "month", "backwards"),
    ("/api/v1/hexes?dataset=street&level=275&bbox=0,0,1,1&month=2012-01", 404, "month", "2018-10"),
    (
        f"{HEXES}&category=arson",
        400,
        "category",
        "burglary",
    ),
    (
        f"{HEXES}&outcome_group=x",
        400,
        "outcome_group",
        "positive",
    ),
    (
        f"{HEXES}&catgory=drugs",
        400,
        "catgory",
        "category",
    ),
    ("/api/v1/coverage?dataset=crimes", 400, "dataset", "outcomes"),
    ("/api/v1/coverage?force=yorkshire", 400, "force", "north-yorkshire"),
    ("/api/v1/coverage?month=2018-10&month=2018-11", 400, "month", "more than once"),
    ("/api/v1/coverage/proof?dataset=street&month=2018-11", 404, "month", "2018-10"),
    ("/api/v1/coverage/proof?dataset=street&month=2018-10..2018-11", 400, "month", "one"),
    ("/api/v1/forces?force=kent", 400, "force", "none"),
    ("/api/v1/nothing", 404, None, "/api/v1/openapi.json"),
    ("/%00", 404, None, "/api/v1/openapi.json"),
]


@pytest.mark.parametrize(("path", "status", "parameter", "names"), BAD)
async def test_a_bad_request_is_told_what_is_valid(
    client: Client, country: Country, path: str, status: int, parameter: str | None, names: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    answer = await client.get(path)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["status"], problem.get("parameter")) == (status, parameter)
    assert names in problem["detail"]


async def test_other_methods_are_refused_with_those_that_are_allowed(client: Client) -> None:
    answer = await client.delete("/api/v1/forces")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert answer.headers["allow"] == "GET, HEAD"
    assert "GET, HEAD" in answer.json()["detail"]


async def test_our_own_mistake_is_logged_and_not_shown(
    client: Client, country: Country, pool: asyncpg.Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await pool.execute("ALTER TABLE outcome_group RENAME COLUMN label TO secret_name")
    answer = await client.get(HEXES)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "label" not in answer.text
    assert "Traceback" not in answer.text
    output = "".join(capfd.readouterr())
    assert "request.failed" in output
    assert "UndefinedColumnError" in output


async def test_an_answer_is_confirmed_until_the_data_change(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    for path in (
        "/",
        "/api/v1/coverage",
        "/api/v1/forces",
        "/api/v1/coverage/proof?dataset=street&month=2018-10",
        HEXES,
    ):
        first = await client.get(path)
        assert "no-cache" in first.headers["cache-control"]
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        await country.load(STREET, OCTOBER, ROWS)
        changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert changed.status_code == 200
        assert changed.headers["etag"] != first.headers["etag"]


async def test_head_is_answered_like_get_without_a_body(client: Client) -> None:
    answer = await client.head("/api/v1/forces")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"]


async def test_a_reader_sees_one_version_and_cannot_write(pool: asyncpg.Pool, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    query = CellQuery(STREET, 17600, [OCTOBER], None, None)
    columns = [(i, -1000, 1000) for i in range(100)]
    async with Store(pool, query_timeout=10).snapshot() as snapshot:
        before = await snapshot.facts()
        await country.load(STREET, OCTOBER, ROWS[:4])
        assert sum(row[4] for row in await snapshot.cell_counts(query, columns)) == 18
        assert await snapshot.read_facts() == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.connection.execute("DELETE FROM street_cell")


async def test_readiness_names_what_is_down(
    client: Client, pool: asyncpg.Pool, database_url: str, servers: Any
) -> None:
    assert (await client.get("/livez")).text == "alive\n"
    assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}
    name = database_url.rpartition("/")[2]
    admin = await asyncpg.connect(servers.endpoints.database_url)
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    async with asyncio.timeout(20):
        while await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name):
            await asyncio.sleep(0.01)
    down = await get(client, "/readyz", 503)
    assert down["bus"] == "ok"
    assert down["database"] != "ok"
    answer = await client.get("/api/v1/forces")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"]
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await admin.close()
    assert await get(client, "/readyz") == {"database": "ok", "bus": "ok"}


async def test_requests_are_counted_by_route_and_never_by_address(client: Client) -> None:
    await client.get("/api/v1/coverage?dataset=street")
    await client.get("/api/v1/no-such-thing")
    text = (await client.get("/metrics")).text
    assert 'crimemaps_http_requests_total{route="/api/v1/coverage",status="200"}' in text
    assert 'crimemaps_http_requests_total{route="unmatched",status="404"}' in text
    assert 'crimemaps_http_seconds_count{route="/api/v1/coverage"}' in text
    assert "no-such-thing" not in text


async def test_openapi_describes_every_route(client: Client) -> None:
    document = await get(client, "/api/v1/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/coverage", "/api/v1/coverage/proof", "/api/v1/forces", "/api/v1/hexes",
    }  # fmt: skip
    parameters = {one["name"] for one in document["paths"]["/api/v1/hexes"]["get"]["parameters"]}
    assert parameters == {"dataset", "level", "bbox", "month", "category", "outcome_group"}


async def test_the_front_page_says_what_is_loaded_and_loads_nothing(client: Client, country: Country) -> None:
    assert (await client.get("/")).text.count("nothing loaded yet") == 3
    await country.load(STREET, OCTOBER, ROWS)
    page = await client.get("/")
    assert page.text.count("nothing loaded yet") == 2
    assert "<td>23</td><td>2018-10 to 2018-10</td>" in page.text
    assert "src=" not in page.text
    assert "@import" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
