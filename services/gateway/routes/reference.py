"""What the numbers are made with: words, groups, areas, rules."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from services.gateway import reference
from services.gateway.errors import NotFoundError
from services.gateway.routes.answers import AnyRequest, fresh, is_current, not_modified
from services.gateway.routes.record_answers import POSTCODE_ERRORS
from services.gateway.schemas import ATTRIBUTION, LICENCE, Freshness, Newest, PostcodePlace, Words
from services.gateway.statistics import KINDS
from services.gateway.store import Store
from shared.areas import ForceAreas
from shared.model import Dataset, format_month
from shared.postcode_lookup import Postcodes
from shared.postcodes import PostcodeError

TABLES = {
    "categories": reference.categories,
    "outcomes": reference.outcomes,
    "ons": reference.ons_edition,
    "methodology": reference.methodology,
}
GEO_JSON = "application/geo+json"


@get("/api/v1/reference/{table:str}", summary="A reference table", tags=["reference"])
async def get_reference(request: AnyRequest, table: FromPath[str]) -> Response[Any]:
    """`categories`, `outcomes` (the mapping of published outcomes to groups), `ons` (the edition) or
    `methodology`."""
    if table not in TABLES:
        raise NotFoundError("table", f"{table!r} is none of {', '.join(TABLES)}", list(TABLES))
    return bundled(request, *encoded(table))


@get("/api/v1/methodology", summary="What the numbers mean, as data", tags=["reference"])
async def get_methodology(request: AnyRequest) -> Response[Any]:
    """Limitations, and every figure that the rules work with."""
    return bundled(request, *encoded("methodology"))


@get("/api/v1/forces/areas", media_type=GEO_JSON, summary="Police areas as GeoJSON", tags=["reference"])
async def get_force_areas(request: AnyRequest) -> Response[Any]:
    """The areas of the 43 territorial forces of England and Wales, by slug."""
    return bundled(request, *area_file(), GEO_JSON)


@get("/api/v1/words", summary="Published words, as they are asked for", tags=["reference"])
async def get_words(request: AnyRequest, store: NamedDependency[Store]) -> Response[Words]:
    """Per dataset and dimension: the slugs that filters take, and what was published for each."""
    async with store.snapshot() as snapshot:
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        words = await snapshot.vocabulary()
    datasets = {
        str(dataset): {name: words.labels.get(kind, {}) for name, kind in kinds.items() if name != "force"}
        for dataset, kinds in KINDS.items()
    }
    return fresh(Words(snapshot.revision, datasets), snapshot.revision)


@get("/api/v1/freshness", summary="How new the data are", tags=["coverage"])
async def get_freshness(request: AnyRequest, store: NamedDependency[Store]) -> Response[Freshness]:
    """The newest month of each dataset, its version, and when it was loaded and counted."""
    async with store.snapshot() as snapshot:
        if is_current(request, snapshot.revision):
            return not_modified(snapshot.revision)
        facts = await snapshot.facts()
    newest: dict[str, Newest | None] = {}
    for dataset in Dataset:
        months = facts.months(dataset)
        loaded = facts.loaded[dataset, months[-1]] if months else None
        newest[str(dataset)] = (
            None
            if loaded is None
            else Newest(
                month=format_month(months[-1]),
                version=loaded.version,
                release=format_month(loaded.release) if loaded.release else None,
                loaded_at=loaded.loaded_at,
                counted_at=loaded.grid.rebuilt_at if loaded.grid else None,
                months=len(months),
            )
        )
    return fresh(Freshness(snapshot.revision, newest), snapshot.revision)


@get("/api/v1/postcodes/{postcode:str}", summary="Where a postcode is", tags=["reference"])
async def get_postcode(
    postcodes: NamedDependency[Postcodes], areas: NamedDependency[ForceAreas], postcode: FromPath[str]
) -> Response[PostcodePlace]:
    """Its centre and the police area around it. Postcodes outside England and Wales are told apart.

    With the reason: 400 for what is no whole postcode, 404 for unknown and terminated ones, 422 for others.
    """
    try:
        place = await postcodes.find(postcode)
    except PostcodeError as error:
        raise POSTCODE_ERRORS[error.reason]("postcode", str(error)) from error
    [force] = areas.assign(np.array([place.longitude]), np.array([place.latitude]))
    answer = PostcodePlace(place.postcode, place.latitude, place.longitude, force, place.source)
    return Response(answer, headers={"Cache-Control": "public, max-age=3600"})


def bundled(
    request: AnyRequest, body: bytes, revision: str, media_type: str = "application/json"
) -> Response[Any]:
    """An answer that changes with a release only."""
    return not_modified(revision) if is_current(request, revision) else fresh(body, revision, media_type)


@cache
def encoded(table: str) -> tuple[bytes, str]:
    """A table, and a name that changes with it."""
    body = msgspec.json.encode(
        {"table": table, "data": TABLES[table](), "licence": LICENCE, "attribution": ATTRIBUTION}
    )
    return body, hashlib.sha256(body).hexdigest()[:16]


@cache
def area_file() -> tuple[bytes, str]:
    """The areas that are drawn: Northern Ireland's is a rule, no area."""
    areas = msgspec.json.decode(files("shared.reference").joinpath("force_areas.geojson").read_bytes())
    areas["features"] = [one for one in areas["features"] if one["properties"]["force"] != "northern-ireland"]
    areas |= {"licence": LICENCE, "attribution": ATTRIBUTION}
    body = msgspec.json.encode(areas)
    return body, hashlib.sha256(body).hexdigest()[:16]
