"""`crimemaps partners`: who may order reports through the queue."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from cyclopts import App, Parameter

from services.console.endpoints import Target, find_target
from services.console.screen import OUT, note, table
from services.console.store import readable, sql
from shared.db import open_pool
from shared.partners import account_block, check_name, make_password, password_variable
from shared.provision import OWN_PARTNERS, add_partner

HEADER = "# Made by `crimemaps partners config`; included by nats.conf.\n"

partners = App(name="partners", default_parameter=Parameter(negative=()), version_flags=())


@dataclass(frozen=True)
class Partner:
    """Who may order, and what became of the orders."""

    name: str
    added_at: datetime
    waiting: int
    rendered: int
    failed: int


@partners.command
def add(name: str) -> None:
    """Let a partner order reports; a second time changes nothing.

    Parameters
    ----------
    name
        2 to 32 of a-z 0-9 -, beginning with a letter.
    """
    check_name(name)
    target = find_target()
    note(f"servers: {target.origin}")
    if not asyncio.run(add_to(target, name)):
        OUT.print(f"{name} may order already; its password stays what it is", markup=False)
        return
    OUT.print(f"{name} may order; for the environment of the NATS server:", markup=False)
    OUT.file.write(f"\n{password_variable(name)}={make_password()}\n\n")
    note(
        "the password is shown this once and kept nowhere; write `crimemaps partners config` to partners.conf"
    )


@partners.command(name="list")
def list_all() -> None:
    """Show who may order, and what became of the orders."""
    target = find_target()
    note(f"servers: {target.origin}")
    shown = table("Partners", "name", "added", "waiting", "rendered", "failed", words=2)
    for one in asyncio.run(read_partners(target)):
        added = f"{one.added_at:%Y-%m-%d}"
        shown.add_row(one.name, added, f"{one.waiting:,}", f"{one.rendered:,}", f"{one.failed:,}")
    OUT.print(shown)


@partners.command
def config() -> None:
    """Write the NATS accounts of all partners: the file `partners.conf`, with no passwords in it."""
    names = [one.name for one in asyncio.run(read_partners(find_target()))]
    blocks = (account_block(name) for name in names if name not in OWN_PARTNERS)
    OUT.file.write(HEADER + "\n".join(blocks))


async def add_to(target: Target, name: str) -> bool:
    """Make a partner's bucket and consumer, then let it order; False if it might already."""
    await add_partner(target.nats_url, name)
    async with open_pool(target.database_url, max_size=1) as pool, readable():
        return await pool.fetchval(sql("insert_partner"), name) is not None


async def read_partners(target: Target) -> list[Partner]:
    """All partners, our own among them."""
    async with open_pool(target.database_url, max_size=1) as pool, readable():
        return [Partner(**dict(row)) for row in await pool.fetch(sql("select_partners"))]
