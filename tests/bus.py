"""A test's own connection to the bus."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from shared.bus import header_fields
from shared.events import Event, MonthFetched
from shared.provision import provision
from tests.builders import RawRun
from tests.pipeline import ACK_WAIT, eventually

EventT = TypeVar("EventT", bound=Event)


@dataclass
class Bus:
    """A test's own connection to a provisioned bus."""

    client: Client

    async def publish(self, event: Event, body: bytes | None = None, *, as_new: bool = False) -> None:
        """As a service publishes; `as_new` has the stream take it even if it has it already."""
        headers = {} if as_new else {"Nats-Msg-Id": event.dedup_id}
        if body is not None:
            headers |= {f"Crimemaps-{name}": value for name, value in header_fields(event)}
        await self.send(event.subject, event.model_dump_json().encode() if body is None else body, headers)

    async def send(self, subject: str, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Bytes of any kind."""
        await self.client.jetstream().publish(subject, body, headers=dict(headers or {}))

    async def fetched(self, run: RawRun, **changes: object) -> MonthFetched:
        """All pages of a run, and its manifest."""
        for page in run.pages:
            await self.publish(page.announced(run), page.packed)
        manifest = run.manifest(**changes)
        await self.publish(manifest)
        return manifest

    async def messages(self, subject: str) -> list[RawStreamMsg]:
        """All messages of a subject that are on its stream, oldest first."""
        jetstream = self.client.jetstream()
        stream = await jetstream.find_stream_name_by_subject(subject)
        state = (await jetstream.stream_info(stream)).state
        found = []
        for sequence in range(state.first_seq, state.last_seq + 1):
            try:
                message = await jetstream.get_msg(stream, sequence)
            except NatsError:  # deleted
                continue
            if message.subject == subject:
                found.append(message)
        return found

    async def events(self, kind: type[EventT]) -> list[EventT]:
        """All events of a kind that are on the bus."""
        return [
            kind.model_validate_json(message.data or b"") for message in await self.messages(kind.subject)
        ]

    async def waiting(self, stream: str, durable: str) -> int:
        """Messages of a consumer that are not done."""
        jetstream = self.client.jetstream()
        info = await jetstream.consumer_info(stream, durable)
        if left := (info.num_pending or 0) + (info.num_ack_pending or 0):
            return left
        # The server tells its consumers of a message a moment after it has confirmed it.
        try:
            newest = await jetstream.get_last_msg(stream, info.config.filter_subject or ">")
        except NotFoundError:
            return 0
        done = info.ack_floor.stream_seq if info.ack_floor else 0
        return int((newest.seq or 0) > done)

    async def first(self, kind: type[EventT], run: RawRun) -> EventT:
        """The event about a run, when it comes."""

        async def look() -> list[EventT]:
            try:
                return [event for event in await self.events(kind) if vars(event)["run_id"] == run.id]
            except (NatsError, OSError, TimeoutError):  # the server is away
                return []

        return (await eventually(look, f"{kind.subject} of {run.id}"))[0]


@asynccontextmanager
async def provisioned(nats_url: str, ack_wait: float = ACK_WAIT) -> AsyncIterator[Bus]:
    """A bus with its streams and consumers."""
    await provision(nats_url, ack_wait=ack_wait)

    async def ignore(error: Exception) -> None:  # some tests take the server away
        del error

    client = await nats.connect(nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=ignore)
    try:
        yield Bus(client)
    finally:
        await client.close()
