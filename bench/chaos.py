"""A soak: whatever runs is killed while months are ordered; the end must be that of a clean run."""

import asyncio
import random
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.report import report
from bench.soak import SAMPLE, Soak
from bench.stack import fresh_stack
from deploy.local.police_api.server import SamplePoliceApi
from deploy.local.servers import VARIABLES
from shared.model import Dataset, month_range

MONTHS = tuple(month_range("2018-10..2018-12"))
"""From the API: whole forces, some of which have more than one page, and a second release of one of them."""
KINDS = ("street", "stop-and-search")
ARCHIVE_MONTHS = tuple(month_range("2019-01..2020-08"))
"""From archives."""
PAUSES = (2.0, 6.0)
"""Least and most seconds between two kills."""
MOST_UNFINISHED = 8
"""Runs; more are not ordered before some are done."""
READ_SECONDS = 0.25
REVISED_SHARE = 0.3
"""Of the times that months are ordered, with the source at its second release and well."""


def bench_chaos(seconds: float, seed: int) -> None:
    """Exit code 1 if anything differs from the clean run, or is not accounted for."""
    files = [path for month in MONTHS for path in sample_files(month)] + [SAMPLE.parent / "republished"]
    with SamplePoliceApi(files, rate=0, latency=0.01, hang=0.2, seed=seed) as api:
        with fresh_stack() as stack:
            clean = asyncio.run(clean_run(Soak(stack.servers, stack.run_dir, api.url)))
        api.control(scenario="flaky", reset=True)
        with fresh_stack() as stack:
            soak = Soak(stack.servers, stack.run_dir, api.url)
            good = asyncio.run(Chaos(soak, api, seed).run(seconds, clean))
    if not good:
        sys.exit(1)


def sample_files(month: date) -> list[Path]:
    """What the bundled sample has of a month."""
    return [path for kind in KINDS for path in sorted(SAMPLE.glob(f"{month:%Y-%m}/*-{kind}.csv.xz"))]


async def clean_run(soak: Soak) -> dict[tuple[str, str], str]:
    """All months once, from a good source, with nothing killed."""
    async with soak:
        await soak.order(MONTHS)
        await soak.backfill(ARCHIVE_MONTHS, "clean")
        await soak.finish()
        return await soak.checksums()


class Chaos:
    """One soak with everything that is random taken from the seed, except when the machine gets to it."""

    def __init__(self, soak: Soak, api: SamplePoliceApi, seed: int) -> None:
        self.soak, self.api, self.seed = soak, api, seed
        self.kills: Counter[str] = Counter()
        self.revival_seconds: list[float] = []
        self.answers: Counter[str] = Counter()
        self.rounds = 0

    async def run(self, seconds: float, clean: dict[tuple[str, str], str]) -> bool:
        """Kill for so many seconds, let everything come to its end, compare; whether all is well."""
        async with self.soak:
            started = perf_counter()
            until = started + seconds
            await asyncio.gather(
                self.kill_until(until),
                self.order_until(until),
                self.backfill_until(until),
                self.read_until(until),
            )
            killed_for = perf_counter() - started
            self.api.control(scenario="flaky")
            await self.soak.finish()  # what is under way may be of the second release
            await self.soak.order(MONTHS)
            await self.soak.backfill(ARCHIVE_MONTHS, "last")
            await self.soak.finish()
            found = await self.soak.checksums()
            differing = sorted(
                " ".join(key) for key in clean.keys() | found.keys() if clean.get(key) != found.get(key)
            )
            account = await self.soak.account()
        report(
            "chaos",
            seed=self.seed,
            seconds=killed_for,
            seconds_to_the_end=perf_counter() - started - killed_for,
            kills=sum(self.kills.values()),
            kills_by_kind=dict(sorted(self.kills.items())),
            median_seconds_until_started_again=median(self.revival_seconds) if self.revival_seconds else None,
            ended_by_themselves=dict(sorted(self.soak.ended.items())),
            rounds_ordered=self.rounds,
            **account,
            gateway_answers=dict(sorted(self.answers.items())),
            months_compared=len({key for key in clean if key[0] in set(Dataset)}),
            checksums_compared=len(clean),
            differing=len(differing),
            which=differing[:10],
        )
        return not differing and not account["unexplained"] and not account["left_in_staging"]

    async def kill_until(self, until: float) -> None:
        """Every few seconds one process or server, never two at once."""
        chance = random.Random(f"kills {self.seed}")
        names = [*self.soak.services.members, *VARIABLES, "backfill"]
        while (pause := chance.uniform(*PAUSES)) < until - perf_counter():
            await asyncio.sleep(pause)
            name = chance.choice(names)
            started = perf_counter()
            if await self.soak.kill(name):
                self.kills[name] += 1
                self.revival_seconds.append(perf_counter() - started)

    async def order_until(self, until: float) -> None:
        """Months of the API, as soon as there is room for more; sometimes of the other release."""
        chance = random.Random(f"orders {self.seed}")
        while perf_counter() < until:
            unfinished = await self.soak.unfinished()
            if unfinished is not None and unfinished < MOST_UNFINISHED:
                scenario = "revised" if chance.random() < REVISED_SHARE else "flaky"
                self.api.control(scenario=scenario)
                await self.soak.order(chance.sample(MONTHS, 2))
                self.rounds += 1
            await asyncio.sleep(1)

    async def backfill_until(self, until: float) -> None:
        """One archive after the other, each of some months."""
        chance = random.Random(f"archives {self.seed}")
        number = 0
        while perf_counter() < until:
            number += 1
            await self.soak.backfill(sorted(chance.sample(ARCHIVE_MONTHS, 6)), str(number))
            await asyncio.sleep(1)

    async def read_until(self, until: float) -> None:
        """What the public would see meanwhile."""
        while perf_counter() < until:
            self.answers[await self.soak.ask_gateway()] += 1
            await asyncio.sleep(READ_SECONDS)
