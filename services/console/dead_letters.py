"""The messages that were given up: read, put back on their queue, or removed."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header, decode_header
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import APIError, NotFoundError

from services.console.answering import answered
from shared.errors import RequestError
from shared.events import DEAD

GONE = (10043, 10057)
"""How the server says that what is to be removed is not there."""
OWN_HEADERS = ("crimemaps-dead-", "nats-")
"""How the headers begin that a message has only since it was given up: why, and where it was put for that."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up, as it came, and why."""

    number: int
    """Its place in the stream of dead letters."""
    subject: str
    original_subject: str
    reason: str
    tries: str
    at: datetime | None
    run_id: UUID | None
    """The run it belongs to, where its body says so."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def queue(self) -> str:
        """The consumer that gave it up."""
        return self.subject.removeprefix("dead.")


class DeadLetters:
    """The stream of dead letters."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self.jetstream = jetstream

    async def read(self, queue: str | None = None) -> AsyncIterator[DeadLetter]:
        """Those of a queue, or all, the oldest first; not those that come meanwhile."""
        async with answered():
            last = (await self.jetstream.stream_info(DEAD)).state.last_seq
        subject, number = f"dead.{queue}" if queue else "dead.>", 1
        while number <= last:
            async with answered():
                try:
                    letter = letter_of(await self.jetstream.get_msg(DEAD, number, subject, next=True))
                except NotFoundError:
                    return
            number = letter.number + 1
            if letter.number <= last:
                yield letter

    async def get(self, number: int) -> DeadLetter:
        """One of them.

        Raises:
            RequestError: there is none of this number.
        """
        async with answered():
            try:
                return letter_of(await self.jetstream.get_msg(DEAD, number))
            except NotFoundError as error:
                raise RequestError(
                    f"there is no dead letter {number}: `crimemaps dead list` shows them"
                ) from error

    async def replay(self, letter: DeadLetter) -> None:
        """Put it back on its queue, then remove it here.

        Whoever is stopped between the two may do it again: the bus drops the second one within ten minutes.
        """
        async with answered():
            await self.jetstream.publish(
                letter.original_subject, letter.body, headers=original_headers(letter)
            )
        await self.drop(letter)

    async def drop(self, letter: DeadLetter) -> None:
        """Remove it for good; one that is gone already is no fault."""
        async with answered():
            try:
                await self.jetstream.delete_msg(DEAD, letter.number)
            except APIError as error:
                if error.err_code not in GONE:
                    raise


def original_headers(letter: DeadLetter) -> dict[str, str]:
    """Its headers without those of its end, and an id that names this return."""
    kept = {name: value for name, value in letter.headers.items() if not name.lower().startswith(OWN_HEADERS)}
    return {**kept, "Nats-Msg-Id": f"replay/{letter.number}"}


def letter_of(message: RawStreamMsg) -> DeadLetter:
    """A message of the stream."""
    headers = {name: text_of(value) for name, value in (message.headers or {}).items()}
    body = message.data or b""
    return DeadLetter(
        number=message.seq or 0,
        subject=message.subject or "",
        original_subject=headers.get("Crimemaps-Dead-Subject", ""),
        reason=headers.get("Crimemaps-Dead-Reason", ""),
        tries=headers.get("Crimemaps-Dead-Tries", ""),
        at=message.time,
        run_id=run_of(body, headers),
        headers=headers,
        body=body,
    )


def text_of(value: object) -> str:
    """A header's text. The client gives one that is not ASCII in a form for letters."""
    if isinstance(value, Header):
        parts = (part if isinstance(part, bytes) else part.encode() for part, _ in decode_header(value))
        return b"".join(parts).decode(errors="replace")
    return str(value)


def run_of(body: bytes, headers: Mapping[str, str]) -> UUID | None:
    """The run that a message belongs to; None if it does not say, or cannot be read."""
    try:
        return UUID(headers.get("Crimemaps-Run-Id") or json.loads(body)["run_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
