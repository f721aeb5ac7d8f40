"""The sample police API over real HTTP: counts of the bundled sample, shapes, traps and scenarios."""

import csv
import lzma
import tarfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.police_api.archive import DEFAULT_SAMPLE
from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.process import ServerFailed

Json = Any
Box = tuple[float, float, float, float]
"""South, west, north, east."""

EVERYWHERE: Box = (49.0, -8.0, 61.0, 2.5)
"""With Scotland, for the railway stations there."""
CITY = {"lat": "51.515", "lng": "-0.09"}
LONG_RING = ":".join(["51.123456,0.123456"] * 220)


@pytest.fixture(scope="module")
def server() -> Iterator[SamplePoliceApi]:
    with SamplePoliceApi(rate=0) as server:
        yield server


@pytest.fixture(scope="module")
def api(server: SamplePoliceApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def changing(server: SamplePoliceApi) -> Iterator[SamplePoliceApi]:
    """The server, for a test that changes its settings."""
    before = server.report()["settings"]
    server.control(reset=True)
    yield server
    server.control(**before)


@cache
def rows(kind: str, month: str, *forces: str, folder: str = "police") -> list[dict[str, str]]:
    """The rows of the bundled files, read without any of the code under test."""
    files = sorted((DEFAULT_SAMPLE / folder / month).glob(f"*-{kind}.csv.xz"))
    return [
        row
        for file in files
        if not forces or any(f"{month}-{force}-{kind}" in file.name for force in forces)
        for row in csv.DictReader(lzma.open(file, "rt", encoding="utf-8", newline=""))
    ]


def polygon(south: float, west: float, north: float, east: float) -> str:
    return f"{south},{west}:{south},{east}:{north},{east}:{north},{west}"


def collect(api: httpx.Client, route: str, month: str, box: Box) -> list[Json]:
    """Everything in a box, which is cut in four as long as it is too large."""
    answer = api.post(route, data={"poly": polygon(*box), "date": month})
    if answer.status_code == 503:
        south, west, north, east = box
        lat, lon = (south + north) / 2, (west + east) / 2
        quarters: list[Box] = [
            (south, west, lat, lon),
            (south, lon, lat, east),
            (lat, west, north, lon),
            (lat, lon, north, east),
        ]
        return [record for quarter in quarters for record in collect(api, route, month, quarter)]
    assert answer.status_code == 200
    found: list[Json] = answer.json()
    return found


def place(record: Json) -> tuple[str, str, str]:
    """What the archive says about the place of an API record."""
    location = record["location"]
    return (
        (location["latitude"], location["longitude"], location["street"]["name"])
        if location
        else ("", "", "")
    )


def csv_place(row: dict[str, str]) -> tuple[str, str, str]:
    return (row["Latitude"], row["Longitude"], row["Location"]) if row["Latitude"] else ("", "", "")


def test_all_tiles_and_the_unlocated_crimes_are_exactly_the_rows_of_the_archive(api: httpx.Client) -> None:
    located = {crime["id"]: crime for crime in collect(api, "crimes-street/all-crime", "2018-11", EVERYWHERE)}
    forces = [force["id"] for force in api.get("forces").json()] + ["btp"]
    unlocated = [
        crime
        for force in forces
        for crime in api.get("crimes-no-location", params={"force": force, "date": "2018-11"}).json()
    ]
    names = {category["url"]: category["name"] for category in api.get("crime-categories").json()}
    received = Counter(
        (
            crime["persistent_id"],
            names[crime["category"]],
            crime["month"],
            (crime["outcome_status"] or {"category": ""})["category"],
            place(crime),
        )
        for crime in [*located.values(), *unlocated]
    )
    published = Counter(
        (row["Crime ID"], row["Crime type"], row["Month"], row["Last outcome category"], csv_place(row))
        for row in rows("street", "2018-11")
    )
    assert received == published
    assert received.total() > 36_000
    assert len(unlocated) == sum(not row["Latitude"] for row in rows("street", "2018-11"))


def test_outcomes_without_a_file_are_the_last_outcomes_of_the_street_crimes(api: httpx.Client) -> None:
    found = collect(api, "outcomes-at-location", "2018-12", EVERYWHERE)
    received = {(record["crime"]["id"], record["category"]["code"]) for record in found}
    located = [row for row in rows("street", "2018-12") if row["Latitude"] and row["Last outcome category"]]
    assert len(received) == len(located)
    assert {record["date"] for record in found} == {"2018-12"}
    assert "Offender given penalty notice" in {row["Last outcome category"] for row in located}
    names = {record["category"]["code"]: record["category"]["name"] for record in found}
    assert names["penalty-notice-issued"] == "Offender given a penalty notice"
    assert names["no-further-action"] == "Investigation complete; no suspect identified"


def test_outcomes_with_a_file_are_its_rows(api: httpx.Client) -> None:
    found = collect(api, "outcomes-at-location", "2022-01", EVERYWHERE)
    located = [row for row in rows("outcomes", "2022-01") if row["Latitude"]]
    received = {
        (record["crime"]["persistent_id"], record["category"]["name"], place(record["crime"]))
        for record in found
    }
    published = {(row["Crime ID"], row["Outcome type"], csv_place(row)) for row in located}
    renamed = "Offender given penalty notice", "Offender given a penalty notice"
    assert received == {(crime, label.replace(*renamed), where) for crime, label, where in published}
    in_street_file = {
        row["Crime ID"]: row["Crime type"] for row in rows("street", "2022-01") if row["Crime ID"]
    }
    known = [record for record in found if record["crime"]["persistent_id"] in in_street_file]
    labels = {category["url"]: category["name"] for category in api.get("crime-categories").json()}
    assert 0 < len(known) < len(found)
    for record in known:
        assert labels[record["crime"]["category"]] == in_street_file[record["crime"]["persistent_id"]]


def test_a_crime_has_the_keys_and_types_of_the_real_api(api: httpx.Client) -> None:
    crimes = api.get("crimes-street/all-crime", params={**CITY, "date": "2018-10"}).json()
    keys = ["category", "persistent_id", "location_subtype", "id", "location", "context", "month"]
    assert {tuple(crime) for crime in crimes} == {(*keys, "location_type", "outcome_status")}
    assert {tuple(crime["location"]) for crime in crimes} == {("latitude", "street", "longitude")}
    assert {type(crime["id"]) for crime in crimes} == {
        type(crime["location"]["street"]["id"]) for crime in crimes
    }
    assert {type(crime["id"]) for crime in crimes} == {int}
    assert all(len(crime["location"]["latitude"].split(".")[1]) == 6 for crime in crimes)
    assert {crime["location_type"] for crime in crimes} == {"Force", "BTP"}
    assert all(
        crime["outcome_status"] is None or list(crime["outcome_status"]) == ["category", "date"]
        for crime in crimes
    )
    assert {crime["persistent_id"] for crime in crimes if crime["category"] == "anti-social-behaviour"} == {
        ""
    }


def test_stops_of_a_force_are_its_rows_with_and_without_a_location(api: httpx.Client) -> None:
    published = rows("stop-and-search", "2018-10", "metropolitan")
    stops = api.get("stops-force", params={"force": "metropolitan", "date": "2018-10"}).json()
    received = Counter(
        (stop["datetime"], stop["type"], stop["gender"], stop["outcome"], place(stop)[:2]) for stop in stops
    )
    assert received == Counter(
        (row["Date"], row["Type"], row["Gender"] or None, row["Outcome"], (row["Latitude"], row["Longitude"]))
        for row in published
    )
    unlocated = api.get("stops-no-location", params={"force": "metropolitan", "date": "2018-10"}).json()
    assert len(unlocated) == sum(not row["Latitude"] for row in published) > 0
    # No cap on stops: more than 10,000 in one answer.
    assert len(collect(api, "stops-street", "2018-12", EVERYWHERE)) == sum(
        bool(row["Latitude"]) for row in rows("stop-and-search", "2018-12")
    )


def test_a_stop_has_the_keys_and_types_of_the_real_api(api: httpx.Client) -> None:
    stops = [
        stop
        for force, month in (
            ("metropolitan", "2018-10"),
            ("thames-valley", "2022-01"),
            ("city-of-london", "2018-04"),
        )
        for stop in api.get("stops-force", params={"force": force, "date": month}).json()
    ]
    assert list(stops[0]) == [
        "type",
        "involved_person",
        "datetime",
        "operation",
        "operation_name",
        "location",
        "gender",
        "age_range",
        "self_defined_ethnicity",
        "officer_defined_ethnicity",
        "legislation",
        "object_of_search",
        "outcome",
        "outcome_object",
        "outcome_linked_to_object_of_search",
        "removal_of_more_than_outer_clothing",
    ]
    assert {stop["operation"] for stop in stops} == {True, False, None}
    assert {stop["removal_of_more_than_outer_clothing"] for stop in stops} == {True, False, None}
    outcomes = {stop["outcome"]: stop["outcome_object"] for stop in stops}
    assert outcomes["Arrest"] == {"id": "bu-arrest", "name": "Arrest"}
    assert outcomes[""] == {"id": "", "name": ""}
    assert {stop["involved_person"] for stop in stops if stop["type"] == "Vehicle search"} == {False}


def test_a_point_on_an_edge_is_in_both_tiles(api: httpx.Client) -> None:
    crimes = api.get("crimes-street/all-crime", params={**CITY, "date": "2018-10"}).json()
    lat, lon = (float(crimes[0]["location"][key]) for key in ("latitude", "longitude"))
    for box in ((lat - 0.01, lon - 0.01, lat, lon + 0.01), (lat, lon - 0.01, lat + 0.01, lon + 0.01)):
        assert crimes[0]["id"] in {
            crime["id"] for crime in collect(api, "crimes-street/all-crime", "2018-10", box)
        }


def test_a_polygon_with_slanted_edges_holds_what_is_inside(api: httpx.Client) -> None:
    south, west, north, east = 51.50, -0.12, 51.53, -0.07
    triangle = f"{south},{west}:{south},{east}:{north},{west}"
    crimes = api.post("crimes-street/all-crime", data={"poly": triangle, "date": "2018-10"}).json()
    inside = [
        row
        for row in rows("street", "2018-10")
        if row["Latitude"] and float(row["Latitude"]) >= south and float(row["Longitude"]) >= west
        if (float(row["Latitude"]) - south) / (north - south)
        + (float(row["Longitude"]) - west) / (east - west)
        <= 1
    ]
    assert len(crimes) == len(inside) > 100


SQUARE = polygon(51.51, -0.1, 51.52, -0.09)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("crimes-street/all-crime?lat=51.5&date=2018-10", 400, ""),
        ("crimes-street/all-crime?lat=north&lng=0&date=2018-10", 400, ""),
        ("crimes-street/all-crime?date=2018-10", 400, ""),
        (f"crimes-street/all-crime?poly={SQUARE}&date=2018-13", 404, ""),
        (f"crimes-street/all-crime?poly={SQUARE}&date=2018-10-01", 404, ""),
        (f"crimes-street/all-crime?poly={SQUARE}&date=2018-03", 404, ""),
        (f"crimes-street/all-crime?poly={SQUARE}&date=2030-01", 200, "[]"),
        ("crimes-street/all-crime?lat=48.85&lng=2.35&date=2018-10", 200, "[]"),
        ("crimes-street/all-crime?poly=rubbish&date=2018-10", 404, ""),
        ("crimes-street/all-crime?poly=51.5,0.1:51.6,0.1&date=2018-10", 502, ""),
        (f"crimes-street/burglary?poly={polygon(*EVERYWHERE)}&date=2018-10", 503, ""),
        (f"outcomes-at-location?poly={polygon(*EVERYWHERE)}&date=2018-10", 503, ""),
        ("outcomes-at-location?location_id=1&date=2018-10", 404, ""),
        ("crimes-at-location?location_id=1&date=2018-10", 404, ""),
        ("stops-at-location?location_id=1&date=2018-10", 200, "[]"),
        ("stops-force?force=atlantis&date=2018-10", 200, "[]"),
        ("stops-force?force=metropolitan&date=2010-12", 502, ""),
        ("stops-force?force=btp&date=2018-10", 200, "[]"),
        ("crimes-no-location?force=atlantis&date=2018-10", 502, ""),
        ("forces/atlantis", 404, "Not Found"),
        ("forces/btp", 404, "Not Found"),
        ("outcomes-for-crime/unknown", 404, ""),
    ],
)
def test_an_odd_request_gets_the_odd_answer(api: httpx.Client, path: str, status: int, body: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.text) == (status, body)


