"""`crimemaps keys`: who may use the API more than everybody may."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from services.console.endpoints import Target, find_target
from services.console.screen import OUT, note, table
from services.console.store import readable, sql
from shared.api_keys import Scope, digest_of, make_key
from shared.db import open_pool
from shared.errors import RequestError

LONGEST_NAME = 100
MOST_PER_MINUTE = 1_000_000

keys = App(name="keys", default_parameter=Parameter(negative=()), version_flags=())


@dataclass(frozen=True)
class KnownKey:
    """A key without the key; None as an allowance is what the gateway's settings say."""

    id: int
    name: str
    scopes: list[str]
    reads_per_minute: int | None
    reports_per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None


@keys.command
def create(
    name: str,
    *,
    scope: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),
    reads_per_minute: int | None = None,
    reports_per_minute: int | None = None,
) -> None:
    """Make a key; it is shown this once and kept nowhere.

    Parameters
    ----------
    name
        Whose it is, in at most 100 characters.
    scope
        What it allows besides reading: reports, downloads; may be given more than once.
    reads_per_minute
        Its own allowance of reads; what the gateway's settings say otherwise.
    reports_per_minute
        Its own allowance of orders of reports; what the gateway's settings say otherwise.
    """
    check_name(name)
    scopes = read_scopes(scope)
    for limit in (reads_per_minute, reports_per_minute):
        check_allowance(limit)
    target = find_target()
    note(f"servers: {target.origin}")
    key = make_key()
    number = asyncio.run(add(target, name, digest_of(key), scopes, reads_per_minute, reports_per_minute))
    OUT.print(f"key {number} of {name}:", markup=False)
    OUT.file.write(f"\n{key}\n\n")
    note("the key is shown this once and kept nowhere; send it as `Authorization: Bearer KEY`")


@keys.command(name="list")
def list_all() -> None:
    """Show all keys, without the keys themselves."""
    target = find_target()
    note(f"servers: {target.origin}")
    shown = table("Keys", "id", "name", "scopes", "created", "revoked", "reads", "reports", words=5)
    for one in asyncio.run(read_all(target)):
        shown.add_row(
            str(one.id),
            Text(one.name),
            " ".join(one.scopes),
            f"{one.created_at:%Y-%m-%d}",
            f"{one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else "",
            allowance(one.reads_per_minute),
            allowance(one.reports_per_minute),
        )
    OUT.print(shown)


@keys.command
def revoke(number: Annotated[int, Parameter(name="ID")], /) -> None:
    """End a key: all gateways refuse it within 10 seconds, for ever.

    Parameters
    ----------
    number
        Its id, as `crimemaps keys list` shows it.
    """
    target = find_target()
    note(f"servers: {target.origin}")
    name, revoked_at = asyncio.run(end(target, number))
    OUT.print(f"key {number} of {name} is revoked since {revoked_at:%Y-%m-%d %H:%M:%S} UTC", markup=False)


def check_name(name: str) -> None:
    """Refuse what cannot be shown in a list.

    Raises:
        RequestError: the text says what is valid.
    """
    if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        raise RequestError(f"{name[:LONGEST_NAME]!r} is no name: valid are 1 to {LONGEST_NAME} characters")


def read_scopes(words: tuple[str, ...]) -> list[str]:
    """Scopes as they are kept.

    Raises:
        RequestError: one does not exist.
    """
    for word in words:
        if word not in list(Scope):
            raise RequestError(f"{word!r} is no scope: valid are {', '.join(Scope)}")
    return [scope for scope in Scope if scope in words]


def check_allowance(limit: int | None) -> None:
    """Refuse an allowance of nothing, or of more than can be counted.

    Raises:
        RequestError: the text says what is valid.
    """
    if limit is not None and not 1 <= limit <= MOST_PER_MINUTE:
        raise RequestError(f"{limit} a minute is no allowance: valid are 1 to {MOST_PER_MINUTE:,}")


def allowance(limit: int | None) -> str:
    """A number of a minute, or the word for none of its own."""
    return "setting" if limit is None else f"{limit:,}"


async def add(
    target: Target, name: str, digest: bytes, scopes: list[str], reads: int | None, reports: int | None
) -> int:
    """Keep what is kept of a key; its id."""
    async with open_pool(target.database_url, max_size=1) as pool, readable():
        number: int = await pool.fetchval(sql("insert_api_key"), name, digest, scopes, reads, reports)
        return number


async def read_all(target: Target) -> list[KnownKey]:
    """All keys, also those that were revoked."""
    async with open_pool(target.database_url, max_size=1) as pool, readable():
        return [KnownKey(**dict(row)) for row in await pool.fetch(sql("select_api_keys"))]


async def end(target: Target, number: int) -> tuple[str, datetime]:
    """Revoke a key; its name, and since when it is revoked.

    Raises:
        RequestError: there is no such key.
    """
    row = None
    if 0 < number < 2**31:  # what the column can hold
        async with open_pool(target.database_url, max_size=1) as pool, readable():
            row = await pool.fetchrow(sql("revoke_api_key"), number)
    if row is None:
        raise RequestError(f"there is no key {number}: `crimemaps keys list` shows those that there are")
    return row["name"], row["revoked_at"]
