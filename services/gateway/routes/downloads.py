"""Whole months as files: the list of them, a month's manifest, and the files themselves."""

from datetime import date
from hashlib import sha256
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from services.gateway.download_answers import DownloadList, DownloadManifest, list_answer, manifest_answer
from services.gateway.errors import NotFoundError
from services.gateway.limits import DOWNLOADS
from services.gateway.parameters import read_dataset, read_month, read_months, read_words
from services.gateway.routes.answers import AnyRequest, fresh, is_current, not_modified
from services.gateway.routes.download_files import Downloads, file_answer
from services.gateway.store import Snapshot, Store, sql
from shared.downloads import ENDINGS, Manifest
from shared.errors import TransientError
from shared.model import Dataset, format_month
from shared.postcodes import shown


@get("/api/v1/downloads", summary="Whole months as files: which there are", tags=["downloads"])
async def get_downloads(
    request: AnyRequest,
    store: NamedDependency[Store],
    dataset: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
) -> Response[DownloadList]:
    """CSV (gzip) and GeoParquet of every loaded month, all records, with checksums.

    `dataset` is one of them or several with commas, `month` YYYY-MM or a range (2018-10..2018-12). Months
    that are loaded and have no files yet are in `being_made`.
    """
    names = read_words("dataset", dataset, [str(name) for name in Dataset])
    datasets = None if names is None else [Dataset(name) for name in names]
    months = None if month is None else read_months(month)
    async with store.snapshot() as snapshot:
        manifests = decoded(await snapshot.connection.fetch(sql("select_downloads")))
        revision = f"{snapshot.revision}-{digest_of(manifests)}"
        if is_current(request, revision):
            return not_modified(revision)
        facts = await snapshot.facts()
    return fresh(list_answer(facts, manifests, datasets, months), revision)


@get(
    "/api/v1/downloads/{dataset:str}/{month:str}",
    opt=DOWNLOADS,
    summary="What is in the files of a month",
    tags=["downloads"],
)
async def get_download(
    request: AnyRequest,
    store: NamedDependency[Store],
    downloads: NamedDependency[Downloads],
    dataset: FromPath[str],
    month: FromPath[str],
    edition: FromQuery[str | None] = None,
) -> Response[DownloadManifest]:
    """Columns, rows, checksums and known gaps; with `.csv.gz` or `.parquet` after the month the file.

    `edition` asks for that one and no other; its bytes never change. Without, the newest is given. Replaced
    editions stay for a day.
    """
    name = read_dataset(dataset)
    text, dot, ending = month.partition(".")
    asked = read_month(text)
    if dot and ending not in ENDINGS:
        raise NotFoundError(
            "month", f"there is no file {shown(month)}: there are {' and '.join(ENDINGS)}", list(ENDINGS)
        )
    async with store.snapshot() as snapshot:
        manifest = await find(snapshot, name, asked, edition)
        if not dot:
            revision = f"{snapshot.revision}-{digest_of([manifest])}"
            if is_current(request, revision):
                return not_modified(revision)
            return fresh(manifest_answer(await snapshot.facts(), manifest), revision)
    return await file_answer(request, downloads, manifest, ending, is_fixed=edition is not None)


async def find(snapshot: Snapshot, dataset: Dataset, month: date, edition: str | None) -> Manifest:
    """The newest edition of a month, or the one that is asked for.

    Raises:
        NotFoundError: it is not there; the text says what is.
        TransientError: the month is loaded, and its files are being made.
    """
    held = decoded(await snapshot.connection.fetch(sql("select_editions"), dataset, month))
    for manifest in held:
        if edition is None or manifest.edition == edition:
            return manifest
    if held:
        valid = [manifest.edition for manifest in held]
        raise NotFoundError(
            "edition", f"{shown(str(edition))} is not kept; there are {', '.join(valid)}", valid
        )
    if (dataset, month) in (await snapshot.facts()).loaded:
        raise TransientError(f"{dataset} {format_month(month)} is loaded, and its files are being made")
    listed = decoded(await snapshot.connection.fetch(sql("select_downloads")))
    valid = sorted(manifest.month for manifest in listed if manifest.dataset == dataset)
    what = f"there are {', '.join(valid)}" if valid else "there are no files yet"
    raise NotFoundError("month", f"{dataset} {format_month(month)} is not held; {what}", valid)


def decoded(rows: list[Any]) -> list[Manifest]:
    """The manifests in rows of a statement."""
    return [msgspec.json.decode(row["manifest"], type=Manifest) for row in rows]


def digest_of(manifests: list[Manifest]) -> str:
    """What changes when other files are there."""
    said = [(manifest.dataset, manifest.month, manifest.edition) for manifest in manifests]
    return sha256(repr(said).encode()).hexdigest()[:16]
