"""What the gateway says of files: which there are, and what is in them. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct

from services.gateway.context import of_records
from services.gateway.coverage import Facts
from services.gateway.schemas import ATTRIBUTION, LICENCE, METHODOLOGY, Gap
from shared.downloads import Column, File, Manifest, ending_of
from shared.model import Dataset, format_month, parse_month

ADDRESS = "/api/v1/downloads"


class FileLink(Struct):
    """A file. `href` is always the newest, `edition_href` is this one, whose bytes never change."""

    format: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    href: str
    edition_href: str


class Download(Struct):
    """A month of a dataset as files; `is_current` is false while those of a newer version are being made."""

    dataset: str
    month: str
    edition: str
    data_version: int
    is_current: bool
    rows: int
    files: list[FileLink]
    manifest: str


class DownloadFilters(Struct):
    """What was asked for; null is all."""

    dataset: list[str] | None
    months: list[str] | None


class DownloadList(Struct):
    """Files, newest month first. `being_made`: months that are loaded and have none yet, by dataset."""

    revision: str
    filters: DownloadFilters
    downloads: list[Download]
    being_made: dict[str, list[str]]
    missing_months: dict[str, list[str]]
    """Of the months that were asked for those that are not held, by dataset."""
    notes: list[str]
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY


class DownloadManifest(Struct):
    """What is in the files of a month: columns, rows, checksums, and what is known to be missing from them.

    `edition` names all that their bytes depend on: data version, mapping of outcomes, layout, and the
    comparison with an archive, without which `recorded_by` of the API's records is unknown.
    """

    dataset: str
    month: str
    edition: str
    data_version: dict[str, int]
    mapping_version: int
    layout: int
    reconciliation: int | None
    is_current: bool
    source: str
    release: str | None
    created_at: datetime
    rows: int
    columns: list[Column]
    files: list[FileLink]
    gaps: list[Gap]
    notes: list[str]
    coverage: str
    licence: str = LICENCE
    attribution: str = ATTRIBUTION
    methodology: str = METHODOLOGY


def list_answer(
    facts: Facts, manifests: Iterable[Manifest], datasets: Sequence[Dataset] | None, months: list[date] | None
) -> DownloadList:
    """The files of these datasets and months; None is all."""
    wanted = list(Dataset) if datasets is None else datasets
    found = [
        manifest
        for manifest in manifests
        if manifest.dataset in wanted and (months is None or parse_month(manifest.month) in months)
    ]
    there = {(manifest.dataset, manifest.month) for manifest in found}
    held = {dataset: facts.months(dataset) for dataset in wanted}
    return DownloadList(
        revision=facts.revision,
        filters=DownloadFilters(
            None if datasets is None else [str(dataset) for dataset in datasets],
            None if months is None else [format_month(month) for month in months],
        ),
        downloads=[described(facts, manifest) for manifest in found],
        being_made={
            str(dataset): [
                format_month(month)
                for month in held[dataset]
                if (months is None or month in months) and (dataset, format_month(month)) not in there
            ]
            for dataset in wanted
        },
        missing_months={
            str(dataset): [format_month(month) for month in months or [] if month not in held[dataset]]
            for dataset in wanted
        },
        notes=["what is known to be missing from a month is in its manifest"],
    )


def described(facts: Facts, manifest: Manifest) -> Download:
    """A month's files in the list."""
    return Download(
        dataset=manifest.dataset,
        month=manifest.month,
        edition=manifest.edition,
        data_version=manifest.data_version,
        is_current=is_current(facts, manifest),
        rows=manifest.rows,
        files=[link_of(manifest, file) for file in manifest.files],
        manifest=address_of(manifest),
    )


def manifest_answer(facts: Facts, manifest: Manifest) -> DownloadManifest:
    """All that can be said of a month's files today."""
    dataset, month = Dataset(manifest.dataset), parse_month(manifest.month)
    held = of_records(facts, dataset, [month], [force.slug for force in facts.forces])
    current = is_current(facts, manifest)
    newer = [] if current else ["another version of the month is loaded, and its files are being made"]
    return DownloadManifest(
        dataset=manifest.dataset,
        month=manifest.month,
        edition=manifest.edition,
        data_version={manifest.month: manifest.data_version},
        mapping_version=manifest.mapping_version,
        layout=manifest.layout,
        reconciliation=manifest.reconciliation,
        is_current=current,
        source=manifest.source,
        release=manifest.release,
        created_at=manifest.created_at,
        rows=manifest.rows,
        columns=manifest.columns,
        files=[link_of(manifest, file) for file in manifest.files],
        gaps=held.gaps,
        notes=[*newer, *held.notes],
        coverage=f"/api/v1/coverage?dataset={manifest.dataset}&month={manifest.month}",
    )


def is_current(facts: Facts, manifest: Manifest) -> bool:
    """Whether the files hold the records that all other answers are made of."""
    loaded = facts.loaded.get((Dataset(manifest.dataset), parse_month(manifest.month)))
    return loaded is not None and loaded.version == manifest.data_version


def address_of(manifest: Manifest) -> str:
    """Where a month's manifest is; with an ending, its files."""
    return f"{ADDRESS}/{manifest.dataset}/{manifest.month}"


def link_of(manifest: Manifest, file: File) -> FileLink:
    """A file with its addresses."""
    address = f"{address_of(manifest)}.{ending_of(file)}"
    return FileLink(
        format=file.format,
        name=file.name,
        media_type=file.media_type,
        bytes=file.bytes,
        sha256=file.sha256,
        href=address,
        edition_href=f"{address}?edition={manifest.edition}",
    )
