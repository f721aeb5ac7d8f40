"""Every message on the bus: its subject, its stream, its shape and its deduplication id.

Subjects are constants, what varies is in the payload. `docs/events.md` is the table of them.
"""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from shared.model import Dataset, SliceKind, format_month

ORDER_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""The id that a partner gives to an order."""
ORDER_ID_IN_WORDS = "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"
WORK, PAGES, FACTS, ORDERS, WEB_ORDERS, DEAD = "WORK", "PAGES", "FACTS", "ORDERS", "WEB_ORDERS", "DEAD"


class Event(BaseModel):
    """A message. Unknown fields are ignored, so that a newer sender never breaks an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: ClassVar[str]
    stream: ClassVar[str]
    filter: ClassVar[str]
    """What a consumer of these messages asks for."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "subject" in vars(cls):
            cls.filter = cls.subject

    @property
    def address(self) -> str:
        """The subject that this message is published on."""
        return self.subject

    @property
    def dedup_id(self) -> str:
        """Two messages with this id within the stream's window are one (`Nats-Msg-Id`); empty: never."""
        raise NotImplementedError


def run_id(order_id: UUID, dataset: Dataset, month: date) -> UUID:
    """The id of the run that an order makes of one dataset and month: the same for every delivery."""
    return uuid5(order_id, f"{dataset}/{format_month(month)}")


def report_id(secret: UUID, order: str) -> UUID:
    """What is printed in the report of an order: the same for ever, and guessed by nobody.

    `secret` is the partner's; `order` the partner's own id.
    """
    return uuid5(secret, order)


class IngestRequested(Event):
    """Fetch these datasets of one month, or of everything that is new (`month` is None)."""

    subject: ClassVar[str] = "ingest.requested"
    stream: ClassVar[str] = WORK

    order_id: UUID
    month: date | None
    datasets: tuple[Dataset, ...] = tuple(Dataset)
    forces: tuple[str, ...] | None = None
    """Only these forces; None is the whole country."""
    accept_loss: bool = False
    """Let the month through even if a force lost more records than the gate allows."""

    @property
    def dedup_id(self) -> str:
        month = format_month(self.month) if self.month else "new"
        return f"ingest/{self.order_id}/{month}/{'+'.join(self.datasets)}"


class RollbackRequested(Event):
    """Let readers see an earlier version of a month again, whose records are still kept."""

    subject: ClassVar[str] = "rollback.requested"
    stream: ClassVar[str] = WORK

    order_id: UUID
    dataset: Dataset
    month: date
    version: int
    reason: str
    """For the ledger of revisions, in the operator's words."""

    @property
    def dedup_id(self) -> str:
        return f"rollback/{self.order_id}"


class SliceRequested(Event):
    """Fetch one slice of a run."""

    subject: ClassVar[str] = "slice.requested"
    stream: ClassVar[str] = WORK

    run_id: UUID
    slice_id: str

    @property
    def dedup_id(self) -> str:
        return f"slice/{self.run_id}/{self.slice_id}"


class PageFetched(Event):
    """One raw answer. These fields travel as headers; the body is the answer, byte for byte, as zstd."""

    subject: ClassVar[str] = "page.fetched"
    stream: ClassVar[str] = PAGES

    run_id: UUID
    slice_id: str
    dataset: Dataset
    month: date
    kind: SliceKind
    force: str | None = None
    """The force that was asked for, where the source is asked by force; of an archive, whose file it is."""
    source: str
    sha256: str
    """Of the uncompressed answer, hexadecimal."""
    records: int

    @property
    def dedup_id(self) -> str:
        return f"page/{self.run_id}/{self.slice_id}/{self.sha256}"


class Page(BaseModel):
    """What a manifest says of one page."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slice_id: str
    sha256: str
    records: int


class MonthFetched(Event):
    """Every page of a run is on the bus: the manifest."""

    subject: ClassVar[str] = "month.fetched"
    stream: ClassVar[str] = FACTS

    run_id: UUID
    dataset: Dataset
    month: date
    source: str
    forces: tuple[str, ...] | None
    accept_loss: bool
    release: date | None
    """The source's newest month when the run began; None where the source does not say."""
    pages: tuple[Page, ...]

    @property
    def dedup_id(self) -> str:
        return f"fetched/{self.run_id}"


