"""How statistics are answered: computed once for all who ask the same, as JSON or as a CSV table."""

import csv
import hashlib
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from services.gateway.area import Circle
from services.gateway.cache import Cache
from services.gateway.errors import ParameterError
from services.gateway.routes.answers import (
    CSV,
    JSON,
    AnyRequest,
    fresh,
    is_current,
    not_modified,
    wanted_type,
)
from services.gateway.sides import Place
from services.gateway.statistics import Row
from services.gateway.store import Snapshot, Store


class Table(Struct):
    """An answer, and the part of it that fits into a table, with its columns."""

    answer: Struct
    columns: Sequence[str]
    rows: Sequence[Row]


async def answer_table(
    request: AnyRequest,
    store: Store,
    cache: Cache,
    compute: Callable[[Snapshot], Awaitable[Table]],
    *,
    places: Sequence[Place] = (),
) -> Response[Any]:
    """The answer to a request: kept if it was, as CSV for `.csv` or `Accept: text/csv`.

    `places` are those of the address: where a postcode is may change, too.
    """
    revision = await store.revision()
    media_type = wanted_type(request, (JSON, CSV))
    circles = [place.area for place in places if isinstance(place.area, Circle)]
    tag = f"{revision}-{hashlib.sha256(repr((media_type, circles)).encode()).hexdigest()[:8]}"
    if is_current(request, tag):
        return not_modified(tag)

    async def work() -> bytes:
        async with store.snapshot() as snapshot:
            table = await compute(snapshot)
        return msgspec.json.encode(table.answer) if media_type == JSON else csv_of(table)

    query = sorted(request.query_params.multi_items())
    key = repr((request.url.path, media_type, query, circles))
    body = await cache.get_or_compute(key, work, revision=revision)
    answer = fresh(body, tag, media_type)
    answer.headers["Vary"] = "Accept"
    return answer


def csv_of(table: Table) -> bytes:
    """The rows with a header; what is not known is empty, never 0."""
    target = io.StringIO()
    writer = csv.DictWriter(target, table.columns, restval="", extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: plain(value) for name, value in row.items()} for row in table.rows)
    return target.getvalue().encode()


def plain(value: Any) -> Any:
    """A value as CSV has it."""
    return str(value).lower() if isinstance(value, bool) else value


def read_names(
    name: str, text: str | None, valid: Sequence[str], default: Sequence[str], *, most: int
) -> list[str]:
    """At most so many of the valid names, with commas between, in the order in which they are given."""
    if text is None:
        return list(default)
    names = [part.strip() for part in text.split(",")]
    unknown = [part for part in names if part not in valid]
    if unknown:
        raise ParameterError(name, f"'{', '.join(unknown)}' is none of {', '.join(valid)}", list(valid))
    found = list(dict.fromkeys(names))
    if len(found) > most:
        raise ParameterError(
            name, f"{len(found)} are given: at most {most} of {', '.join(valid)}", list(valid)
        )
    return found
