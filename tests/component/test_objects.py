"""Objects as services read them: whole, or not at all."""

import os
from collections.abc import AsyncIterator

import pytest
from faststream.nats import NatsBroker

from shared.bus import create_broker
from shared.downloads import BUCKET
from shared.errors import TransientError
from shared.objects import delete_object, get_object, object_names, put_object
from tests.bus import Bus

DATA = os.urandom(400_000)
"""Four pieces."""


@pytest.fixture
async def broker(bus: Bus, nats_url: str) -> AsyncIterator[NatsBroker]:
    async with create_broker(nats_url, stop_timeout=1) as broker:
        yield broker


@pytest.mark.parametrize("data", [b"", b"small", DATA], ids=["empty", "one piece", "four pieces"])
async def test_what_was_put_is_read(broker: NatsBroker, data: bytes) -> None:
    await put_object(broker, BUCKET, "a/ü", data)
    assert await get_object(broker, BUCKET, "a/ü") == data
    assert await object_names(broker, BUCKET) == {"a/ü"}


async def test_an_object_that_was_replaced_is_the_new_one_and_one_that_was_removed_is_none(
    broker: NatsBroker,
) -> None:
    for name in ("kept", "removed"):
        await put_object(broker, BUCKET, name, b"old")
        await put_object(broker, BUCKET, name, DATA)
    await delete_object(broker, BUCKET, "removed")
    await delete_object(broker, BUCKET, "never there")
    assert await get_object(broker, BUCKET, "kept") == DATA
    assert await get_object(broker, BUCKET, "removed") is None
    assert await get_object(broker, BUCKET, "never there") is None
    assert await object_names(broker, BUCKET) == {"kept"}


async def test_an_object_that_is_not_whole_is_not_given_out(broker: NatsBroker, bus: Bus) -> None:
    await put_object(broker, BUCKET, "cut", DATA)
    await put_object(broker, BUCKET, "changed", b"small")
    jetstream = bus.client.jetstream()
    store = await jetstream.object_store(BUCKET)
    pieces = f"$O.{BUCKET}.C.{(await store.get_info('cut')).nuid}"
    last = await jetstream.get_last_msg(f"OBJ_{BUCKET}", pieces)
    await jetstream.delete_msg(f"OBJ_{BUCKET}", last.seq or 0)
    with pytest.raises(TransientError, match="cut was replaced while it was read"):
        await get_object(broker, BUCKET, "cut")

    pieces = f"$O.{BUCKET}.C.{(await store.get_info('changed')).nuid}"
    await jetstream.purge_stream(f"OBJ_{BUCKET}", subject=pieces)
    await jetstream.publish(pieces, b"other")
    with pytest.raises(TransientError, match="changed is not what its description says"):
        await get_object(broker, BUCKET, "changed")


async def test_a_store_that_is_not_there_is_not_an_empty_one(broker: NatsBroker) -> None:
    with pytest.raises(TransientError, match="cannot be listed"):
        await object_names(broker, "nowhere")
    with pytest.raises(TransientError, match="was not stored"):
        await put_object(broker, "nowhere", "a", b"")
