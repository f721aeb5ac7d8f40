"""Vector tiles and their TileJSON."""

import asyncio
import gzip
import random
from collections import Counter
from math import asinh, atan, degrees, pi, radians, sinh, tan
from typing import Any

import asyncpg
import mapbox_vector_tile
import pytest
from prometheus_client import REGISTRY

from services.gateway.settings import GatewaySettings
from shared.db import READER, open_pool
from shared.hexgrid import EDGES_M
from shared.model import Dataset
from tests.component.gateway.country import BANK, CITY, DECEMBER, OCTOBER, ROWS, Country, Place, Row
from tests.component.gateway.server import Client, gateway, get

STREET, STOPS = Dataset.STREET, Dataset.STOPS
UK = "-9,49,3,61"
EXTENT = 4096
IN_THE_CITY = (-0.0922, 51.5155)
Address = tuple[int, int, int]


async def tile_json(client: Client, dataset: str = "street", **params: Any) -> Any:
    return await get(client, f"/tiles/{dataset}.json", **params)


def url_of(document: Any, z: int, x: int, y: int) -> str:
    """What a map makes of the template."""
    template: str = document["tiles"][0]
    return template.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))


async def cells_of(client: Client, document: Any, address: Address) -> dict[str, Any]:
    """The features of a tile by id, decoded by somebody else's library."""
    answer = await client.get(url_of(document, *address))
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200, answer.text
    layers = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    [(name, layer)] = layers.items()
    assert name == document["vector_layers"][0]["id"]
    assert layer["extent"] == EXTENT
    features = layer["features"]
    assert len({feature["properties"]["id"] for feature in features}) == len(features)
    return {feature["properties"]["id"]: feature for feature in features}


def place_in(z: int, lon: float, lat: float) -> tuple[float, float]:
    """Where degrees are in the pyramid, by the textbook."""
    return (lon + 180) / 360 * 2**z, (1 - asinh(tan(radians(lat))) / pi) / 2 * 2**z


def tile_of(z: int, lon: float, lat: float) -> Address:
    """The tile of a place."""
    x, y = place_in(z, lon, lat)
    return z, int(x), int(y)


def degrees_at(z: int, x: float, y: float) -> tuple[float, float]:
    """The other way round."""
    return x / 2**z * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / 2**z))))


def tiles_around(z: int, ring: list[list[float]]) -> set[Address]:
    """The tiles that the rectangle around a ring touches."""
    xs, ys = zip(*(place_in(z, *corner) for corner in ring), strict=True)
    return {
        (z, x, y)
        for x in range(int(min(xs)), int(max(xs)) + 1)
        for y in range(int(min(ys)), int(max(ys)) + 1)
    }


def flat(properties: dict[str, Any]) -> dict[str, int]:
    """A cell of /api/v1/hexes with the attributes that a tile must have for it."""
    return {
        "total": properties["total"],
        **{f"outcome:{name}": n for name, n in properties["outcome_groups"].items()},
        **{f"category:{name}": n for name, n in properties["categories"].items()},
    }


def scattered(number: int) -> list[Any]:
    """Records all over the country; some places have several."""
    numbers = random.Random(3)
    places: list[Place] = [
        ("kent", (numbers.uniform(-5, 1.5), numbers.uniform(50.5, 54)), "Force") for _ in range(number)
    ]
    kinds = [("drugs", None), ("burglary", "Suspect charged"), ("robbery", None)]
    return [(place, *numbers.choice(kinds)) for place in places for _ in range(numbers.choice([1, 1, 3]))]


@pytest.mark.parametrize(("z", "level"), [(0, 17600), (5, 17600), (7, 4400), (9, 1100), (10, 275), (12, 275)])
async def test_all_tiles_of_a_zoom_show_what_the_cells_in_geojson_show(
    client: Client, country: Country, z: int, level: int
) -> None:
    await country.load(STREET, OCTOBER, scattered(60) + ROWS)
    document = await tile_json(client)
    expected = await get(client, "/api/v1/hexes", dataset="street", level=level, bbox=UK, month="2018-10")
    rings = {cell["id"]: cell["geometry"]["coordinates"][0] for cell in expected["features"]}
    seen: dict[str, Any] = {}
    for address in set().union(*(tiles_around(z, ring) for ring in rings.values())):
        found = await cells_of(client, document, address)
        for name, feature in found.items():
            properties = {key: n for key, n in feature["properties"].items() if key != "id"}
            assert seen.setdefault(name, properties) == properties
            [drawn] = feature["geometry"]["coordinates"]
            at = [place_in(z, *corner) for corner in rings[name]]
            there = [((x - address[1]) * EXTENT, (y - address[2]) * EXTENT) for x, y in at]
            for corner in drawn:
                assert min(max(abs(corner[0] - x), abs(corner[1] - y)) for x, y in there) < 0.6
            assert len(drawn) == 7
        inside = {name for name, ring in rings.items() if address in tiles_around(z, ring)}
        assert inside <= found.keys()
    assert seen == {cell["id"]: flat(cell["properties"]) for cell in expected["features"]}
    assert {int(name.partition(".")[0]) for name in seen} == {level}


