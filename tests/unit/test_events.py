"""Events on the wire: every recorded example still reads, whatever a newer sender adds.

`RECORD_EVENTS=1 pytest tests/unit/test_events.py` records examples of events that have none.
"""

import json
import os
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.bus import event_from_headers, header_fields
from shared.events import (
    EVENTS,
    Event,
    GridRebuilt,
    IngestRequested,
    MonthFetched,
    MonthLoaded,
    MonthRejected,
    Page,
    PageFetched,
    PartnerEvent,
    ReportFailed,
    ReportRendered,
    ReportRequested,
    RollbackRequested,
    SliceRequested,
    WebReportRequested,
    run_id,
)
from shared.model import Dataset, SliceKind
from shared.provision import STREAMS
from tests.builders import OCTOBER

EXAMPLES = Path(__file__).parents[1] / "data" / "events"
ORDER = UUID("6c9f3c5e-2a55-4d52-9a33-6f0f6b8f8a01")
RUN = run_id(ORDER, Dataset.STREET, OCTOBER)
OTHER_RUN = run_id(ORDER, Dataset.STOPS, OCTOBER)
SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

MADE: dict[str, Event] = {
    event.subject: event
    for event in (
        IngestRequested(order_id=ORDER, month=OCTOBER, datasets=(Dataset.STREET,), forces=("kent",)),
        SliceRequested(run_id=RUN, slice_id="t0"),
        RollbackRequested(
            order_id=UUID("5f0c2b0a-9d0e-4c65-8a4c-0c5a6d8a2f11"), dataset=Dataset.STREET,
            month=date(2018, 11, 1), version=41, reason="the source sent half of Kent",
        ),
        PageFetched(
            run_id=RUN, slice_id="u-kent", dataset=Dataset.STREET, month=OCTOBER, kind=SliceKind.UNLOCATED,
            force="kent", source="api", sha256=SHA, records=52,
        ),
        MonthFetched(
            run_id=RUN, dataset=Dataset.STREET, month=OCTOBER, source="api", forces=("kent",),
            accept_loss=False, release=date(2020, 8, 1),
            pages=(Page(slice_id="u-kent", sha256=SHA, records=52),),
        ),
        MonthLoaded(
            run_id=RUN, dataset=Dataset.STREET, month=OCTOBER, version=7, changed=True, records=19396
        ),
        MonthRejected(run_id=RUN, dataset=Dataset.STREET, month=OCTOBER, reasons=("kent went from 9 to 3",)),
        GridRebuilt(run_id=RUN, dataset=Dataset.STREET, month=OCTOBER, version=7, cells={275: 90, 1100: 20}),
        ReportRequested(
            id="2024-000123", postcode="EC2M 7PY", tier="standard", branding={"name": "Acme"}, language="en"
        ),
        WebReportRequested(id="8c1f0a5b", postcode="EC2M 7PY", tier="standard"),
        ReportRendered(
            id="2024-000123", report_id=RUN, bucket="reports-acme", object="2024-000123.pdf", sha256=SHA,
            bytes=412345, pages=9, figures_sha256=SHA, revision="4be1c2a07d5f9e31",
        ),
        ReportFailed(
            id="2024-000124", code="invalid-order", detail="tier: 'gold' is none of the valid values",
            field="tier", valid=("essential", "professional", "standard", "premium"),
        ),
    )
}  # fmt: skip


def example(kind: type[Event]) -> Path:
    return EXAMPLES / f"{kind.subject}.json"


@pytest.mark.parametrize("kind", EVENTS)
def test_the_recorded_example_of_every_event_still_reads(kind: type[Event]) -> None:
    if os.environ.get("RECORD_EVENTS") and not example(kind).exists():
        example(kind).write_text(MADE[kind.subject].model_dump_json(indent=2) + "\n", encoding="utf-8")
    assert kind.model_validate_json(example(kind).read_bytes()) == MADE[kind.subject]


def test_every_recorded_example_is_of_an_event() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == {kind.subject for kind in EVENTS}


@pytest.mark.parametrize("kind", EVENTS)
def test_fields_that_a_newer_sender_adds_are_ignored(kind: type[Event]) -> None:
    fields = json.loads(example(kind).read_bytes()) | {"a_field_of_tomorrow": [1]}
    assert kind.model_validate(fields) == MADE[kind.subject]


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_without_one_of_its_required_fields_is_refused(kind: type[Event]) -> None:
    fields = json.loads(example(kind).read_bytes())
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    assert required
    for name in required:
        with pytest.raises(ValidationError, match=name):
            kind.model_validate({key: value for key, value in fields.items() if key != name})


