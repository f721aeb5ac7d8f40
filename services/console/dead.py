"""`crimemaps dead`: the messages that were given up, to be looked at, put back or removed."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.text import Text

from services.console.dead_letters import DeadLetter, DeadLetters
from services.console.endpoints import find_target
from services.console.queues import open_queues
from services.console.screen import OUT, note, show_json, table
from shared.errors import RequestError
from shared.provision import CONSUMERS

SHOWN_BYTES = 2_000
"""Of a body that is text; the rest is for a file."""
dead = App(name="dead", default_parameter=Parameter(negative=()), version_flags=())

Number = Annotated[int, Parameter(name="NUMBER", help="Which ones, as `crimemaps dead list` shows them.")]
Queue = Annotated[str | None, Parameter(help="Or all of this consumer, such as loader-pages.")]
Reason = Annotated[str, Parameter(help="Of these only those whose reason has this text in it.")]
Yes = Annotated[bool, Parameter(help="Do it.")]
Act = Callable[[DeadLetters, DeadLetter], Coroutine[Any, Any, None]]


@dead.command(name="list")
def list_all(
    *,
    queue: str | None = None,
    reason: str = "",
    limit: int = 50,
    as_json: Annotated[bool, Parameter("--json")] = False,
) -> None:
    """Show the messages that were given up, the newest first.

    Parameters
    ----------
    queue
        Only those of this consumer, such as loader-pages.
    reason
        Only those whose reason has this text in it.
    limit
        At most so many.
    as_json
        Print them as JSON.
    """
    if limit < 1:
        raise RequestError(f"--limit {limit}: at least 1")
    number, shown = asyncio.run(with_letters(lambda letters: newest(letters, queue, reason, limit)))
    if as_json:
        show_json([as_fields(letter) for letter in shown])
        return
    rows = table("Dead letters", "number", "queue", "since", "tries", "reason", words=5)
    for letter in shown:
        since = f"{letter.at:%Y-%m-%d %H:%M:%S}" if letter.at else ""
        rows.add_row(str(letter.number), letter.queue, since, letter.tries, Text(letter.reason))
    OUT.print(rows)
    OUT.print(f"{len(shown)} of {number} dead letters")


@dead.command
def show(number: Annotated[int, Parameter(name="NUMBER")], /, *, body: Path | None = None) -> None:
    """Show one message with its headers.

    Parameters
    ----------
    number
        Its number, as `crimemaps dead list` shows it.
    body
        Write what it holds to this file, byte by byte.
    """
    letter = asyncio.run(with_letters(lambda letters: letters.get(number)))
    if body:
        try:
            body.write_bytes(letter.body)
        except OSError as error:
            raise RequestError(f"the body cannot be written to {body}: {error.strerror}") from error
    show_json({**as_fields(letter), "headers": dict(letter.headers), "body": text_of(letter.body)})


@dead.command
def replay(*numbers: Number, queue: Queue = None, reason: Reason = "", yes: Yes = False) -> None:
    """Put messages back on the queue that they came from. Without --yes it only says which.

    Every service does again what it was asked to do; what is done already stays as it is. A message whose
    reason still holds is given up again, with a new number.
    """
    act_on(numbers, queue, reason, DeadLetters.replay if yes else None, "put back on their queues")


@dead.command
def drop(*numbers: Number, queue: Queue = None, reason: Reason = "", yes: Yes = False) -> None:
    """Remove messages for good. Without --yes it only says which."""
    act_on(numbers, queue, reason, DeadLetters.drop if yes else None, "removed")


def act_on(numbers: tuple[int, ...], queue: str | None, reason: str, act: Act | None, done: str) -> None:
    """Do it with those that are chosen, or say what would be done."""
    if bool(numbers) == bool(queue):
        raise RequestError(
            "say which: numbers, as `crimemaps dead list` shows them, or --queue with one of "
            + ", ".join(CONSUMERS)
        )

    async def run(letters: DeadLetters) -> int:
        count = 0
        async for letter in select(letters, numbers, queue, reason):
            if act:
                await act(letters, letter)
            OUT.print(f"{letter.number} {letter.queue}: {letter.reason}", markup=False, soft_wrap=True)
            count += 1
        return count

    count = asyncio.run(with_letters(run))
    if act:
        note(f"{count} messages {done}")
    else:
        note(f"{count} messages would be {done}: nothing was done, add --yes to do it")


async def with_letters(use: Callable[[DeadLetters], Coroutine[Any, Any, Any]]) -> Any:
    """What comes of using the stream of dead letters."""
    target = find_target()
    note(f"servers: {target.origin}")
    async with open_queues(target.nats_url) as queues:
        return await use(DeadLetters(queues.jetstream))


async def newest(
    letters: DeadLetters, queue: str | None, reason: str, limit: int
) -> tuple[int, list[DeadLetter]]:
    """How many there are, and the newest of them; no more are kept in memory."""
    kept: deque[DeadLetter] = deque(maxlen=limit)
    number = 0
    async for letter in select(letters, (), queue, reason):
        kept.appendleft(letter)
        number += 1
    return number, list(kept)


async def select(
    letters: DeadLetters, numbers: tuple[int, ...], queue: str | None, reason: str
) -> AsyncIterator[DeadLetter]:
    """Those of these numbers, or else of a queue; the oldest first.

    Raises:
        RequestError: a number or a queue that is not there.
    """
    if queue and queue not in CONSUMERS:
        raise RequestError(f"no queue '{queue}': valid are {', '.join(CONSUMERS)}")
    chosen = by_number(letters, numbers) if numbers else letters.read(queue)
    async for letter in chosen:
        if reason.casefold() in letter.reason.casefold():
            yield letter


async def by_number(letters: DeadLetters, numbers: tuple[int, ...]) -> AsyncIterator[DeadLetter]:
    """Those of these numbers."""
    for number in sorted(set(numbers)):
        yield await letters.get(number)


def as_fields(letter: DeadLetter) -> dict[str, Any]:
    """A message for programs, without what it holds."""
    return {
        "number": letter.number,
        "queue": letter.queue,
        "original_subject": letter.original_subject,
        "reason": letter.reason,
        "tries": letter.tries,
        "at": letter.at.isoformat() if letter.at else None,
        "run": str(letter.run_id) if letter.run_id else None,
        "bytes": len(letter.body),
    }


def text_of(body: bytes) -> str | None:
    """The beginning of a body that is text; nothing of one that is not."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text[:SHOWN_BYTES]