@pytest.mark.parametrize(("z", "level"), [(4, 17600), (6, 4400), (8, 1100), (11, 275)])
async def test_totals_are_those_of_the_records(
    client: Client, country: Country, pool: asyncpg.Pool, z: int, level: int
) -> None:
    await country.load(STREET, OCTOBER, scattered(40))
    document = await tile_json(client)
    rows = await pool.fetch(
        f"SELECT p.i_{level} AS i, p.j_{level} AS j, min(lon_e6) / 1e6 AS lon, min(lat_e6) / 1e6 AS lat, "
        "count(*) AS n FROM current_version AS c JOIN street_crime AS s ON s.version_id = c.version_id "
        "JOIN snap_point AS p ON p.id = s.snap_point_id WHERE p.located GROUP BY 1, 2"
    )
    for row in rows:
        found = await cells_of(client, document, tile_of(z, float(row["lon"]), float(row["lat"])))
        assert found[f"{level}.{row['i']}.{row['j']}"]["properties"]["total"] == row["n"]
    assert len(rows) > 5


async def test_a_cell_on_a_border_is_whole_in_all_tiles_that_it_touches(
    client: Client, country: Country
) -> None:
    x, y = 2046, 1361
    corner: Place = ("kent", degrees_at(12, x, y), "Force")
    await country.load(STREET, OCTOBER, [(corner, "drugs", None)] * 3)
    document = await tile_json(client)
    for column in (x - 1, x):
        for row in (y - 1, y):
            found = await cells_of(client, document, (12, column, row))
            [feature] = found.values()
            assert feature["properties"]["total"] == 3
            assert len(feature["geometry"]["coordinates"][0]) == 7
    assert await cells_of(client, document, (12, x + 1, y)) == {}


async def test_a_range_sums_its_months_and_names_what_is_missing(client: Client, country: Country) -> None:
    later: list[Row] = [*[(CITY, "drugs", None)] * 5, (BANK, "robbery", None)]
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 2)
    await country.load(STREET, DECEMBER, later)
    newest, both = await tile_json(client), await tile_json(client, month="2018-10..2018-12")
    at = tile_of(9, *IN_THE_CITY)
    [cell] = (await cells_of(client, newest, at)).values()
    assert cell["properties"]["total"] == 6
    [cell] = (await cells_of(client, both, at)).values()
    assert {key: n for key, n in cell["properties"].items() if key != "id"} == {
        "total": 8,
        "outcome:none": 8,
        "category:drugs": 7,
        "category:robbery": 1,
    }
    assert newest["held_months"] == both["held_months"] == ["2018-10", "2018-12"]
    assert newest["filters"]["month"] == ["2018-12"]
    assert newest["missing_months"] == []
    assert both["filters"]["month"] == ["2018-10", "2018-12"]
    assert both["missing_months"] == ["2018-11"]
    assert "2018-11 is not held: it is missing from the counts, not zero" in both["notes"]