def test_a_long_request_line_and_a_json_body_are_refused(api: httpx.Client) -> None:
    answer = api.get("crimes-street/all-crime", params={"poly": LONG_RING, "date": "2018-10"})
    assert answer.status_code == 400
    assert "Request Line is too large" in answer.text
    assert api.post("crimes-street/all-crime", json={"poly": SQUARE, "date": "2018-10"}).status_code == 400
    assert api.post("crimes-street/all-crime", data={"poly": SQUARE, "date": "2018-10"}).status_code == 200


def test_a_wrong_category_or_date_key_silently_widens_the_answer(api: httpx.Client) -> None:
    where = {"lat": "51.75", "lng": "-1.25"}
    latest = api.get("crimes-street/all-crime", params={**where, "date": "2022-01"}).json()
    assert len(latest) > 100
    assert api.get("crimes-street/burglery", params={**where, "date": "2022-01"}).json() == latest
    assert api.get("crimes-street/all-crime", params={**where, "dat": "2018-10"}).json() == latest
    burglaries = api.get("crimes-street/burglary", params={**where, "date": "2022-01"}).json()
    assert burglaries == [crime for crime in latest if crime["category"] == "burglary"] != []


def test_the_lists_are_those_of_the_real_api(api: httpx.Client) -> None:
    forces = [force["id"] for force in api.get("forces").json()]
    assert len(forces) == 44
    assert "northern-ireland" in forces
    assert "btp" not in forces
    assert [len(api.get("crime-categories", params={"date": date}).json()) for date in ("2010-12", "x")] == [
        15,
        15,
    ]
    dates = api.get("crimes-street-dates").json()
    assert len(dates) == 30
    assert [dates[0]["date"], dates[-1]["date"]] == ["2022-01", "2018-04"]
    publishers = {month["date"]: month["stop-and-search"] for month in dates}
    assert publishers["2018-12"] == ["city-of-london", "metropolitan"]
    assert api.get("crime-last-updated").text == '{"date":"2022-01-01"}'