class MonthLoaded(Event):
    """A version of a month is what readers see. `changed` is False when it was so before the run."""

    subject: ClassVar[str] = "month.loaded"
    stream: ClassVar[str] = FACTS

    run_id: UUID
    dataset: Dataset
    month: date
    version: int
    changed: bool
    records: int

    @property
    def dedup_id(self) -> str:
        return f"loaded/{self.run_id}"


class MonthRejected(Event):
    """The gate refused a run; the month's earlier version, if any, stays."""

    subject: ClassVar[str] = "month.rejected"
    stream: ClassVar[str] = FACTS

    run_id: UUID
    dataset: Dataset
    month: date
    reasons: tuple[str, ...]

    @property
    def dedup_id(self) -> str:
        return f"rejected/{self.run_id}"


class GridRebuilt(Event):
    """Cells and cubes of a version are what readers see."""

    subject: ClassVar[str] = "grid.rebuilt"
    stream: ClassVar[str] = FACTS

    run_id: UUID
    dataset: Dataset
    month: date
    version: int
    cells: dict[int, int]
    """Cells per level, by edge length in metres."""
    mapping_version: int = 0
    """Of the outcome mapping that the cells were made with; 0 where the sender does not say."""

    @property
    def dedup_id(self) -> str:
        return f"rebuilt/{self.run_id}/{self.version}/{self.mapping_version}"


class PartnerEvent(Event):
    """A message of one partner. Its subject ends in the partner's name, since rights are given by subject."""

    partner: str = Field(exclude=True, default="")
    """Travels in the subject, where nobody can write another's name."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        cls.filter = f"{cls.subject}.*"

    @property
    def address(self) -> str:
        return f"{self.subject}.{self.partner}"


class ReportRequested(PartnerEvent):
    """Render a report. `id` is the partner's own: the same id is the same order."""

    subject: ClassVar[str] = "report.requested"
    stream: ClassVar[str] = ORDERS

    id: str
    postcode: str
    tier: str
    branding: dict[str, Any] | None = None
    language: str = "en"

    @property
    def dedup_id(self) -> str:
        # The stream's window is shared by all partners, and the same order again wants its answer again:
        # the reporter tells orders apart, by partner and id.
        return ""


class WebReportRequested(ReportRequested):
    """The same of the website, on a stream of its own: partners' orders are not before it."""

    subject: ClassVar[str] = "report.requested.web"
    stream: ClassVar[str] = WEB_ORDERS

    partner: str = Field(exclude=True, default="web")
    report_id: UUID = Field(exclude=True, default=UUID(int=0))
    """Travels in the subject, by which the gateway finds an order that no reporter has taken yet."""

    @property
    def address(self) -> str:
        return f"{self.subject}.{self.report_id}"


class ReportRendered(PartnerEvent):
    """A report is in the object store: one such fact an order, told again when it is ordered again."""

    subject: ClassVar[str] = "report.rendered"
    stream: ClassVar[str] = FACTS

    id: str
    report_id: UUID
    """Printed in the report; by it anyone can verify the figures."""
    bucket: str
    object: str
    sha256: str
    """Of the PDF, hexadecimal."""
    bytes: int
    pages: int
    figures_sha256: str
    revision: str
    """Names the data that the figures were made of."""
    repeated: int = 0
    """0 the first time; else the stream's number of the order that asked again."""

    @property
    def dedup_id(self) -> str:
        return f"rendered/{self.partner}/{self.id}/{self.repeated}"


class ReportFailed(PartnerEvent):
    """An order gets no report. `code` is for programs, `detail` for people, `valid` what `field` may be."""

    subject: ClassVar[str] = "report.failed"
    stream: ClassVar[str] = FACTS

    id: str | None
    """None where the order could not be read so far."""
    code: str
    detail: str
    field: str | None = None
    valid: tuple[str, ...] | None = None
    repeated: int = 0

    @property
    def dedup_id(self) -> str:
        return f"failed/{self.partner}/{self.id}/{self.code}/{self.repeated}"


EVENTS: tuple[type[Event], ...] = (
    IngestRequested,
    SliceRequested,
    RollbackRequested,
    PageFetched,
    MonthFetched,
    MonthLoaded,
    MonthRejected,
    GridRebuilt,
    ReportRequested,
    WebReportRequested,
    ReportRendered,
    ReportFailed,
)
