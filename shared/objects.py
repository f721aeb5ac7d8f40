"""Files in the object stores of the bus.

They are read message by message. The client's own way to read or list them makes a consumer, and who may make
consumers can have the server send to any subject (SECURITY.md).
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from typing import Any

from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from shared.errors import TransientError

TIMEOUT = 20.0
"""Seconds for one object; ours have a few MB at most."""
UNREACHABLE = (NatsError, OSError, TimeoutError)


async def put_object(broker: NatsBroker, bucket: str, name: str, data: bytes) -> None:
    """Put an object into a store; one of the same name is replaced.

    Raises:
        TransientError: the bus does not take it, or the store is not provisioned.
    """
    try:
        store = await broker.connection.jetstream().object_store(bucket)
        await store.put(name, data)
    except UNREACHABLE as error:
        raise TransientError(f"object {name} was not stored: {type(error).__name__}: {error}") from error


async def get_object(broker: NatsBroker, bucket: str, name: str) -> bytes | None:
    """An object of a store; None if it is not there any more.

    Raises:
        TransientError: the bus does not answer, or the object was replaced meanwhile.
    """
    jetstream = broker.connection.jetstream()
    try:
        async with asyncio.timeout(TIMEOUT):
            info = await find(jetstream, bucket, name)
            return None if info is None else await read_pieces(jetstream, bucket, info)
    except UNREACHABLE as error:
        raise TransientError(f"object {name} cannot be read: {type(error).__name__}: {error}") from error


async def find(jetstream: JetStreamContext, bucket: str, name: str) -> dict[str, Any] | None:
    """The description of an object; None if there is none, or it was removed."""
    key = urlsafe_b64encode(name.encode()).decode()
    try:
        message = await jetstream.get_msg(stream_of(bucket), subject=f"$O.{bucket}.M.{key}")
    except NotFoundError:
        return None
    info: dict[str, Any] = json.loads(message.data or b"")
    return None if info.get("deleted") else info


async def read_pieces(jetstream: JetStreamContext, bucket: str, info: dict[str, Any]) -> bytes:
    """All pieces of an object.

    Raises:
        TransientError: they are not, or no longer, those of the description.
    """
    pieces, place = [], 0
    try:
        for _ in range(info.get("chunks", 0)):
            piece = await jetstream.get_msg(
                stream_of(bucket), seq=place + 1, subject=f"$O.{bucket}.C.{info['nuid']}", next=True
            )
            pieces.append(piece.data or b"")
            place = piece.seq or 0
    except NotFoundError as error:
        raise TransientError(f"object {info['name']} was replaced while it was read") from error
    data = b"".join(pieces)
    if info["digest"] != f"SHA-256={urlsafe_b64encode(sha256(data).digest()).decode()}":
        raise TransientError(f"object {info['name']} is not what its description says")
    return data


async def object_names(broker: NatsBroker, bucket: str) -> set[str]:
    """The names of all objects of a store.

    Raises:
        TransientError: the bus does not answer, or the store is not provisioned.
    """
    jetstream = broker.connection.jetstream()
    names, place = set(), 0
    try:
        await jetstream.stream_info(stream_of(bucket))  # else none would be found where there is no store
        with suppress(NotFoundError):  # so the server says that there are no more
            while True:
                message = await jetstream.get_msg(
                    stream_of(bucket), seq=place + 1, subject=f"$O.{bucket}.M.*", next=True
                )
                place = message.seq or 0
                info = json.loads(message.data or b"")
                if not info.get("deleted"):
                    names.add(str(info["name"]))
    except UNREACHABLE as error:
        raise TransientError(f"objects cannot be listed: {type(error).__name__}: {error}") from error
    return names


async def delete_object(broker: NatsBroker, bucket: str, name: str) -> None:
    """Remove an object from a store; one that is not there may stay so.

    Raises:
        TransientError: the bus does not answer.
    """
    try:
        store = await broker.connection.jetstream().object_store(bucket)
        with suppress(NotFoundError):
            await store.delete(name)
    except UNREACHABLE as error:
        raise TransientError(f"object {name} was not removed: {type(error).__name__}: {error}") from error


def stream_of(bucket: str) -> str:
    """The stream that keeps a store's objects."""
    return f"OBJ_{bucket}"
