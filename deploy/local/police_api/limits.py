"""How many requests come, and when there are too many."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Protocol

from deploy.local.police_api.settings import Settings

MAX_ARRIVALS = 50_000


class Limiter(Protocol):
    def admits(self, now: float) -> bool:
        """Is a request that arrives now (seconds, monotonic) within the limit?"""


class LeakyBucket:
    """As documented: `rate` requests a second, and a burst. Refused requests do not fill the bucket."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._last = 0.0, 0.0

    def admits(self, now: float) -> bool:
        self._level = max(0.0, self._level - (now - self._last) * self._rate)
        self._last = now
        if self._level + 1 > self._burst:
            return False
        self._level += 1
        return True


class StrictWindow:
    """No second less `jitter`, whenever it begins, has more than `rate` requests. Refused ones count, too."""

    def __init__(self, rate: float, jitter: float) -> None:
        self._rate, self._seconds = rate, 1 - jitter
        self._last_second: deque[float] = deque()

    def admits(self, now: float) -> bool:
        self._last_second.append(now)
        while now - self._last_second[0] >= self._seconds:
            self._last_second.popleft()
        return len(self._last_second) <= self._rate


class Unlimited:
    def admits(self, now: float) -> bool:
        return True


def make_limiter(settings: Settings) -> Limiter:
    if settings.rate == 0:
        return Unlimited()
    if settings.strict:
        return StrictWindow(settings.rate, settings.jitter)
    return LeakyBucket(settings.rate, settings.burst)


@dataclass
class Meter:
    """Counts what came and how it was answered, for tests of the client."""

    requests: dict[str, Counter[str]] = field(default_factory=dict)
    """Route → status → number; the status `cut` is a body that broke off."""
    in_flight: int = 0
    max_in_flight: int = 0
    max_requests_per_second: int = 0
    """The most that any window of one second has had."""
    arrivals: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_ARRIVALS))
    """Seconds, monotonic."""
    _last_second: deque[float] = field(default_factory=deque)

    def arrive(self, now: float) -> None:
        self.arrivals.append(now)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self._last_second.append(now)
        while now - self._last_second[0] >= 1:
            self._last_second.popleft()
        self.max_requests_per_second = max(self.max_requests_per_second, len(self._last_second))

    def leave(self, route: str, status: str) -> None:
        self.in_flight -= 1
        self.requests.setdefault(route, Counter())[status] += 1

    def report(self) -> dict[str, object]:
        return {
            "requests": self.requests,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "max_requests_per_second": self.max_requests_per_second,
            "arrivals": list(self.arrivals),
        }
