"""The routes of the API: parameters in, JSON out, odd answers included (README.md lists them)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from deploy.local.police_api.answers import NOT_FOUND, Answer, Refused
from deploy.local.police_api.areas import distances_metres, read_area, read_point
from deploy.local.police_api.months import Dataset, Months, Release
from deploy.local.police_api.records import Indices, Mask, Records
from deploy.local.police_api.shapes import CrimeOfOutcome
from deploy.local.police_api.vocabulary import ACCEPTED_FORCES, CATEGORIES, FORCES, NORTHERN_IRELAND

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
PERSISTENT_ID = re.compile(r"[0-9a-f]{64}")
NOBODY_KNOWS = Records().seal()

Params = Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """What is published at this moment.

    `shown`: its months, oldest first. `cap`: most records of an area; 0: no cap.
    """

    months: Months
    release: Release
    shown: Sequence[str]
    cap: int

    def records(self, dataset: Dataset, month: str) -> Records:
        """Empty for a month that is not published."""
        return self.months.records(self.release, dataset, month) if month in self.shown else NOBODY_KNOWS

    def asked(self, dataset: Dataset, params: Params, too_old: int = 404) -> Records:
        """The month that was asked for; the latest if none was, silently."""
        month = params.get("date", "") or self.shown[-1]
        if not MONTH.fullmatch(month):
            raise Refused(404)
        if month < self.shown[0]:
            raise Refused(too_old)
        return self.records(dataset, month)

    def area(self, dataset: Dataset, params: Params) -> tuple[Records, Indices]:
        """The records of the month inside the area; 503 if there are too many, of whatever category."""
        area = read_area(params)
        records = self.asked(dataset, params)
        inside = area.find(records)
        if dataset != "stops" and 0 < self.cap < len(inside):
            raise Refused(503)
        return records, inside


def crime_last_updated(data: Published, _params: Params) -> Answer:
    """The month of the release, which a revised release is one further on in."""
    year, month = map(int, data.shown[-1].split("-"))
    if data.release.revised:
        year, month = year + month // 12, month % 12 + 1
    return answer({"date": f"{year}-{month:02}-01"})


def crimes_street_dates(data: Published, _params: Params) -> Answer:
    publishers = data.months.archive.forces
    return answer(
        [
            {"date": month, "stop-and-search": publishers(month, "stop-and-search")}
            for month in reversed(data.shown)
        ]
    )


def crime_categories(_data: Published, _params: Params) -> Answer:
    return answer([{"url": slug, "name": name} for slug, name in CATEGORIES.items()])


def forces(_data: Published, _params: Params) -> Answer:
    return answer([{"id": force, "name": name} for force, name in FORCES.items()])


def force(_data: Published, _params: Params, force: str) -> Answer:
    if force not in FORCES:
        return NOT_FOUND
    return answer(
        {
            "id": force,
            "name": FORCES[force],
            "url": "https://www.police.uk/",
            "telephone": "101",
            "description": None,
            "engagement_methods": [],
        }
    )


def crimes_street(data: Published, params: Params, category: str) -> Answer:
    records, inside = data.area("street", params)
    if is_one(category):
        inside = inside[records.of_category(category)[inside]]
    return Answer(200, records.json(inside))


def crimes_no_location(data: Published, params: Params) -> Answer:
    if "force" not in params:
        raise Refused(400)
    if params["force"] not in ACCEPTED_FORCES:
        raise Refused(502)
    records = data.asked("street", params)
    chosen = records.unlocated() & records.of_force(params["force"])
    if is_one(params.get("category", "")):
        chosen &= records.of_category(params["category"])
    return Answer(200, records.json(np.flatnonzero(chosen)))


def crimes_at_location(data: Published, params: Params) -> Answer:
    """Of one map point: the given one, or the one nearest to `lat`, `lng`."""
    records = data.asked("street", params)
    if "location_id" in params:
        return Answer(200, records.json(at_location(records, params["location_id"])))
    metres = distances_metres(records, *read_point(params))
    if np.isnan(metres).all():
        return Answer(200, b"[]")
    return Answer(200, records.json(np.flatnonzero(records.place == records.place[np.nanargmin(metres)])))


def outcomes_at_location(data: Published, params: Params) -> Answer:
    if "location_id" in params:
        records = data.asked("outcomes", params)
        return Answer(200, records.json(at_location(records, params["location_id"])))
    records, inside = data.area("outcomes", params)
    return Answer(200, records.json(inside))


def outcomes_for_crime(data: Published, _params: Params, persistent_id: str) -> Answer:
    """The history of one crime. Looks through all months, the newest first: slow for a large archive."""
    if not PERSISTENT_ID.fullmatch(persistent_id):
        raise Refused(404)
    needle = b'"persistent_id":"%b"' % persistent_id.encode()
    for month in reversed(data.shown):
        crimes = data.records("street", month)
        if found := crimes.containing(needle):
            outcomes = data.records("outcomes", month)
            history = [
                {
                    key: value
                    for key, value in msgspec.json.decode(outcomes.bodies[index]).items()
                    if key != "crime"
                }
                for index in outcomes.containing(needle)
            ]
            northern_irish = crimes.of_force(NORTHERN_IRELAND)[found[0]]
            crime = msgspec.json.decode(crimes.bodies[found[0]], type=CrimeOfOutcome)
            return answer({"crime": crime, "outcomes": None if northern_irish else history})
    raise Refused(404)


def stops_street(data: Published, params: Params) -> Answer:
    records, inside = data.area("stops", params)
    return Answer(200, records.json(inside))


def stops_at_location(data: Published, params: Params) -> Answer:
    if "location_id" not in params:
        raise Refused(400)
    records = data.asked("stops", params)
    return Answer(200, records.json(np.flatnonzero(is_at(records, params["location_id"]))))


def stops_force(data: Published, params: Params) -> Answer:
    records = data.asked("stops", params, too_old=502)
    return Answer(200, records.json(np.flatnonzero(of_force(records, params))))


def stops_no_location(data: Published, params: Params) -> Answer:
    records = data.asked("stops", params)
    return Answer(200, records.json(np.flatnonzero(of_force(records, params) & records.unlocated())))


def of_force(records: Records, params: Params) -> Mask:
    """None of an unknown force, silently."""
    if "force" not in params:
        raise Refused(400)
    return records.of_force(params["force"])


def is_one(category: str) -> bool:
    """Is it one category? Whatever it is not means all of them, silently."""
    return category in CATEGORIES and category != "all-crime"


def at_location(records: Records, location_id: str) -> Indices:
    found = np.flatnonzero(is_at(records, location_id))
    if not len(found):
        raise Refused(404)
    return found


def is_at(records: Records, location_id: str) -> Mask:
    place = int(location_id) if location_id.isdecimal() else -1
    at: Mask = records.place == place
    return at & ~records.unlocated()


def answer(body: object) -> Answer:
    return Answer(200, msgspec.json.encode(body))


ROUTES: Mapping[str, tuple[re.Pattern[str], Callable[..., Answer]]] = {
    "crime-last-updated": (re.compile("crime-last-updated"), crime_last_updated),
    "crimes-street-dates": (re.compile("crimes-street-dates"), crimes_street_dates),
    "crime-categories": (re.compile("crime-categories"), crime_categories),
    "forces": (re.compile("forces"), forces),
    "forces/{id}": (re.compile("forces/([^/]+)"), force),
    "crimes-street": (re.compile("crimes-street/([^/]+)"), crimes_street),
    "crimes-no-location": (re.compile("crimes-no-location"), crimes_no_location),
    "crimes-at-location": (re.compile("crimes-at-location"), crimes_at_location),
    "outcomes-at-location": (re.compile("outcomes-at-location"), outcomes_at_location),
    "outcomes-for-crime": (re.compile("outcomes-for-crime/([^/]+)"), outcomes_for_crime),
    "stops-street": (re.compile("stops-street"), stops_street),
    "stops-at-location": (re.compile("stops-at-location"), stops_at_location),
    "stops-force": (re.compile("stops-force"), stops_force),
    "stops-no-location": (re.compile("stops-no-location"), stops_no_location),
}
POSTABLE = ("crimes-street", "outcomes-at-location", "stops-street")


def route_of(path: str) -> str:
    """The name of the route for a path below `/api/`; `other` if there is none."""
    return next((name for name, (pattern, _) in ROUTES.items() if pattern.fullmatch(path)), "other")


def respond(data: Published, route: str, method: str, path: str, params: Params) -> Answer:
    """Answer one request. `path` is what follows `/api/`."""
    if route == "other":
        return NOT_FOUND
    if method != "GET" and not (method == "POST" and route in POSTABLE):
        return Answer(405)
    pattern, function = ROUTES[route]
    match = pattern.fullmatch(path)
    assert match is not None
    try:
        return function(data, params, *match.groups())
    except Refused as refused:
        return refused.answer
