"""How statistics are answered: computed once for all who ask the same, as JSON or as a CSV table."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from services.gateway.area import Circle
from services.gateway.cache import Cache
from services.gateway.cube_store import compute_when_read
from services.gateway.errors import ParameterError
from services.gateway.routes.answers import (
    BY_TYPE,
    CSV,
    JSON,
    AnyRequest,
    described_by,
    fresh,
    holds,
    is_current,
    month_headers,
    not_modified,
    question_tag,
    wanted_type,
)
from services.gateway.sides import Place
from services.gateway.statistics import Row
from services.gateway.statistics_schemas import Comparison, OnsComparison, OutcomeFunnel, Statistics, Trend
from services.gateway.store import Snapshot, Store


class Table(Struct):
    """An answer, and the part of it that fits into a table, with its columns."""

    answer: Statistics | Trend | OutcomeFunnel | Comparison | OnsComparison
    columns: Sequence[str]
    rows: Sequence[Row]


class Kept(Struct, array_like=True):
    """What the cache keeps: a body, and the headers that name its months."""

    body: bytes
    headers: dict[str, str]


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
    query = sorted(request.query_params.multi_items())
    question = (request.url.path.removesuffix(".csv"), media_type, query, circles)
    tag = question_tag(revision, *question)
    if holds(request, tag):
        return not_modified(tag, BY_TYPE)

    async def work() -> bytes:
        is_long = any(place.area for place in places)
        table = await compute_when_read(store.long_snapshot if is_long else store.snapshot, compute)
        body = msgspec.json.encode(table.answer) if media_type == JSON else csv_of(table)
        return msgspec.msgpack.encode(Kept(body, headers_of(table)))

    packed = await cache.get_or_compute(repr(question), work, revision=revision)
    if is_current(request, tag):
        return not_modified(tag, BY_TYPE)
    kept = msgspec.msgpack.decode(packed, type=Kept)
    answer = fresh(kept.body, tag, media_type, BY_TYPE)
    answer.headers.update(kept.headers)
    if media_type == CSV and (link := described_by(request)):
        answer.headers["Link"] = link
    return answer


def headers_of(table: Table) -> dict[str, str]:
    """The months of an answer; of a comparison those of both sides: a month has one version for both."""
    answer = table.answer
    sides = (answer.a, answer.b) if isinstance(answer, Comparison) else (answer,)
    versions = {month: version for side in sides for month, version in side.data_version.items()}
    missing = {month for side in sides for month in side.missing_months}
    return month_headers(dict(sorted(versions.items())), sorted(missing))


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
