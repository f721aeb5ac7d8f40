"""A map page: what is shown, in figures and words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from services.gateway.coverage import Facts
from services.gateway.hex_history import Cell, HexHistory, is_silent
from services.gateway.hexes import Asked
from services.gateway.parameters import Bbox
from services.gateway.schemas import HexCollection, HexFeature
from services.gateway.site.dashboards.missing import runs
from services.gateway.site.language import N_
from services.gateway.site.language import gettext as _
from services.gateway.site.maps.drawing import draw_map, nearest_places
from services.gateway.site.maps.gaps import Missing, missing_here
from services.gateway.site.maps.panel import panel
from services.gateway.site.maps.state import PATHS, MapState
from services.gateway.site.maps.steps import classes_for, colour_of, steps_for
from services.gateway.site.maps.view import COUNTRY, View
from services.gateway.site.notes import sentences
from services.gateway.site.render import render
from shared.model import Dataset, format_month

MOST_ROWS = 200
TITLES = {Dataset.STREET: N_("Crime map"), Dataset.STOPS: N_("Stop and search map")}
RECORDS = {Dataset.STREET: N_("street crimes"), Dataset.STOPS: N_("stops and searches")}


@dataclass(frozen=True)
class Shown:
    """All that a map page is made of."""

    state: MapState
    bbox: Bbox
    asked: Asked
    cells: HexCollection
    chosen: HexHistory | None
    held: list[str]
    """Months that can be chosen, oldest first."""
    categories: dict[str, str]
    """Slug and name of all that can be chosen."""
    silent: dict[str, str]
    """Police areas of which nothing was published in any of the months, with their names."""
    without_place: int
    names: dict[str, str]
    """Of forces."""

    @property
    def facts(self) -> Facts:
        """What is held."""
        return self.asked.facts

    @property
    def months(self) -> list[str]:
        """The months that are counted."""
        return [format_month(month) for month in self.asked.query.months]

    def api(self, ending: str) -> str:
        """The API's address of exactly these hexagons."""
        query = {
            "dataset": self.state.dataset,
            "level": self.asked.query.level,
            "bbox": ",".join(map(str, self.bbox)),
            "month": self.months[-1],
            **self.state.filters,
        }
        return f"/api/v1/hexes.{ending}?{urlencode(query, safe=',')}"


@dataclass(frozen=True)
class Row:
    """A hexagon in the table."""

    id: str
    place: str
    latitude: float
    longitude: float
    total: int
    groups: list[int]
    address: str
    colour: int


def render_map(shown: Shown, *, style_url: str | None, fault: str = "", postcode: str = "") -> str:
    """The page as HTML."""
    state = shown.state
    values = parts(shown)
    svg = draw_map(
        state.view,
        shown.cells.features,
        steps_of(shown),
        shown.silent,
        shown.chosen.geometry.coordinates[0] if shown.chosen else None,
        state.address(cell="_").removesuffix("_"),
    )
    return render(
        "map",
        section="maps",
        path=PATHS[state.dataset],
        title=_(TITLES[state.dataset]),
        svg=svg,
        moves=moves(state),
        tilejson=f"/tiles/{state.dataset}.json",
        style_url=style_url,
        country=",".join(f"{degrees:.3f}" for degrees in COUNTRY.bbox()),
        fault=fault,
        postcode=postcode,
        category_names=shown.categories,
        group_names=shown.cells.outcome_groups,
        chosen_categories=(state.category or "").split(",") if state.category else [],
        chosen_groups=(state.outcome_group or "").split(",") if state.outcome_group else [],
        held=shown.held,
        clear=PATHS[state.dataset],
        **values,
    )


def render_parts(shown: Shown) -> str:
    """The parts that follow a map of the browser: what stands beside it and below it."""
    return render("map_parts", **parts(shown))


def parts(shown: Shown) -> dict[str, object]:
    """The figures and words of a view."""
    steps = steps_of(shown)
    ordered = sorted(shown.cells.features, key=lambda cell: (-cell.properties.total, cell.id))
    rest = ordered[MOST_ROWS:]
    names = {**shown.categories, **shown.cells.outcome_groups}
    return {
        "state": shown.state,
        "records": _(RECORDS[shown.state.dataset]),
        "months": shown.months,
        "asked": len(shown.asked.asked),
        "revision": shown.facts.revision,
        "steps": steps,
        "classes": classes_for(steps) if ordered else [],
        "level": shown.asked.query.level,
        "total": shown.cells.total,
        "hexagons": len(ordered),
        "without_place": shown.without_place,
        "silent": shown.silent,
        "missing": missing_of(shown),
        "not_held": runs(shown.cells.missing_months),
        "notes": sentences(shown.cells.notes),
        "groups": list(shown.cells.outcome_groups.values()),
        "rows": rows(shown, ordered[:MOST_ROWS], steps),
        "rest": len(rest),
        "rest_total": sum(cell.properties.total for cell in rest),
        "geojson": shown.api("geojson"),
        "csv": shown.api("csv"),
        "panel": panel(shown.state, shown.chosen, shown.months, names) if shown.chosen else None,
    }


def steps_of(shown: Shown) -> list[int]:
    """The steps of the colours that suit what is in view."""
    return steps_for([feature.properties.total for feature in shown.cells.features])


def rows(shown: Shown, cells: Sequence[HexFeature], steps: Sequence[int]) -> list[Row]:
    """The hexagons of the table."""
    groups = list(shown.cells.outcome_groups)
    centres = [Cell(one.properties.level, one.properties.i, one.properties.j).centre() for one in cells]
    places = nearest_places(centres) if centres else []
    return [
        Row(
            cell.id,
            place,
            *centre,
            cell.properties.total,
            [cell.properties.outcome_groups.get(group, 0) for group in groups],
            shown.state.address(cell=cell.id),
            colour_of(cell.properties.total, steps),
        )
        for cell, centre, place in zip(cells, centres, places, strict=True)
    ]


def missing_of(shown: Shown) -> list[Missing]:
    """What is missing, or may be, in the areas in view."""
    return missing_here(shown.cells.gaps, shown.names, len(shown.months))


def silent_areas(facts: Facts, asked: Asked, forces: Sequence[str], names: dict[str, str]) -> dict[str, str]:
    """The areas of which none of the months says anything, with their names."""
    dataset, months = asked.query.dataset, asked.query.months
    return {
        force: names[force]
        for force in forces
        if force in names and all(is_silent(facts, dataset, month, [force]) for month in months)
    }


def moves(state: MapState) -> list[tuple[str, str, str]]:
    """Ways to other views: a sign, what it does, and its address; those that lead away are left out."""
    view = state.view
    ways: list[tuple[str, str, View | None]] = [
        ("+", _("Zoom in"), view.zoomed(1)),
        ("\N{MINUS SIGN}", _("Zoom out"), view.zoomed(-1)),
        ("\N{LEFTWARDS ARROW}", _("Move west"), view.moved(-1, 0)),
        ("\N{UPWARDS ARROW}", _("Move north"), view.moved(0, -1)),
        ("\N{DOWNWARDS ARROW}", _("Move south"), view.moved(0, 1)),
        ("\N{RIGHTWARDS ARROW}", _("Move east"), view.moved(1, 0)),
    ]
    return [(sign, name, state.address(at=other)) for sign, name, other in ways if other]
