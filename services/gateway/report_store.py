"""Orders and their answers as the reporter keeps them, and orders that it has not taken yet; read only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from services.gateway.bus import Bus
from services.gateway.report_figures import Figures
from services.gateway.report_schemas import ReportState
from services.gateway.store import Store, sql
from services.gateway.verification import GridMonth
from shared.db import fetch_one
from shared.events import ReportFailed, ReportRendered, WebReportRequested
from shared.model import format_month
from shared.postcode_store import find_now
from shared.postcodes import Known
from shared.provision import OWN_PARTNERS


@dataclass(frozen=True)
class Rendered:
    """What a rendered report has more."""

    answer: ReportRendered
    text: bytes
    """The figures' canonical JSON."""
    figures: Figures
    grid: dict[str, GridMonth]
    """The months that are held now, read together with the report."""
    postcode: Known | None
    """What the loaded postcodes say of it now; None where they do not have it, or none are loaded."""


@dataclass(frozen=True)
class Report:
    """An order and what has become of it; `outcome` is None while it waits."""

    id: UUID
    partner: str
    is_claimed: bool
    ordered_at: datetime
    answered_at: datetime | None
    outcome: Rendered | ReportFailed | None

    @property
    def state(self) -> ReportState:
        """How far it is."""
        if self.outcome is None:
            return "rendering" if self.is_claimed else "queued"
        return "rendered" if isinstance(self.outcome, Rendered) else "failed"

    @property
    def has_pdf(self) -> bool:
        """Whether the PDF is ours to give; another partner's is in the partner's own store."""
        return isinstance(self.outcome, Rendered) and self.partner in OWN_PARTNERS


class ReportStore:
    """Finds reports."""

    def __init__(self, store: Store, bus: Bus | None) -> None:
        """`bus`: None where no orders are taken."""
        self.store, self.bus = store, bus

    async def secret(self, partner: str) -> UUID:
        """What the partner's report ids are made with.

        Raises:
            TransientError: the database cannot be reached.
        """
        async with self.store.reading() as connection:
            secret: UUID = (await fetch_one(connection, sql("select_partner_secret"), partner))["secret"]
            return secret

    async def find(self, report_id: UUID) -> Report | None:
        """A report by its id, also while its order is still on the bus; None if none is known.

        Raises:
            TransientError: the database or the bus cannot be reached.
        """
        taken = await self.taken(report_id)
        if taken or self.bus is None:
            return taken
        order = WebReportRequested(id="", postcode="", tier="", report_id=report_id)
        if since := await self.bus.since(order):
            return Report(report_id, order.partner, False, since, None, None)
        # The reporter may have taken it between the two looks: it leaves the bus when the database has it.
        return await self.taken(report_id)

    async def taken(self, report_id: UUID) -> Report | None:
        """A report that the reporter knows, with what it takes to verify it.

        Raises:
            TransientError: the database cannot be reached.
        """
        async with self.store.reading() as connection:
            row = await connection.fetchrow(sql("select_report"), report_id)
            if row is None:
                return None
            outcome: Rendered | ReportFailed | None = None
            if row["state"] == "failed":
                outcome = ReportFailed.model_validate_json(row["answer"])
            elif row["state"] == "rendered":
                text = row["figures"].encode()
                figures = msgspec.json.decode(text, type=Figures)
                outcome = Rendered(
                    ReportRendered.model_validate_json(row["answer"]),
                    text,
                    figures,
                    {
                        format_month(held["month"]): GridMonth(
                            held["version_id"], held["mapping_version"], held["rebuilt_at"]
                        )
                        for held in await connection.fetch(sql("select_street_grid"))
                    },
                    await find_now(connection, figures.postcode),
                )
        return Report(
            report_id, row["partner"], row["is_claimed"], row["ordered_at"], row["answered_at"], outcome
        )