def test_a_case_history_has_the_crime_and_its_outcomes(api: httpx.Client) -> None:
    row = next(
        row for row in rows("street", "2018-10", "kent") if row["Last outcome category"] == "Local resolution"
    )
    history = api.get(f"outcomes-for-crime/{row['Crime ID']}").json()
    assert list(history) == ["crime", "outcomes"]
    assert history["crime"]["persistent_id"] == row["Crime ID"]
    assert "outcome_status" not in history["crime"]
    code = {"code": "local-resolution", "name": "Local resolution"}
    assert {"category": code, "date": "2018-10", "person_id": None} in history["outcomes"]
    assert api.get(f"outcomes-for-crime/{row['Crime ID'].upper()}").status_code == 404


def test_a_map_point_can_be_asked_for_by_its_id_and_by_a_place_nearby(api: httpx.Client) -> None:
    crime = api.get("crimes-street/all-crime", params={**CITY, "date": "2018-10"}).json()[0]
    location = crime["location"]
    by_id = api.get(
        "crimes-at-location", params={"location_id": location["street"]["id"], "date": "2018-10"}
    ).json()
    near = {"lat": location["latitude"], "lng": location["longitude"], "date": "2018-10"}
    assert api.get("crimes-at-location", params=near).json() == by_id
    published = [row for row in rows("street", "2018-10") if csv_place(row) == place(crime)]
    assert len(by_id) == len(published)


