"""What a failover costs: a NATS cluster of three loses the leader of a stream, PostgreSQL its primary.

Publishing and writing go on all the while, as the services do it: what is not confirmed is tried again. At
the end every confirmed message was handled, and every confirmed row is there; else the exit code is 1.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from time import perf_counter
from uuid import UUID, uuid4

from faststream.nats import NatsBroker, NatsMessage

from bench.report import report
from bench.standby import Pair, postgres_pair
from deploy.local.nats_cluster import NatsCluster, nats_cluster
from shared.bus import create_broker, publish, subscriber
from shared.db import open_pool, translate_errors
from shared.errors import TransientError
from shared.events import SliceRequested
from shared.provision import CONSUMERS, connect, provision

DURABLE = "fetcher-slices"
STREAM = CONSUMERS[DURABLE].event.stream
AGAIN_SECONDS = 0.1
QUIET_SECONDS = 2.0
"""Load before each kill, and after it when all is well again."""
THROUGHPUT_SECONDS, PUBLISHERS = 5.0, 8
PATIENCE = 120.0


def bench_failover(repeats: int) -> None:
    """Measure both; exit code 1 if something was lost."""
    asyncio.run(bus_throughput(1))
    asyncio.run(bus_throughput(3))
    lost = asyncio.run(bus_failover(repeats))
    lost += asyncio.run(database_failover(repeats))
    if lost:
        sys.exit(f"{lost} confirmed messages or rows were lost")


async def bus_throughput(replicas: int) -> None:
    """Confirmed messages a second of eight publishers, on a cluster of three, with so many replicas."""
    with nats_cluster() as cluster:
        await provisioned(cluster, replicas)
        broker = create_broker(cluster.url, stop_timeout=1)
        await broker.connect()
        sent, run, deadline = Counter[str](), uuid4(), perf_counter() + THROUGHPUT_SECONDS

        async def send_on(publisher: int) -> None:
            while perf_counter() < deadline:
                await publish(broker, SliceRequested(run_id=run, slice_id=f"{publisher}-{sent['messages']}"))
                sent["messages"] += 1

        await asyncio.gather(*map(send_on, range(PUBLISHERS)))
        await broker.stop()
        report(
            "failover.bus.throughput",
            replicas=replicas,
            messages_a_second=sent["messages"] / THROUGHPUT_SECONDS,
        )


async def provisioned(cluster: NatsCluster, replicas: int) -> None:
    """The streams, as soon as the servers have agreed on who leads."""

    async def is_done() -> bool:
        try:
            await provision(cluster.url, replicas=replicas)
        except TransientError:
            return False
        return True

    await until(is_done)


async def bus_failover(repeats: int) -> int:
    """Kill the leader of a stream, several times; how many messages were lost in all."""
    with nats_cluster() as cluster:
        await provisioned(cluster, 3)
        load = BusLoad(create_broker(cluster.url, stop_timeout=5))
        async with asyncio.TaskGroup() as group:
            await load.start()
            sending = group.create_task(load.send_on())
            for turn in range(repeats):
                await asyncio.sleep(QUIET_SECONDS)
                leader = await leader_of(cluster)
                killed = perf_counter()
                await asyncio.to_thread(cluster.kill, leader)
                await until(partial(load.works_since, killed))
                report(
                    "failover.bus",
                    turn=turn,
                    no_confirmation_s=load.longest_gap(load.confirmed_at, killed),
                    no_delivery_s=load.longest_gap(load.handled_at, killed),
                )
                await asyncio.to_thread(cluster.start, leader)
                await until(partial(in_step, cluster))
            load.is_over = True
            await sending
        await until(load.nothing_left)
        lost = load.confirmed - load.handled.keys()
        again = sum(load.handled.values()) - len(load.handled)
        report("failover.bus.end", confirmed=len(load.confirmed), lost=len(lost), delivered_again=again)
        await load.broker.stop()
        return len(lost)


class BusLoad:
    """One publisher that tries again, one handler that counts."""

    def __init__(self, broker: NatsBroker) -> None:
        self.broker, self.run = broker, uuid4()
        self.is_over = False
        self.confirmed: set[str] = set()
        self.handled: Counter[str] = Counter()
        self.confirmed_at: list[float] = []
        self.handled_at: list[float] = []

        @subscriber(broker, DURABLE)
        async def handle(event: SliceRequested, message: NatsMessage) -> None:
            del message
            self.handled[event.slice_id] += 1
            self.handled_at.append(perf_counter())

    async def start(self) -> None:
        """Connect and take messages."""
        await self.broker.start()

    async def send_on(self) -> None:
        """One message after the other, each until it is confirmed."""
        number = 0
        while not self.is_over:
            event = SliceRequested(run_id=self.run, slice_id=str(number))
            while True:
                with suppress(TransientError):
                    await publish(self.broker, event)
                    break
                await asyncio.sleep(AGAIN_SECONDS)
            self.confirmed.add(event.slice_id)
            self.confirmed_at.append(perf_counter())
            number += 1
            await asyncio.sleep(0.002)

    async def works_since(self, moment: float) -> bool:
        """Whether it has been quiet for long enough after this moment: no gap in confirming or handling."""
        now = perf_counter()
        if now - moment < 2 * QUIET_SECONDS:
            return False
        recent = (
            [at for at in times if at > now - QUIET_SECONDS] for times in (self.confirmed_at, self.handled_at)
        )
        return all(
            max(b - a for a, b in pairwise([now - QUIET_SECONDS, *times, now])) < 0.5 for times in recent
        )

    @staticmethod
    def longest_gap(times: list[float], since: float) -> float:
        """Seconds between two of these moments at most, of those around and after one."""
        first = max((index for index, time in enumerate(times) if time <= since), default=0)
        return max((b - a for a, b in pairwise(times[first:])), default=0.0)

    async def nothing_left(self) -> bool:
        """Whether everything that was confirmed was handled."""
        return self.confirmed <= self.handled.keys()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that only looking can tell.

    Raises:
        TimeoutError: it does not come.
    """
    deadline = perf_counter() + PATIENCE
    while not await condition():
        if perf_counter() > deadline:
            raise TimeoutError
        await asyncio.sleep(AGAIN_SECONDS)


