"""The forces."""

from litestar import Response, get
from litestar.di import NamedDependency

from services.gateway.coverage import force_list
from services.gateway.routes.answers import AnyRequest, fresh, is_current, not_modified
from services.gateway.schemas import ForceList
from services.gateway.store import Store


@get("/api/v1/forces", summary="Forces, and the months that hold records of theirs", tags=["forces"])
async def get_forces(request: AnyRequest, store: NamedDependency[Store]) -> Response[ForceList]:
    """Every force; `datasets` names only those with records. Whether a month is whole, coverage says."""
    async with store.snapshot() as snapshot:
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        facts = await snapshot.facts()
    return fresh(ForceList(facts.revision, force_list(facts)), facts.revision)