async def test_a_month_that_is_not_held_is_refused_not_shown_empty(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    document = await tile_json(client)
    url = url_of(document, *tile_of(9, *IN_THE_CITY))
    for path in (url, "/tiles/street.json"):
        problem = await get(client, path, 404, month="2018-11")
        assert problem["parameter"] == "month"
        assert problem["valid"] == ["2018-10"]
    assert (await get(client, "/tiles/stops.json", 404))["detail"].endswith("nothing is loaded yet")


async def test_filters_leave_only_what_was_asked_for(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    at = tile_of(12, *IN_THE_CITY)
    document = await tile_json(client, category="burglary", outcome_group="positive")
    [cell] = (await cells_of(client, document, at)).values()
    assert cell["properties"] == {
        "id": cell["properties"]["id"],
        "total": 3,
        "outcome:positive": 3,
        "category:burglary": 3,
    }
    assert set(document["vector_layers"][0]["fields"]) == set(cell["properties"])
    assert document["filters"] == {
        "month": ["2018-10"],
        "category": ["burglary"],
        "outcome_group": ["positive"],
    }
    # A known category without records is nothing, and not an error.
    assert await cells_of(client, await tile_json(client, category="bicycle-theft"), at) == {}
    url = url_of(await tile_json(client), *at)
    problem = await get(client, url, 400, category="burglery")
    assert problem["parameter"] == "category"
    assert "burglary" in problem["valid"]
    assert "no such parameter" in (await get(client, url, 400, categories="burglary"))["detail"]


async def test_no_more_than_sixty_months_are_shown_together(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    document = await tile_json(client, month="2013-12..2018-11")
    assert len(document["missing_months"]) == 59
    assert (await client.get(url_of(document, *tile_of(9, *IN_THE_CITY)))).status_code == 200
    url = url_of(await tile_json(client), *tile_of(9, *IN_THE_CITY))
    for path in (url, "/tiles/street.json"):
        problem = await get(client, path, 400, month="2013-12..2018-12")
        assert problem["parameter"] == "month"
        assert problem["detail"] == "month: 61 months are given: at most 60 on one map"


async def test_stops_have_their_own_tiles(client: Client, country: Country) -> None:
    await country.load(
        STOPS, OCTOBER, [(CITY, None, "Arrest"), (CITY, "", None), (BANK, "Controlled drugs", "Arrest")]
    )
    document = await tile_json(client, "stops")
    [cell] = (await cells_of(client, document, (4, 7, 5))).values()
    properties = cell["properties"]
    assert (properties["total"], properties["category:not-recorded"]) == (3, 2)
    assert properties["category:controlled-drugs"] == 1
    fields = document["vector_layers"][0]["fields"]
    assert properties.keys() <= fields.keys()


async def test_a_swap_ends_the_old_addresses(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    await country.load(STOPS, OCTOBER, [(CITY, None, "Arrest")])
    old, stops = await tile_json(client), await tile_json(client, "stops")
    at = tile_of(9, *IN_THE_CITY)
    before = await client.get(url_of(old, *at))
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 7)
    new = await tile_json(client)
    assert new["version_token"] != old["version_token"]
    problem = await get(client, url_of(old, *at), 404)
    assert problem["parameter"] == "version"
    assert "GET /tiles/street.json" in problem["detail"]
    [cell] = (await cells_of(client, new, at)).values()
    assert cell["properties"]["total"] == 7
    assert (await client.get(url_of(new, *at))).headers["etag"] != before.headers["etag"]
    # The other dataset has not changed, and neither have its addresses.
    assert (await tile_json(client, "stops"))["tiles"] == stops["tiles"]
    assert len(await cells_of(client, stops, at)) == 1


async def test_a_gateway_learns_of_a_version_that_only_another_one_has_seen(
    client: Client, country: Country, database_url: str, nats_url: str
) -> None:
    settings = GatewaySettings(database_url=database_url, nats_url=nats_url)
    at = tile_of(9, *IN_THE_CITY)
    async with open_pool(database_url, role=READER) as pool, gateway(settings, pool) as other:
        for n in (2, 3):
            await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * n)
            document = await tile_json(other)
            document["tiles"] = [document["tiles"][0].replace(str(other.base_url), str(client.base_url))]
            [cell] = (await cells_of(client, document, at)).values()
            assert cell["properties"]["total"] == n


async def test_an_old_version_is_never_answered_with_new_cells(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 2)
    document = await tile_json(client)
    await country.load(STREET, OCTOBER, [(CITY, "drugs", None)] * 3)
    # This gateway may not have noticed yet: it must not read the new cells for the old address.
    answer = await client.get(url_of(document, *tile_of(9, *IN_THE_CITY)))
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


async def test_a_tile_may_be_kept_for_ever_and_is_sent_in_gzip_once_made(
    client: Client, country: Country
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    url = url_of(await tile_json(client), *tile_of(9, *IN_THE_CITY))
    first = await client.get(url)
    for _ in range(2):
        async with client.stream("GET", url) as answer:
            packed = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed) == first.content
        assert answer.headers["etag"] == first.headers["etag"]
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["vary"] == "Accept-Encoding"
    plain = await client.get(url, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    assert plain.headers["etag"] != first.headers["etag"]
    assert not first.headers["etag"].startswith("W/")
    for held, encoding in ((first, "gzip"), (plain, "identity")):
        headers = {"If-None-Match": held.headers["etag"], "Accept-Encoding": encoding}
        again = await client.get(url, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == held.headers["etag"]
    head = await client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]


async def test_the_way_in_front_and_the_route_answer_the_same(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    url = url_of(await tile_json(client), *tile_of(9, *IN_THE_CITY))
    in_front = await client.get(url)
    routed = await client.get(url, params={"month": "2018-10"})
    assert routed.content == in_front.content
    changing = {"date", "server"}

    def told(answer: Any) -> dict[str, str]:
        return {
            name: value
            for name, value in answer.headers.items()
            if name not in changing and not name.startswith("ratelimit")
        }

    assert told(routed) == told(in_front)


async def test_where_no_cell_is_there_is_no_content(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    document = await tile_json(client)
    for address in ((12, 0, 0), (12, 4095, 4095), (3, 0, 0), (12, 2040, 1400)):
        answer = await client.get(url_of(document, *address))
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("street/13/1/1.mvt", 404, "z: 13 is beyond the last one, 12"),
        ("street/-1/1/1.mvt", 400, "z: '-1' is no whole number from 0 to 12"),
        ("street/3/8/1.mvt", 404, "x: 8 is beyond the last one, 7"),
        ("street/3/1/8.mvt", 404, "y: 8 is beyond the last one, 7"),
        ("street/3/1.5/1.mvt", 400, "x: '1.5' is no whole number from 0 to 7"),
        ("street/03/1/1.mvt", 400, "z: '03'"),
        ("street/3/1/٣.mvt", 400, "y: '٣'"),
        ("street/3/1/1.pbf", 404, "{y}.mvt"),
        ("outcomes/3/1/1.mvt", 400, "street, stops"),
    ],
)
async def test_what_is_no_tile_is_refused_with_what_would_be_one(
    client: Client, country: Country, path: str, status: int, told: str
) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    version = (await tile_json(client))["version_token"]
    problem = await get(client, f"/tiles/{version}/{path}", status)
    assert told in problem["detail"]
    assert problem["status"] == status


async def test_tile_json_says_where_the_tiles_are_and_what_is_in_them(
    client: Client, country: Country
) -> None:
    version = await country.load(STREET, OCTOBER, ROWS)
    document = await tile_json(client)
    assert document["tilejson"] == "3.0.0"
    template = f"/tiles/{document['version_token']}/street/{{z}}/{{x}}/{{y}}.mvt"
    assert document["tiles"] == [str(client.base_url).rstrip("/") + template]
    assert (document["minzoom"], document["maxzoom"]) == (0, 12)
    west, south, east, north = document["bounds"]
    for row in ROWS:
        if row[0][1]:
            assert west < row[0][1][0] < east
            assert south < row[0][1][1] < north
    [layer] = document["vector_layers"]
    assert {"id", "total", "outcome:positive", "category:burglary"} <= layer["fields"].keys()
    assert document["data_version"] == {"2018-10": version}
    assert [level["edge_m"] for level in document["levels"]] == sorted(EDGES_M, reverse=True)
    covered = [z for level in document["levels"] for z in range(level["minzoom"], level["maxzoom"] + 1)]
    assert covered == list(range(13))
    assert "Open Government Licence" in document["attribution"]
    assert Counter(gap["force"] for gap in document["gaps"])["cheshire"] == 1
    answer = await client.get("/tiles/street.json")
    assert answer.headers["cache-control"] == "public, no-cache"
    again = await client.get("/tiles/street.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    problem = await get(client, "/tiles/outcomes.json", 400)
    assert problem["valid"] == ["street", "stops"]
    assert "street.json" in (await get(client, "/tiles/street.xml", 404))["detail"]


async def test_equal_requests_at_once_make_one_tile(client: Client, country: Country) -> None:
    await country.load(STREET, OCTOBER, ROWS)
    url = url_of(await tile_json(client), *tile_of(9, *IN_THE_CITY))

    def made() -> float:
        name = "crimemaps_tiles_made_total"
        return REGISTRY.get_sample_value(name, {"dataset": "street", "result": "filled"}) or 0.0

    before = made()
    answers = await asyncio.gather(*(client.get(url) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert made() - before == 1