async def leader_of(cluster: NatsCluster) -> str:
    """The server that leads the stream."""
    connection = await connect(cluster.url)
    try:
        info = await connection.jetstream().stream_info(STREAM)
        assert info.cluster is not None
        assert info.cluster.leader is not None
        return info.cluster.leader
    finally:
        await connection.close()


async def in_step(cluster: NatsCluster) -> bool:
    """Whether all replicas of the stream have all of it."""
    try:
        connection = await connect(cluster.url)
    except TransientError:
        return False
    try:
        cluster_info = (await connection.jetstream().stream_info(STREAM)).cluster
        others = (cluster_info.replicas if cluster_info else None) or []
        return len(others) == 2 and all(one.current and not one.lag for one in others)
    except (TimeoutError, OSError):
        return False
    finally:
        await connection.close()


async def database_failover(repeats: int) -> int:
    """Kill the primary and promote the standby; how many confirmed rows were lost in all."""
    lost = 0
    for turn in range(repeats):
        with postgres_pair() as pair:
            lost += await fail_over(pair, turn)
    return lost


async def fail_over(pair: Pair, turn: int) -> int:
    """One failover under load, promoted at once: how long one waits for that is the operator's choice."""
    async with open_pool(pair.url, max_size=4) as pool:
        await pool.execute("CREATE TABLE written (id uuid PRIMARY KEY)")
        confirmed: set[UUID] = set()
        moments: list[float] = []
        is_over = asyncio.Event()

        async def write_on() -> None:
            while not is_over.is_set():
                row = uuid4()
                with suppress(TransientError):
                    async with translate_errors():
                        await pool.execute("INSERT INTO written VALUES ($1)", row, timeout=5)
                    confirmed.add(row)
                    moments.append(perf_counter())
                    continue
                await asyncio.sleep(AGAIN_SECONDS)

        writing = asyncio.create_task(write_on())
        await asyncio.sleep(QUIET_SECONDS)
        killed = perf_counter()
        await asyncio.to_thread(pair.kill_primary)
        promoted = perf_counter()
        await asyncio.to_thread(pair.promote)
        promotion = perf_counter() - promoted

        async def writes_again() -> bool:
            return bool(moments) and moments[-1] > killed + promotion

        await until(writes_again)
        await asyncio.sleep(QUIET_SECONDS)
        is_over.set()
        await writing
        rows = {row["id"] for row in await pool.fetch("SELECT id FROM written")}
    report(
        "failover.database",
        turn=turn,
        no_write_s=BusLoad.longest_gap(moments, killed),
        of_it_promotion_s=promotion,
        confirmed=len(confirmed),
        lost=len(confirmed - rows),
    )
    return len(confirmed - rows)
