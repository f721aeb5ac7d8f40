"""Places that the loader remembers."""

import asyncio

import asyncpg
import pytest

from services.loader import places as module
from services.loader.archive import build
from services.loader.archive_crimes import Crimes
from services.loader.places import Places, add_places
from services.loader.row_shapes import Place
from shared.model import Dataset
from tests.archives import real
from tests.builders import OCTOBER
from tests.pipeline import AREAS, eventually, waiting_for_a_lock


def of_forces(*forces: str) -> dict[bytes, Place]:
    """The places of some forces' street crimes in October."""
    found: dict[bytes, Place] = {}
    for force in forces:
        [body] = real("2018-10", Dataset.STREET, force).values()
        crimes = build(Dataset.STREET, OCTOBER, force, body.removeprefix(b"\xef\xbb\xbf"))
        assert isinstance(crimes, Crimes)
        found |= {place.key: place for place in crimes.where.places(set(crimes.where.keys))}
    return found


async def resolved(
    places: Places, connection: asyncpg.pool.PoolConnectionProxy, wanted: dict[bytes, Place]
) -> dict[bytes, int]:
    """Their numbers, asked for twice each."""
    numbers = await places.resolve(connection, [*wanted, *wanted], lambda keys: [wanted[key] for key in keys])
    assert numbers[: len(wanted)] == numbers[len(wanted) :]
    return dict(zip(wanted, numbers, strict=False))


async def stored(pool: asyncpg.Pool) -> dict[bytes, int]:
    """The database's numbers of places."""
    return {row["key"]: row["id"] for row in await pool.fetch("SELECT key, id FROM snap_point")}


async def test_known_places_are_not_asked_for_again(pool: asyncpg.Pool) -> None:
    places, wanted = Places(AREAS), of_forces("city-of-london")
    async with pool.acquire() as one, pool.acquire() as other:
        first = await resolved(places, one, wanted)
        assert first == await stored(pool)
        async with other.transaction():
            await other.execute("LOCK TABLE snap_point")
            again = await asyncio.wait_for(resolved(places, one, wanted), timeout=10)
    assert again == first


async def test_old_and_new_places_of_a_page_get_their_numbers_also_when_few_can_be_remembered(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, both = of_forces("city-of-london"), of_forces("city-of-london", "btp")
    monkeypatch.setattr(module, "MOST_KNOWN", len(both) - 1)
    places = Places(AREAS)
    async with pool.acquire() as connection:
        await resolved(places, connection, city)
        assert await resolved(places, connection, both) == await stored(pool)
        assert 0 < len(places.known) < len(both)
        assert await resolved(places, connection, both) == await stored(pool)
    assert (await stored(pool)).keys() == both.keys()


async def test_places_that_another_loader_adds_at_the_same_moment_have_its_numbers(
    pool: asyncpg.Pool,
) -> None:
    wanted = of_forces("city-of-london")
    async with pool.acquire() as one, pool.acquire() as other:
        transaction = other.transaction()
        await transaction.start()
        await add_places(other, list(wanted.values()), AREAS)
        resolving = asyncio.create_task(resolved(Places(AREAS), one, wanted))
        await eventually(
            lambda: waiting_for_a_lock(pool, "transactionid"), "a loader that waits for the other"
        )
        await transaction.commit()
        assert await resolving == await stored(pool)
    assert (await stored(pool)).keys() == wanted.keys()
