"""Follow runs from the order to the grid."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from uuid import UUID

from services.console.connections import Connections
from services.console.store import ENDED, RunState, Stage
from shared.errors import TransientError
from shared.tasks import heed_cancel

POLL_SECONDS = 0.3
OUTAGE_SECONDS = 60.0
"""How long the database or the bus may be away before following is given up."""

Show = Callable[[Sequence[RunState], str], None]
"""Takes the runs, and what they wait for, if anything."""


class Follower:
    """Knows what became of some runs."""

    def __init__(self, connections: Connections, runs: Mapping[UUID, RunState], *, dead_seen: int) -> None:
        """`dead_seen`: the last place in the stream of dead letters when the runs were ordered."""
        self.connections = connections
        self.runs = dict(runs)
        self.dead_seen = dead_seen
        self.given_up: dict[UUID, str] = {}

    async def follow(self, show: Show) -> list[RunState]:
        """Look again and again until every run has ended.

        Raises:
            TransientError: the database or the bus was away for a minute.
        """
        last_answer = monotonic()
        while True:
            try:
                await self.look()
                last_answer = monotonic()
                show(self.states, waits_for(self.states))
            except TransientError as error:
                if monotonic() - last_answer > OUTAGE_SECONDS:
                    raise
                show(self.states, str(error))
            heed_cancel()
            if all(run.stage in ENDED for run in self.states):
                return self.states
            await asyncio.sleep(POLL_SECONDS)

    @property
    def states(self) -> list[RunState]:
        """The runs as they were last seen."""
        return list(self.runs.values())

    async def look(self) -> None:
        """See how far the runs have come."""
        await self.look_for_dead()
        for run in await self.connections.store.runs(self.runs):
            reason = self.given_up.get(run.id)
            if reason and run.stage not in ENDED:
                run = replace(run, stage=Stage.FAILED, reasons=(reason,))
            self.runs[run.id] = run

    async def look_for_dead(self) -> None:
        """Learn which messages were given up: their runs would wait for ever."""
        _, last = await self.connections.queues.dead_letters()
        for letter in await self.connections.queues.read_dead(self.dead_seen + 1, last):
            if letter.run_id is not None:
                self.given_up[letter.run_id] = f"{letter.subject}: {letter.reason}"
        self.dead_seen = last


def waits_for(runs: Sequence[RunState]) -> str:
    """Why runs do not get on, each reason once; empty while all is well."""
    reasons = {reason: None for run in runs if run.stage not in ENDED for reason in run.reasons}
    return "; ".join(reasons)
