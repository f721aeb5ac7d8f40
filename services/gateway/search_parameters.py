"""What is searched for: months, filters, fields, and where a page begins. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from services.gateway.area import Area, Circle, ForceArea
from services.gateway.errors import ParameterError
from services.gateway.parameters import read_count, read_months, read_words, short
from services.gateway.settings import GatewaySettings
from services.gateway.statistics import MOST_PERSONAL, PERSONAL
from services.gateway.vocabulary import Vocabulary, slug_of, slugs_in
from shared.model import Dataset, format_month, parse_month
from shared.reference import categories, stop_outcomes, street_outcomes

USUAL_LIMIT = 100
LEAST_KM2 = 0.75
"""Filters on personal attributes need an area whose parts are so large; a circle of 500 m is 0.785 km²."""

OUTCOME_KIND = {Dataset.STREET: "street_outcome", Dataset.OUTCOMES: "outcome", Dataset.STOPS: "stop_outcome"}
KINDS = {
    Dataset.STREET: {"category": "category"},
    Dataset.OUTCOMES: {"category": "category"},
    Dataset.STOPS: {
        "self_ethnicity": "self_ethnicity",
        "officer_ethnicity": "officer_ethnicity",
        "age_range": "age_range",
        "gender": "gender",
        "object": "object_of_search",
        "legislation": "legislation",
        "type": "stop_type",
    },
}
"""Filters by published words besides the outcome: the kind of word, in the order of the statements."""
ID = re.compile(r"(20[0-9]{2}-(?:0[1-9]|1[0-2]))\.([0-9]{1,10})\.((?:[0-9a-f]{2}){0,32})\.([0-9]{1,5})")
ID_FORM = "the id of a record that was given out, such as 2018-11.123456.0a1b….0"
MOST_POINT, MOST_ORDINAL = 2**31 - 1, 2**15 - 1


@dataclass(frozen=True, order=True)
class Key:
    """Where a record stands within its month."""

    point: int
    content_hash: bytes
    ordinal: int


START = Key(0, b"", -1)
"""Before every record of a month."""


@dataclass(frozen=True)
class After:
    """The record after which a page begins."""

    month: date
    key: Key


@dataclass(frozen=True)
class Asked:
    """What can be said of a request without looking at the data."""

    months: list[date]
    """Newest first, as records are given out."""
    crime_months: list[date] | None
    limit: int
    fields: list[str]
    after: After | None


@dataclass(frozen=True)
class Filters:
    """`ids` are the numbers of published words by filter, also of `outcome`; None lets all through."""

    ids: dict[str, list[int] | None]
    words: dict[str, list[str]]
    """As answers repeat them."""


def read_asked(
    given: Mapping[str, str], dataset: Dataset, fields: Sequence[str], settings: GatewaySettings
) -> Asked:
    """Months, page and fields."""
    months = read_months(given.get("month"))[::-1]
    crime_months = None
    if "crime_month" in given:
        try:
            crime_months = read_months(given["crime_month"])
        except ParameterError as error:
            raise ParameterError("crime_month", str(error).removeprefix("month: ")) from error
    wanted = read_words("fields", given.get("fields"), fields)
    return Asked(
        months=months,
        crime_months=crime_months,
        limit=read_limit(given.get("limit"), settings.max_records),
        # A record without its id could not be gone on from.
        fields=[name for name in fields if wanted is None or name in wanted or name == "id"],
        after=read_after(given["after"], months) if "after" in given else None,
    )


def read_limit(text: str | None, most: int) -> int:
    """Records of one page."""
    return min(USUAL_LIMIT, most) if text is None else read_count("limit", text, most)


def read_after(text: str, months: Sequence[date]) -> After:
    """The record after which the page begins; it need not exist any more."""
    match = ID.fullmatch(text)
    if match is None or int(match[2]) > MOST_POINT or int(match[4]) > MOST_ORDINAL:
        raise ParameterError("after", f"'{text[:40]}' is not {ID_FORM}")
    try:
        month = parse_month(match[1])
    except ValueError as error:
        raise ParameterError("after", str(error)) from error
    if month not in months:
        asked = [format_month(one) for one in months]
        raise ParameterError(
            "after", f"is a record of {match[1]}, and {', '.join(asked)} is asked for", asked
        )
    return After(month, Key(int(match[2]), bytes.fromhex(match[3]), int(match[4])))


def read_filters(
    given: Mapping[str, str], dataset: Dataset, words: Vocabulary, groups: Collection[str]
) -> Filters:
    """The filters by published words."""
    ids: dict[str, list[int] | None] = {"outcome": None}
    said: dict[str, list[str]] = {}
    for name, kind in KINDS[dataset].items():
        known = {*words.valid(kind), *(category.slug for category in categories() if kind == "category")}
        chosen = read_slugs(name, given.get(name), known)
        ids[name] = None if chosen is None else words.ids(kind, chosen)
        if chosen is not None:
            said[name] = chosen
    kind, codes = OUTCOME_KIND[dataset], outcome_codes(dataset)
    outcomes = read_slugs("outcome", given.get("outcome"), {*words.valid(kind), *codes})
    if outcomes is not None:
        said["outcome"] = outcomes
        ids["outcome"] = words.ids(kind, {slug for word in outcomes for slug in codes.get(word, [word])})
    chosen_groups = read_words("outcome_group", given.get("outcome_group"), groups)
    if chosen_groups is not None:
        said["outcome_group"] = chosen_groups
        of_groups = words.ids_in_groups(kind, chosen_groups)
        ids["outcome"] = [one for one in of_groups if ids["outcome"] is None or one in ids["outcome"]]
    return Filters(ids, said)


def read_slugs(name: str, text: str | None, known: Collection[str]) -> list[str] | None:
    """Published words, as they were published or as slugs."""
    if text is None:
        return None
    return read_words(name, ",".join(slugs_in(short(name, text))), known)


def outcome_codes(dataset: Dataset) -> dict[str, list[str]]:
    """The source's codes of outcomes, each with the slugs of the words that it was published with."""
    if dataset is Dataset.STOPS:
        return {one.id: [slug_of(str(one.raw))] for one in stop_outcomes() if one.id}
    return {one.code: [slug_of(name) for name in one.names] for one in street_outcomes()}


