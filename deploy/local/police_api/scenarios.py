"""What goes wrong, and when: the same in every run with the same seed and the same requests."""

import math
import random
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from deploy.local.police_api.answers import Answer
from deploy.local.police_api.months import Release
from deploy.local.police_api.settings import Settings

MAX_FAULTS_IN_A_ROW = 3
"""The same request goes well after that, so that a patient client always gets through."""


@dataclass(frozen=True)
class Fault:
    """How a request goes wrong: another answer; silence, then a broken connection; or half a body."""

    kind: Literal["answer", "hang", "cut"]
    answer: Answer | None = None


STATUS_500 = Fault("answer", Answer(500))
STATUS_502 = Fault("answer", Answer(502))
STATUS_503 = Fault("answer", Answer(503))
FLAKY_FAULTS = (STATUS_500, STATUS_502, Fault("hang"), Fault("cut"))


class Course:
    """The course that a scenario takes from the moment it is set."""

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._began = now
        self._requests = 0
        self._attempts: Counter[str] = Counter()
        self._calm, self._storms = 0, 0
        self._storm_ends = now

    def release(self) -> Release:
        """The state of the data that is served now."""
        settings = self._settings
        if settings.scenario == "shrunken":
            return Release(
                shrunken_force=settings.shrunken_force,
                shrunken_month=settings.shrunken_month,
                emptied_force=settings.emptied_force,
            )
        moved = settings.scenario == "moved" and self._requests > settings.moved_after
        return Release(revised=settings.scenario == "revised" or moved)

    def next_fault(self, request: str, now: float) -> Fault | None:
        """What goes wrong with the request that arrives now; `request` tells it from others."""
        self._requests += 1
        match self._settings.scenario:
            case "flaky":
                return self._flake(request)
            case "storm":
                return self._storm(now)
            case "outage":
                return STATUS_503 if self._is_out(now) else None
        return None

    def _flake(self, request: str) -> Fault | None:
        """By request and attempt, so that the order in which requests come makes no difference."""
        attempt = self._attempts[request]
        self._attempts[request] += 1
        chance = random.Random(f"{self._settings.seed} {request} {attempt}")
        goes_wrong = chance.random() < self._settings.share and (attempt + 1) % (MAX_FAULTS_IN_A_ROW + 1)
        return chance.choice(FLAKY_FAULTS) if goes_wrong else None

    def _storm(self, now: float) -> Fault | None:
        """Every second storm says when to come back."""
        if now >= self._storm_ends:
            self._calm += 1
            if self._calm <= self._settings.storm_every:
                return None
            self._calm = 0
            self._storms += 1
            self._storm_ends = now + self._settings.storm_seconds
        wait = str(math.ceil(self._storm_ends - now)).encode()
        return Fault(
            "answer", Answer(429, headers=((b"retry-after", wait),) if self._storms % 2 == 0 else ())
        )

    def _is_out(self, now: float) -> bool:
        seconds, requests = self._settings.outage_seconds, self._settings.outage_requests
        is_over = 0 < seconds <= now - self._began or 0 < requests < self._requests
        return not is_over
