"""Which slices make up a run: decided from what is known, without asking anybody. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.fetcher.tiles import UNITED_KINGDOM, Points, Tile, kd_tiles, split
from shared.errors import PermanentError
from shared.model import Dataset, SliceKind, format_month

BTP = "btp"
"""The British Transport Police publishes, but is in no list of forces."""


@dataclass(frozen=True)
class Slice:
    """One request of a run."""

    id: str
    kind: SliceKind
    force: str | None = None
    tile: Tile | None = None
    expected: int | None = None


@dataclass(frozen=True)
class Knowledge:
    """Where records are expected, and how we know."""

    source: str
    """In words, for the operator: the month that the points are from, or the prior."""
    points: Points


def plan_slices(
    dataset: Dataset,
    forces: Sequence[str],
    areas: Sequence[Tile] | None,
    knowledge: Knowledge | None,
    target: int,
) -> list[Slice]:
    """The slices of a run.

    `forces` are asked one by one: for stops those that published, for street crimes everybody's
    unlocated ones. `areas` are the rectangles to cover, None for the whole of the United Kingdom.
    Outcomes can only be asked by area.
    """
    if dataset is Dataset.STOPS:
        return by_force(SliceKind.FORCE, forces)
    if knowledge is None:
        raise ValueError("an area cannot be planned without any knowledge")
    tiles = [
        piece
        for area in (areas if areas is not None else [UNITED_KINGDOM])
        for piece in kd_tiles(knowledge.points, area, target)
    ]
    slices = [
        Slice(f"t{n}", SliceKind.TILE, tile=piece.tile, expected=piece.expected)
        for n, piece in enumerate(tiles)
    ]
    return slices + (by_force(SliceKind.UNLOCATED, forces) if dataset is Dataset.STREET else [])


def by_force(kind: SliceKind, forces: Sequence[str]) -> list[Slice]:
    """A slice a force, in the order of their names."""
    return [Slice(f"{kind[0]}-{force}", kind, force=force) for force in sorted(set(forces))]


def halves(piece: Slice, points: Points) -> list[Slice]:
    """The two slices that replace one whose tile holds too many records, cut by where `points` are.

    Raises:
        PermanentError: the tile is too small to be cut, or the slice is of a force.
    """
    if piece.tile is None:
        raise PermanentError(f"slice {piece.id} has too many records for one answer and no tile to cut")
    try:
        tiles = split(piece.tile, points)
    except ValueError as error:
        raise PermanentError(f"slice {piece.id}: {error}") from error
    return [replace(piece, id=f"{piece.id}.{n}", tile=tile, expected=None) for n, tile in enumerate(tiles)]


def everybody(listed: Sequence[str]) -> tuple[str, ...]:
    """The forces that unlocated crimes are asked of."""
    return tuple(sorted({*listed, BTP}))


def publishers(
    month: date,
    months: dict[date, tuple[str, ...] | None],
    listed: Sequence[str],
    already_loaded: Sequence[str],
) -> tuple[str, ...]:
    """The forces whose stops of a month are asked for.

    A force that we hold records of is asked even if it has left the source's list, so that its
    disappearance is seen by the gate and never by nobody.
    """
    published = months[month]
    return tuple(sorted({*(everybody(listed) if published is None else published), *already_loaded}))


def check_month(month: date, months: Sequence[date]) -> None:
    """Refuse a month that the source does not serve: it would answer it with an empty list, or its newest.

    Raises:
        PermanentError: the text names what the source serves.
    """
    if month not in months:
        raise PermanentError(f"the source has no {format_month(month)}; it has {describe_months(months)}")


def check_forces(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Refuse forces that do not exist.

    Raises:
        PermanentError: the text names those that do.
    """
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise PermanentError(f"no force {', '.join(unknown)}; there are {', '.join(known)}")


def describe_months(months: Sequence[date]) -> str:
    """Months as ranges: `2018-10 to 2018-12, 2022-01`."""
    ordered = sorted(months)
    ranges: list[tuple[date, date]] = []
    for month in ordered:
        if ranges and months_between(ranges[-1][1], month) == 1:
            ranges[-1] = (ranges[-1][0], month)
        else:
            ranges.append((month, month))
    return ", ".join(
        format_month(first) if first == last else f"{format_month(first)} to {format_month(last)}"
        for first, last in ranges
    )


def months_between(first: date, second: date) -> int:
    """Whole months from one to the other."""
    return (second.year - first.year) * 12 + second.month - first.month


def months_to_order(months: Sequence[date], loaded: Sequence[date], refresh: int) -> list[date]:
    """What a new release asks for: months that are not loaded, and the newest `refresh` that are."""
    ordered = sorted(months, reverse=True)
    held = set(loaded)
    return [month for n, month in enumerate(ordered) if month not in held or n <= refresh]
