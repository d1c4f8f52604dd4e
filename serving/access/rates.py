"""How often somebody may ask: so many requests at once, and then one whenever one is due.

The generic cell rate algorithm (ITU-T I.371): of each caller one moment is kept, and no window
begins at whose edge he may ask twice as much. Counted in memory, so each worker counts its own;
used by the event loop alone. In our own words because `limits` takes 2.6 us for a request where
this takes 0.5, brings 60 ms of imports into each worker, and starts a thread a hundred times a
second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
MOST_CALLERS = 20_000
"""So many are remembered; who is forgotten has all of his requests again."""


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.requests} requests in {self.seconds:g} s"


def rate_of(text: str) -> Rate:
    """Return what `6000/minute` means; settings are checked before."""
    requests, _, period = text.partition("/")
    return Rate(int(requests), PERIODS[period])


class Meter:
    """Counts the requests of callers against one rate."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._apart = rate.seconds / rate.requests
        self._ahead = rate.seconds - self._apart
        self._due: dict[str, float] = {}

    def wait(self, who: str) -> float:
        """Return the seconds until the next request may come; 0 where it may come now."""
        return max(0.0, self._due.get(who, 0.0) - self._ahead - self._clock())

    def count(self, who: str) -> None:
        """Count a request."""
        now = self._clock()
        due = self._due.get(who, now)
        self._due[who] = (due if due > now else now) + self._apart
        if len(self._due) > MOST_CALLERS:
            self._forget(now)

    def headers(self, who: str) -> Mapping[str, str]:
        """Return what the draft on RateLimit fields for HTTP has an answer say."""
        now = self._clock()
        ahead = max(0.0, self._due.get(who, now) - now)
        left = int((self.rate.seconds - ahead) / self._apart + 1e-6)
        return {
            "RateLimit-Policy": f'"requests";q={self.rate.requests};w={self.rate.seconds:g}',
            "RateLimit": f'"requests";r={max(0, left)};t={ahead:.0f}',
        }

    def _forget(self, now: float) -> None:
        busy = {who: due for who, due in self._due.items() if due > now}
        newest = sorted(busy, key=busy.__getitem__)[-MOST_CALLERS // 2 :]
        self._due = {who: busy[who] for who in newest}