def test_answers_are_packed_only_for_who_accepts_it(api: httpx.Client) -> None:
    params = {**CITY, "date": "2018-10"}
    packed = api.get("crimes-street/all-crime", params=params)
    plain = api.get("crimes-street/all-crime", params=params, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


def statuses(api: httpx.Client, n: int, path: str = "crime-last-updated") -> list[int]:
    return [api.get(path).status_code for _ in range(n)]


def test_the_bucket_lets_a_burst_of_thirty_through_and_refuses_what_follows(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    changing.control(rate=0.001)
    assert statuses(api, 33) == [200] * 30 + [429] * 3


def test_the_strict_limit_refuses_the_sixteenth_request_of_a_second(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    changing.control(rate=15, strict=True)
    seen = statuses(api, 40)
    arrivals = changing.report()["arrivals"]
    in_last_second = [sum(now - 1 < other <= now for other in arrivals) for now in arrivals]
    assert seen == [200 if n <= 15 else 429 for n in in_last_second]
    assert 429 in seen


def test_the_report_counts_requests_concurrency_and_rate(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    changing.control(latency=0.2)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: api.get("crime-last-updated"), range(4)))
    api.get("forces/atlantis")
    report = changing.report()
    assert report["requests"] == {"crime-last-updated": {"200": 4}, "forces/{id}": {"404": 1}}
    assert 1 < report["max_in_flight"] <= 4
    assert len(report["arrivals"]) == 5 >= report["max_requests_per_second"] >= 4
    assert report["in_flight"] == 0


def faults(api: httpx.Client, n: int) -> list[str]:
    """What became of n different requests."""
    result = []
    for lat in range(n):
        try:
            answer = api.get(
                "crimes-street/all-crime", params={"lat": f"51.{lat:03}", "lng": "-0.09", "date": "2018-10"}
            )
            result.append(str(answer.status_code))
        except httpx.TransportError as error:
            result.append(type(error).__name__)
    return result


def test_flaky_goes_wrong_in_every_way_and_the_same_way_again(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    settings: dict[str, str | float] = {"scenario": "flaky", "share": 0.6, "hang": 0.01, "seed": 3}
    changing.control(**settings)
    first = faults(api, 60)
    assert {"200", "500", "502", "RemoteProtocolError"} == set(first)
    assert changing.report()["requests"]["crimes-street"]["cut"] == first.count("RemoteProtocolError")
    changing.control(**settings)
    assert faults(api, 60) == first


def test_flaky_lets_a_patient_client_through(changing: SamplePoliceApi, api: httpx.Client) -> None:
    changing.control(scenario="flaky", share=1.0, hang=0.01)
    seen = []
    for _ in range(4):
        try:
            seen.append(api.get("forces").status_code)
        except httpx.TransportError:
            seen.append(0)
    assert 200 not in seen[:3]
    assert seen[3] == 200


def test_a_storm_refuses_for_a_while_with_and_without_retry_after(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    changing.control(scenario="storm", storm_every=5, storm_seconds=0.2)
    storms: list[set[str | None]] = []
    raging = False
    for _ in range(100_000):
        answer = api.get("crime-last-updated")
        if answer.status_code == 429:
            if not raging:
                storms.append(set())
            storms[-1].add(answer.headers.get("retry-after"))
        elif len(storms) == 2:
            break
        raging = answer.status_code == 429
    assert storms == [{None}, {"1"}]


def test_an_outage_ends_when_told_or_by_itself(changing: SamplePoliceApi, api: httpx.Client) -> None:
    changing.control(scenario="outage")
    assert statuses(api, 5) == [503] * 5
    assert statuses(api, 1, "crimes-street-dates") == [503]
    changing.control(scenario="good")
    assert statuses(api, 1) == [200]
    changing.control(scenario="outage", outage_requests=3)
    assert statuses(api, 5) == [503, 503, 503, 200, 200]


def city_crimes(api: httpx.Client, month: str) -> dict[int, Json]:
    crimes = api.get("crimes-street/all-crime", params={**CITY, "date": month}).json()
    return {crime["id"]: crime for crime in crimes}


def outcomes_by_crime(crimes: dict[int, Json]) -> dict[str, str]:
    return {
        crime["persistent_id"]: (crime["outcome_status"] or {"category": ""})["category"]
        for crime in crimes.values()
        if crime["persistent_id"]
    }


def test_a_revised_release_has_other_outcomes_other_ids_and_a_later_date(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    before = city_crimes(api, "2018-11")
    changing.control(scenario="revised")
    after = city_crimes(api, "2018-11")
    assert len(before) == len(after)
    assert not before.keys() & after.keys()
    changes = set(outcomes_by_crime(after).items()) - set(outcomes_by_crime(before).items())
    old, new = (
        {
            row["Crime ID"]: row["Last outcome category"]
            for row in rows("street", "2018-11", "city-of-london", folder=f)
        }
        for f in ("police", "republished")
    )
    assert changes == {(crime, label) for crime, label in new.items() if old.get(crime) != label}
    assert len(changes) == 2
    assert api.get("crime-last-updated").json() == {"date": "2022-02-01"}
    changing.control(scenario="moved", moved_after=2)
    assert [api.get("crime-last-updated").json()["date"] for _ in range(3)] == [
        "2022-01-01",
        "2022-01-01",
        "2022-02-01",
    ]


def test_a_shrunken_force_loses_most_of_its_month_and_another_all_its_stops(
    changing: SamplePoliceApi, api: httpx.Client
) -> None:
    surrey: Box = (51.07, -0.85, 51.47, 0.06)
    before = collect(api, "crimes-street/all-crime", "2018-12", surrey)
    kent = {"force": "kent", "date": "2018-12"}
    unlocated_in_kent = api.get("crimes-no-location", params=kent).json()
    changing.control(scenario="shrunken", shrunken_month="2018-12")
    after = collect(api, "crimes-street/all-crime", "2018-12", surrey)
    published = len(rows("street", "2018-12", "surrey"))
    assert 0.6 * published < len(before) - len(after) < 0.8 * published
    assert {crime["id"] for crime in after} < {crime["id"] for crime in before}
    assert api.get("crimes-no-location", params=kent).json() == unlocated_in_kent
    assert api.get("stops-force", params={"force": "city-of-london", "date": "2018-12"}).json() == []


def test_a_month_can_be_withheld_and_published_later(changing: SamplePoliceApi, api: httpx.Client) -> None:
    changing.control(latest="2020-07", window=4)
    assert [month["date"] for month in api.get("crimes-street-dates").json()] == [
        "2020-07",
        "2020-06",
        "2020-05",
        "2020-04",
    ]
    assert api.get("crime-last-updated").json() == {"date": "2020-07-01"}
    assert city_crimes(api, "2020-08") == {}
    changing.control(latest="2020-08")
    assert len(city_crimes(api, "2020-08")) > 50
    assert api.get("crimes-street/all-crime", params={**CITY, "date": "2020-04"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenario": "sunshine"}, "sunshine.*good, flaky, storm, outage, revised, shrunken, moved"),
        ({"speed": 3}, "scenario, seed, latency"),
        ({"latest": "2017-01"}, "begin in 2018-04"),
    ],
)
def test_an_unknown_setting_is_refused_with_a_reason(
    changing: SamplePoliceApi, changes: dict[str, str | float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        changing.control(**changes)
    assert changing.report()["settings"]["scenario"] == "good"


def test_a_folder_without_an_archive_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="no YYYY-MM-FORCE-street"):
        SamplePoliceApi(tmp_path).start()


OLD_FILE = """\
Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,\
Last outcome category,Context
,2010-12,Metropolitan Police,Metropolitan Police,0.13316,51.58672,On or near Here,,,Violent crime,,
"""


@pytest.mark.parametrize("packed", [True, False])
def test_an_old_file_plain_or_in_a_tar_gets_the_category_and_decimals_of_today(
    tmp_path: Path, packed: bool
) -> None:
    path = tmp_path / "2010-12-metropolitan-street.csv"
    path.write_text(OLD_FILE)
    if packed:
        with tarfile.open(tmp_path / "2010-12.tar.xz", "w:xz") as tar:
            tar.add(path, f"2010-12/{path.name}")
        path = tmp_path / "2010-12.tar.xz"
    with SamplePoliceApi(path) as server:
        where = {"lat": "51.5867", "lng": "0.1331", "date": "2010-12"}
        (crime,) = httpx.get(f"{server.url}/crimes-street/violent-crime", params=where).json()
    assert crime["category"] == "violent-crime"
    assert crime["location"]["latitude"] == "51.586720"
    assert crime["location"]["longitude"] == "0.133160"
