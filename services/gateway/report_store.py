"""Orders and their answers as the reporter keeps them; the gateway only ever reads."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from services.gateway.report_figures import Figures
from services.gateway.report_schemas import ReportState
from services.gateway.store import Store, sql
from services.gateway.verification import GridMonth
from shared.db import fetch_one
from shared.events import ReportFailed, ReportRendered
from shared.model import format_month
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

    def __init__(self, store: Store) -> None:
        self.store = store

    async def secret(self, partner: str) -> UUID:
        """What the partner's report ids are made with.

        Raises:
            TransientError: the database cannot be reached.
        """
        async with self.store.reading() as connection:
            secret: UUID = (await fetch_one(connection, sql("select_partner_secret"), partner))["secret"]
            return secret

    async def find(self, report_id: UUID) -> Report | None:
        """A report by its id, with what it takes to verify it; None if none is known.

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
                outcome = Rendered(
                    ReportRendered.model_validate_json(row["answer"]),
                    text,
                    msgspec.json.decode(text, type=Figures),
                    {
                        format_month(held["month"]): GridMonth(
                            held["version_id"], held["mapping_version"], held["rebuilt_at"]
                        )
                        for held in await connection.fetch(sql("select_street_grid"))
                    },
                )
        return Report(
            report_id, row["partner"], row["is_claimed"], row["ordered_at"], row["answered_at"], outcome
        )
