"""The one door to Redis or Valkey, and the cache of answers behind it. Without it all goes on, slower."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.gateway.schemas import SHAPE_VERSION
from shared.db import describe, without_password
from shared.errors import RequestError, TransientError
from shared.logs import get_logger
from shared.metrics import cache_lookups
from shared.tasks import end

log = get_logger()
Answer = TypeVar("Answer")

AT_ONCE = 16
"""Commands under way at once; more would only wait in Redis."""
LEFT_ALONE = 2.0
"""Seconds for which Redis is not asked after it failed; then one request tries it, and no other waits."""
KEPT = 15 * 60
"""Seconds that an answer is kept at most."""
MOST_BYTES = 2_000_000
"""Of an answer that is kept; a larger one is computed each time."""
LOCK_SECONDS = 5.0
"""For which another replica may be waited for; who computes longer, or was killed, loses its turn."""
LOOK_EVERY = 0.05
VALID = (
    "REDIS_URL: valid are redis://:password@host:port/0, unix://:password@/path/of/socket, and with TLS "
    "rediss://:password@host:port/0?ssl_ca_certs=FILE, the certificate of the authority to trust"
)
COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""
"""Redis runs a script as a whole: as many as there are replicas, they count together."""


class RedisServer:
    """Redis, which may be away or hang: it is waited for once, then left alone for a while."""

    def __init__(self, url: str | None, *, timeout: float) -> None:
        """`timeout`: seconds for one command, connecting included.

        Raises:
            RequestError: this is no address.
        """
        self.url, self.timeout = url, timeout
        self.client = open_client(url, timeout) if url else None
        self.places = asyncio.Semaphore(AT_ONCE)
        self.is_away = False
        self.next_try = 0.0
        if url is None:
            log.warning("redis.none", reason="REDIS_URL is not set: nothing is cached and nobody is limited")

    async def ask(self, command: Callable[["Redis"], Awaitable[Answer]]) -> Answer:
        """What the command answers.

        Raises:
            TransientError: there is no Redis, it failed just now, or a moment ago.
        """
        if self.client is None:
            raise TransientError("REDIS_URL is not set")
        async with self.places:
            if self.is_away and time.monotonic() < self.next_try:
                raise TransientError(f"{without_password(self.url or '')} failed a moment ago")
            self.next_try = time.monotonic() + LEFT_ALONE  # if it is away, only we try it now
            try:
                async with asyncio.timeout(self.timeout):
                    answer = await command(self.client)
            except (RedisError, OSError, TimeoutError) as error:
                self.note_away(error)
                raise TransientError(f"{without_password(self.url or '')}: {describe(error)}") from error
        if self.is_away:
            log.info("redis.back")
            self.is_away = False
        return answer

    def note_away(self, error: Exception) -> None:
        """From now on nobody waits for it for a while."""
        if not self.is_away:
            log.warning("redis.away", reason=describe(error))
        self.is_away, self.next_try = True, time.monotonic() + LEFT_ALONE

    async def count(self, name: str, seconds: int) -> tuple[int, float]:
        """Count one more under a name: how many it is now, and in how many seconds counting begins anew.

        Raises:
            TransientError: Redis is away.
        """

        async def command(client: "Redis") -> list[int]:
            answer: list[int] = await client.eval(COUNT, 1, name, seconds)
            return answer

        n, left = await self.ask(command)
        return n, left / 1000

    async def close(self) -> None:
        """End all connections."""
        if self.client is not None:
            await self.client.aclose()


class Cache:
    """Answers as bytes, by the data's revision and a key: new data leave all that was kept behind."""

    def __init__(self, redis: RedisServer, revision: Callable[[], Awaitable[str]]) -> None:
        """`revision` names the state of the data now."""
        self.redis, self.revision = redis, revision
        self.running: dict[str, asyncio.Task[bytes]] = {}

    async def get_or_compute(
        self, key: str, compute: Callable[[], Awaitable[bytes]], *, revision: str | None = None
    ) -> bytes:
        """The answer of a key; whoever asks the same at the same time gets the same answer, or error.

        `compute` must open its own snapshot, and nobody may hold one while waiting here: it outlives the
        request that brought it. `revision` is for who has read it already, before calling this.
        """
        text = f"{SHAPE_VERSION}|{revision or await self.revision()}|{key}"
        name = f"answer:{hashlib.sha256(text.encode()).hexdigest()}"
        task = self.running.get(name)
        if task is None:
            task = self.running[name] = asyncio.create_task(self.find_or_compute(name, compute))
            task.add_done_callback(lambda done: self.forget(name, done))
        else:
            cache_lookups.labels("shared").inc()
        # Who goes away must not take the answer from those who wait for it too.
        return await asyncio.shield(task)

    def forget(self, name: str, task: asyncio.Task[bytes]) -> None:
        """It is done, with or without an answer; an error is then told to those who still wait, if any."""
        del self.running[name]
        if not task.cancelled():
            task.exception()

    async def find_or_compute(self, name: str, compute: Callable[[], Awaitable[bytes]]) -> bytes:
        """From Redis, from another replica that is at it, or by ourselves."""
        try:
            found = await self.find(name)
        except TransientError:
            cache_lookups.labels("error").inc()
            return await compute()
        cache_lookups.labels("miss" if found is None else "hit").inc()
        if found is not None:
            return found
        try:
            answer = await compute()
        except BaseException:
            await self.keep(name, None)
            raise
        await self.keep(name, answer)
        return answer

    async def find(self, name: str) -> bytes | None:
        """The answer if it is kept, waiting for a replica that computes it; None: it is our turn to compute.

        Raises:
            TransientError: Redis is away.
        """
        ends = time.monotonic() + LOCK_SECONDS
        while True:
            found = await self.redis.ask(lambda client: client.get(name))
            if isinstance(found, bytes):
                return found
            if time.monotonic() > ends or await self.lock(name):
                return None
            await asyncio.sleep(LOOK_EVERY)

    async def lock(self, name: str) -> bool:
        """Whether it is our turn, for a while."""
        milliseconds = int(LOCK_SECONDS * 1000)
        return bool(
            await self.redis.ask(lambda client: client.set(lock_of(name), 1, px=milliseconds, nx=True))
        )

    async def keep(self, name: str, answer: bytes | None) -> None:
        """Keep an answer, if there is one of a size that can be kept, and end our turn.

        If our turn was over, this ends another's: the answer is then computed once more, that is all.
        """

        async def command(client: "Redis") -> None:
            async with client.pipeline(transaction=True) as pipeline:
                if answer is not None and len(answer) <= MOST_BYTES:
                    pipeline.set(name, answer, ex=KEPT)
                pipeline.delete(lock_of(name))
                await pipeline.execute()

        try:
            await self.redis.ask(command)
        except TransientError:
            cache_lookups.labels("error").inc()

    async def close(self) -> None:
        """Give up what is being computed: nobody waits for it any more."""
        await end(*self.running.values())


def open_client(url: str, timeout: float) -> Redis:
    """A client that connects when it is used, and never tries twice.

    Raises:
        RequestError: this is no address.
    """
    try:
        return Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
        )
    except ValueError:  # its text may hold a part of the password
        raise RequestError(VALID) from None


def lock_of(name: str) -> str:
    """The key that is there while a replica computes an answer."""
    return f"lock:{name}"
