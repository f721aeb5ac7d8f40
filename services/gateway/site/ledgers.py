"""The pages of the ledgers: what was revised, and what API and archive say of the same months. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.coverage import Facts
from services.gateway.reconciliations import NOTES as RECONCILIATION_NOTES
from services.gateway.reconciliations import Reconciliation
from services.gateway.revisions import NOTES as REVISION_NOTES
from services.gateway.revisions import Difference, Revision
from services.gateway.site.home import dataset_names
from services.gateway.site.language import gettext as _
from services.gateway.site.links import address
from services.gateway.site.render import render

REVISIONS, RECONCILIATIONS = "/data/revisions", "/data/reconciliations"
CHANGES = ("added", "removed", "outcome_changed", "otherwise_changed")


@dataclass(frozen=True)
class Asked:
    """The filters as they were given; None is all."""

    dataset: str | None
    month: str | None
    force: str | None
    before: str | None = None


@dataclass(frozen=True)
class ForceChange:
    """Changes of a force, all categories together."""

    name: str
    added: int
    removed: int
    outcome_changed: int
    otherwise_changed: int


def render_revisions(facts: Facts, found: Sequence[Revision], last: int | None, asked: Asked) -> str:
    """The ledger of revisions as HTML; `last` is the id after which the next page begins."""
    names = facts.names
    changes = {one.id: by_force(one.differences, names) for one in found}
    return ledger("data_revisions", REVISIONS, facts, found, last, asked, REVISION_NOTES, changes=changes)


def render_reconciliations(
    facts: Facts, found: Sequence[Reconciliation], last: int | None, asked: Asked
) -> str:
    """The comparisons of API and archive as HTML."""
    return ledger("data_reconciliations", RECONCILIATIONS, facts, found, last, asked, RECONCILIATION_NOTES)


def ledger(
    template: str,
    path: str,
    facts: Facts,
    found: Sequence[Revision] | Sequence[Reconciliation],
    last: int | None,
    asked: Asked,
    notes: Sequence[str],
    **more: object,
) -> str:
    """What both pages have in common: filters, entries, the way on."""
    filters = {"dataset": asked.dataset, "month": asked.month, "force": asked.force}
    return render(
        template,
        section="data",
        path=path,
        found=found,
        asked=asked,
        notes=notes,
        datasets={str(dataset): name for dataset, name in dataset_names().items()},
        forces=facts.names,
        newest=address(path, **filters) if asked.before else None,
        older=None if last is None else address(path, **filters, before=last),
        api=address(path.replace("/data", "/api/v1"), **filters, before=asked.before),
        **more,
    )


def by_force(differences: Sequence[Difference], names: dict[str, str]) -> list[ForceChange]:
    """The larger first."""
    sums: dict[str | None, Counter[str]] = {}
    for one in differences:
        sums.setdefault(one.force, Counter()).update({change: getattr(one, change) for change in CHANGES})
    ordered = sorted(sums.items(), key=lambda entry: -entry[1].total())
    return [
        ForceChange(names[force] if force else _("Outside every police area"), **{c: n[c] for c in CHANGES})
        for force, n in ordered
    ]