def guard_people(area: Area, filters: Filters) -> None:
    """Refuse filters that describe people so closely that one could stand out (docs/privacy.md).

    Raises:
        ParameterError: too many filters on personal attributes, or too small an area for one.
    """
    personal = [name for name in PERSONAL if name in filters.words]
    if len(personal) > MOST_PERSONAL:
        raise ParameterError(
            personal[-1],
            f"{', '.join(personal)} together describe people too closely: at most {MOST_PERSONAL} of "
            f"{', '.join(PERSONAL)} are combined",
        )
    if not personal or isinstance(area, ForceArea):
        return
    # Small parts far from each other hide nobody, however many they are.
    if (area.km2 if isinstance(area, Circle) else area.smallest_km2) < LEAST_KM2:
        place = "radius" if isinstance(area, Circle) else next(iter(area.words))
        raise ParameterError(
            place,
            f"too small an area to filter by {', '.join(personal)}: take a force, a radius of 500 m or more, "
            f"or at least {LEAST_KM2} km² in every part of a polygon",
        )


def read_body(body: bytes, valid: Collection[str]) -> dict[str, str]:
    """The parameters of a search that is sent as a JSON object; the polygon may be an object in it."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        given = {name: text_of(name, raw) for name, raw in members.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParameterError("body", f"is no JSON object of parameters: {error}") from error
    for name in given:
        if name not in valid:
            raise ParameterError(name, f"no such parameter; there are {', '.join(valid)}", list(valid))
    return given


def text_of(name: str, raw: msgspec.Raw) -> str:
    """A member of the body as the address would have it: text, a number, or several."""
    if name == "polygon":
        return bytes(raw).decode()
    value = msgspec.json.decode(raw, type=str | int | float | list[str | int | float])
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
