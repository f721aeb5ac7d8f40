"""The dashboard of comparisons: two places or two periods, and a place beside ONS."""

from services.gateway.cube_store import Cubes
from services.gateway.routes.comparisons import comparison_table, ons_table
from services.gateway.routes.pages.boards.asked import dashboard, require_months
from services.gateway.routes.pages.boards.times import dataset_field, read_dataset
from services.gateway.sides import COUNTRY, Place
from services.gateway.site import words
from services.gateway.site.dashboards.pages import COMPARISONS
from services.gateway.site.dashboards.questions import Period, Sent, held_months, period_fields, read_period
from services.gateway.site.dashboards.shapes import Chart, Dashboard, Field, Option, api_address
from services.gateway.site.dashboards.sides import comparison_chart, ons_chart
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from services.gateway.statistics import NO_DATA
from services.gateway.statistics_schemas import Comparison, OnsComparison, Side
from services.gateway.store import Snapshot
from shared.areas import ForceAreas
from shared.model import Dataset
from shared.ons import current

AREA_HINT = N_("Instead of the police area: a postcode and metres, such as EC2M 7PY, 500")
PLACES = {
    "a": (N_("First side: police area"), N_("First side: around")),
    "b": (N_("Second side: police area"), N_("Second side: around")),
}
PERIODS = (("from", "to"), ("from_b", "to_b"))
LABELS = (N_("Second side: from"), N_("Second side: to"))


async def comparisons(
    snapshot: Snapshot, cubes: Cubes, sent: Sent, areas: ForceAreas, places: tuple[Place, Place]
) -> Dashboard:
    """Two sides; `places` are those that `place_texts` named, looked up."""
    dataset = read_dataset(sent.one("dataset"))
    facts, vocabulary = await snapshot.facts(), await snapshot.vocabulary()
    held = require_months(held_months(facts, dataset), dataset)
    period_a = read_period(sent, held)
    is_other = bool(sent.one("from_b") or sent.one("to_b"))
    period_b = read_period(sent, held, PERIODS[1]) if is_other else period_a
    is_street = dataset is Dataset.STREET
    by = "category" if is_street else "object"
    table = await comparison_table(
        snapshot, cubes, areas, dataset, places, (period_a.text, period_b.text), by, {}
    )
    answer = table.answer
    assert isinstance(answer, Comparison)
    names = {COUNTRY: _("England and Wales"), **facts.names}
    a, b = side_names(answer, names, (period_a, period_b))
    labels = await snapshot.categories() if is_street else vocabulary.labels.get("object_of_search", {})
    address = api_address(
        f"/api/v1/comparisons/{dataset}", a=answer.a.place, b=answer.b.place, month=period_a.text,
        month_b=period_b.text if is_other else None, by=by,
    )  # fmt: skip
    charts = [comparison_chart(answer, labels, a, b, address)]
    if is_street and answer.a.place in current().rates:
        charts.append(await beside_ons(snapshot, cubes, answer.a.place, period_a, a))
    keys = [(name, total_of(side), _("records")) for name, side in ((a, answer.a), (b, answer.b))]
    shown = OnBothSides(answer)
    fields = [
        dataset_field(dataset),
        *place_fields(sent, "a", names),
        *period_fields(held, period_a),
        *place_fields(sent, "b", names),
        *period_fields(["", *held], period_b if is_other else Period("", ""), PERIODS[1], LABELS),
    ]
    months = sorted(shown.data_version)
    return dashboard(COMPARISONS, fields, keys, charts, shown, months, period_a, sent, facts)


class OnBothSides:
    """What is missing of either side."""

    def __init__(self, answer: Comparison) -> None:
        sides = (answer.a, answer.b)
        self.data_version = {m: version for side in sides for m, version in side.data_version.items()}
        self.missing_months = sorted({month for side in sides for month in side.missing_months})
        self.gaps = list({(gap.month, gap.force): gap for side in sides for gap in side.gaps}.values())
        self.notes = list(dict.fromkeys(note for side in sides for note in side.notes))


async def beside_ons(snapshot: Snapshot, cubes: Cubes, place: str, period: Period, name: str) -> Chart:
    """The first side beside what ONS publishes of it."""
    table = await ons_table(snapshot, cubes, place, period.text)
    assert isinstance(table.answer, OnsComparison)
    return ons_chart(
        table.answer, name, api_address("/api/v1/comparisons/ons", force=place, month=period.text)
    )


def total_of(side: Side) -> str:
    """Its records; of a side of which no month is known there is no number."""
    return _("not told") if is_silent(side) else f"{side.total:,}"


def is_silent(side: Side) -> bool:
    """Whether every month of it that is held is one in which its force published nothing."""
    silent = {gap.month for gap in side.gaps if gap.state in NO_DATA}
    return not side.total and silent >= side.data_version.keys()


def place_texts(sent: Sent) -> tuple[str, str]:
    """Both places as the API names them; a postcode goes before the police area beside it."""
    return place_text(sent, "a"), place_text(sent, "b")


def place_text(sent: Sent, side: str) -> str:
    """One of them."""
    around = " ".join(sent.several(f"around_{side}")[:1])
    if around:
        metres = "".join(sent.several(f"around_{side}")[1:2]) or "500"
        return f"postcode:{around},{metres}"
    return sent.one(side) or COUNTRY


def place_fields(sent: Sent, side: str, names: dict[str, str]) -> list[Field]:
    """A police area or the country; or a postcode with metres."""
    around = ", ".join(sent.several(f"around_{side}"))
    chosen = "" if around else sent.one(side) or COUNTRY
    choices = {"": _("As around, beside"), **names}
    by_area, by_radius = PLACES[side]
    options = [Option(slug, name, slug == chosen) for slug, name in choices.items()]
    return [
        Field(side, _(by_area), "select", options),
        Field(f"around_{side}", _(by_radius), "text", value=around, hint=_(AREA_HINT)),
    ]


def side_names(answer: Comparison, names: dict[str, str], periods: tuple[Period, Period]) -> tuple[str, str]:
    """What both sides are called; with their months where these differ."""
    found = [names.get(side.place, side.place.replace("postcode:", "").replace(",", ", ") + " m")
             for side in (answer.a, answer.b)]  # fmt: skip
    if periods[0] != periods[1]:
        found = [
            f"{name}, {words.span([period.first, period.last])}"
            for name, period in zip(found, periods, strict=True)
        ]
    return found[0], found[1]
