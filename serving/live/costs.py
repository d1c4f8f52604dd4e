"""What answering costs, measured while a version is warmed up, and whether batching pays for it.

A call of n instances is taken to cost `fixed + n * each`. Batching shares the fixed part among the
requests that wait; where nearly all is for each instance, it gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

BATCH = 16
"""Instances of the batch that is measured beside a single call."""
ELSEWHERE_MS = 1.0
"""Another process is asked by a thread in any case; below this nothing is gained."""
WORTH_MS = 2.0
"""A call that takes less is not worth the way to a thread and back: requests that arrive in the
same round of the event loop are answered together there, too."""
SAVED_MS = 0.05
"""What an instance must save to be worth the round of the event loop that it waits."""
SAVED_SHARE = 0.85
"""On the event loop a batch costs nobody a thread, so less of a gain is worth it."""
WORTH_SHARE = 0.5
CALL_MS = 50.0
"""How long one call may keep others waiting, about."""
CALL_LIMIT = 512


@dataclass(frozen=True)
class Cost:
    """Milliseconds of a call with one instance, and of one with `BATCH` such instances.

    The latter is None where the first is so quick that a batch could save nothing.
    """

    single_ms: float
    batch_ms: float | None = None
    elsewhere: bool = False
    """Whether another process answers."""

    @property
    def batches(self) -> bool:
        """Whether requests that wait in a queue are answered together."""
        worth_ms = ELSEWHERE_MS if self.elsewhere else WORTH_MS
        return self.single_ms > worth_ms and self._share < WORTH_SHARE

    @property
    def gathers(self) -> bool:
        """Whether requests that arrive at the same time are answered together, without a queue."""
        return (
            not self.elsewhere
            and self.single_ms <= WORTH_MS
            and self._share < SAVED_SHARE
            and self.single_ms * (1 - self._share) >= SAVED_MS
        )

    @property
    def reason(self) -> str:
        """Why requests are answered together, or why not, in plain words."""
        if self.batch_ms is None:
            return f"a call takes {self.single_ms:.3g} ms, which a batch could hardly lower"
        return f"{BATCH} instances in one call cost {self._share:.0%} of {BATCH} calls"

    @property
    def instances_a_call(self) -> int:
        """How many instances one call takes; longer requests are answered in several.

        A call lasts about `CALL_MS`, unless its fixed part is most of that: then it takes so many
        instances that the fixed part is half of it.
        """
        room = max(CALL_MS - self._fixed_ms, self._fixed_ms)
        return max(1, min(CALL_LIMIT, int(room / self._each_ms)))

    def instances_within(self, milliseconds: float) -> int:
        """How many instances one call answers in so long; one in any case."""
        return 1 + max(0, int((milliseconds - self.single_ms) / self._each_ms))

    def milliseconds(self, instances: float, requests: int) -> float:
        """Return what answering so many instances of so many requests is likely to take.

        An instance that is larger than usual counts as several.
        """
        together = -(-instances // self.instances_a_call)
        calls = together if self.batches else max(requests, together)
        return calls * self._fixed_ms + instances * self._each_ms

    @property
    def _share(self) -> float:
        return 1.0 if self.batch_ms is None else self.batch_ms / (BATCH * self.single_ms)

    @property
    def _each_ms(self) -> float:
        if self.batch_ms is None:
            return max(self.single_ms, 1e-3)
        return max((self.batch_ms - self.single_ms) / (BATCH - 1), 1e-3)

    @property
    def _fixed_ms(self) -> float:
        return max(0.0, self.single_ms - self._each_ms)