@pytest.mark.parametrize("kind", EVENTS)
def test_the_stream_of_every_event_is_declared_and_takes_its_subject(kind: type[Event]) -> None:
    [stream] = [stream for stream in STREAMS if stream.name == kind.stream]
    first, _, last = kind.subject.partition(".")
    assert {kind.filter, f"{first}.*", f"{first}.>"} & set(stream.subjects or [])
    assert last


@pytest.mark.parametrize("kind", [kind for kind in EVENTS if "run_id" in kind.model_fields])
def test_events_of_two_runs_are_never_taken_for_one(kind: type[Event]) -> None:
    event = MADE[kind.subject]
    other = event.model_copy(update={"run_id": OTHER_RUN})
    assert event.dedup_id != other.dedup_id
    assert event.dedup_id == kind.model_validate_json(event.model_dump_json()).dedup_id


def test_events_of_different_kinds_about_one_run_are_never_taken_for_one() -> None:
    ids = [event.dedup_id for kind, event in MADE.items() if not kind.startswith("report.requested")]
    assert len({*ids, ""}) == len(EVENTS) - 1
    assert {event.dedup_id for kind, event in MADE.items() if kind.startswith("report.requested")} == {""}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (IngestRequested, {"order_id": RUN}),
        (IngestRequested, {"month": None}),
        (IngestRequested, {"month": date(2018, 11, 1)}),
        (IngestRequested, {"datasets": (Dataset.STREET, Dataset.STOPS)}),
        (SliceRequested, {"slice_id": "t1"}),
        (RollbackRequested, {"order_id": RUN}),
        (PageFetched, {"slice_id": "t1"}),
        (PageFetched, {"sha256": SHA[::-1]}),
        (GridRebuilt, {"version": 8}),
        (GridRebuilt, {"mapping_version": 2}),
        *((kind, {"partner": "other"}) for kind in (ReportRendered, ReportFailed)),
        *((kind, {"id": "2024-000125"}) for kind in (ReportRendered, ReportFailed)),
        *((kind, {"repeated": 7}) for kind in (ReportRendered, ReportFailed)),
        (ReportFailed, {"code": "id-taken"}),
    ],
)
def test_messages_that_say_something_else_are_never_taken_for_one(
    kind: type[Event], changes: dict[str, object]
) -> None:
    event = MADE[kind.subject]
    assert event.model_copy(update=changes).dedup_id != event.dedup_id


def test_a_run_of_an_order_has_the_same_id_however_often_the_order_is_delivered() -> None:
    assert run_id(ORDER, Dataset.STREET, OCTOBER) == RUN == UUID("c9d3cd6b-333e-5a77-93da-0b23e5e36d74")
    assert len({run_id(ORDER, dataset, OCTOBER) for dataset in Dataset}) == 3
    assert run_id(ORDER, Dataset.STREET, date(2018, 11, 1)) != RUN


@pytest.mark.parametrize("force", ["kent", None])
def test_a_page_travels_as_headers_and_comes_back_the_same(force: str | None) -> None:
    page = MADE["page.fetched"].model_copy(update={"force": force})
    headers = {f"Crimemaps-{name}": value for name, value in header_fields(page)}
    assert ("Crimemaps-Force" in headers) is (force is not None)
    assert event_from_headers(PageFetched, headers) == page
    lower = {name.lower(): value for name, value in headers.items()} | {"nats-msg-id": "x", "other": "y"}
    assert event_from_headers(PageFetched, lower) == page


def test_a_page_with_wrong_headers_is_refused_by_name() -> None:
    page = MADE["page.fetched"]
    headers = {f"Crimemaps-{name}": value for name, value in header_fields(page)}
    with pytest.raises(ValidationError, match="dataset"):
        event_from_headers(PageFetched, headers | {"Crimemaps-Dataset": "weather"})
    with pytest.raises(ValidationError, match="run_id"):
        event_from_headers(PageFetched, {})


NAMED = [kind for kind in EVENTS if issubclass(kind, PartnerEvent) and kind is not WebReportRequested]


@pytest.mark.parametrize("kind", NAMED)
def test_a_partner_is_named_by_the_subject_and_never_by_the_message(kind: type[PartnerEvent]) -> None:
    event = MADE[kind.subject].model_copy(update={"partner": "acme"})
    assert event.address == f"{kind.subject}.acme"
    assert "partner" not in json.loads(event.model_dump_json())


def test_an_order_of_the_website_has_the_id_of_its_report_in_its_subject_only() -> None:
    order = WebReportRequested(id="1", postcode="EC2M 7PY", tier="standard", report_id=RUN)
    assert order.address == f"report.requested.web.{RUN}"
    assert json.loads(order.model_dump_json()).keys() == ReportRequested.model_fields.keys() - {"partner"}
