"""What one worker has seen of a rollout: counts and latencies, by stage of the ramp and by arm.

Light and quick: the server counts every request of a rollout here, from any thread.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from pipelines.rollouts.plan import Arm

Place = tuple[int, Arm]
"""A stage of the ramp and one of the two sides."""
PER_OCTAVE: Final = 8
SHORTEST_OCTAVE: Final = -14
"""Latencies are kept in buckets a ninth apart, from 61 microseconds upwards."""
LONGEST_BUCKET: Final = PER_OCTAVE * (7 - SHORTEST_OCTAVE)
"""The last bucket holds everything above 128 seconds."""
FAILED_LIMIT: Final = 1_000
"""Failed units of one side and stage that a worker names, so that all workers count them once."""
UNITS_LIMIT: Final = 100_000
"""Units remembered by one worker; beyond it the oldest half is forgotten and may count again."""


@dataclass
class Counts:
    """What happened on one side in one stage.

    `requests` and `errors` count requests. A unit that asks again and again is one piece of
    evidence and not many: `units` counts those that were answered or failed, `unit_errors` those
    whose first failure this was, whoever had been asked, and `unit_latency` is of each unit's first
    answer in a stage. `compared` and `agreed` count units too, `dropped` mirrored requests that
    nobody had time for. `failed` names units of `unit_errors`, by their digests.
    """

    requests: int = 0
    errors: int = 0
    units: int = 0
    unit_errors: int = 0
    compared: int = 0
    agreed: int = 0
    dropped: int = 0
    latency: Counter[int] = field(default_factory=Counter)
    unit_latency: Counter[int] = field(default_factory=Counter)
    failed: set[str] = field(default_factory=set)

    def add(self, other: Counts) -> None:
        """Add what another worker saw; a failed unit that both name counts once."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.unit_errors -= len(self.failed & other.failed)
        self.failed |= other.failed
        self.latency.update(other.latency)
        self.unit_latency.update(other.unit_latency)

    def as_json(self) -> dict[str, object]:
        """Return the counts as they are stored; buckets by their number as text."""
        found: dict[str, object] = {name: getattr(self, name) for name in NUMBERS}
        for name in HISTOGRAMS:
            found[name] = {str(key): count for key, count in sorted(getattr(self, name).items())}
        return found | {"failed": sorted(self.failed)}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Counts:
        """Rebuild what `as_json` returned."""
        found = cls(**{name: int(str(document[name])) for name in NUMBERS})  # type: ignore[arg-type]
        for name in HISTOGRAMS:
            stored = document[name]
            assert isinstance(stored, Mapping)
            getattr(found, name).update({int(key): int(count) for key, count in stored.items()})
        failed = document.get("failed", [])
        assert isinstance(failed, list)
        found.failed.update(failed)
        return found


NUMBERS: Final = ("requests", "errors", "units", "unit_errors", "compared", "agreed", "dropped")
HISTOGRAMS: Final = ("latency", "unit_latency")
FAILED: Final = "failed"


class Tally:
    """Counts of one rollout in one process, cumulative since the process took it up.

    `unit` is whoever asks (see `plan.unit_of`); without one every request is a unit of its own.
    """

    def __init__(self, *, units_limit: int = UNITS_LIMIT) -> None:
        self._counts: dict[Place, Counts] = {}
        self._seen = _Seen(units_limit)
        self._lock = threading.Lock()

    def answered(self, arm: Arm, stage: int, seconds: float, unit: str = "") -> None:
        """Count an answer of one side and how long it took."""
        bucket = bucket_of(seconds)
        with self._lock:
            counts = self._of(stage, arm)
            counts.requests += 1
            counts.latency[bucket] += 1
            before = self._seen.before(arm, unit, stage)
            counts.units += before is None
            if before is None or before < stage:
                counts.unit_latency[bucket] += 1

    def failed(self, arm: Arm, stage: int, seconds: float, unit: str = "") -> None:
        """Count a request that one side should have answered and could not.

        It counts whatever time it took: a challenger that fails at once is not a quick one.
        """
        del seconds
        with self._lock:
            counts = self._of(stage, arm)
            counts.requests += 1
            counts.errors += 1
            counts.units += self._seen.before(arm, unit, stage) is None
            # Whoever was asked: a unit that fails everywhere must not fail once more for the
            # challenger when the ramp moves it there.
            if self._seen.before(FAILED, unit, stage) is None:
                counts.unit_errors += 1
                if unit and len(counts.failed) < FAILED_LIMIT:
                    counts.failed.add(_digest(FAILED, unit).hex())

    def compared(self, stage: int, agreed: bool, unit: str = "") -> None:
        """Count a unit whose request both sides answered, and whether they said the same."""
        with self._lock:
            if self._seen.before("compared", unit, stage) is None:
                counts = self._of(stage, "challenger")
                counts.compared += 1
                counts.agreed += agreed

    def dropped(self, stage: int) -> None:
        """Count a mirrored request that the challenger had no time for."""
        with self._lock:
            self._of(stage, "challenger").dropped += 1

    def counts(self) -> dict[Place, dict[str, object]]:
        """Return the counts by now, as they are stored."""
        with self._lock:
            return {place: counts.as_json() for place, counts in self._counts.items()}

    def _of(self, stage: int, arm: Arm) -> Counts:
        found = self._counts.get((stage, arm))
        if found is None:
            found = self._counts[stage, arm] = Counts()
        return found


class _Seen:
    """In which stage units were counted for what, as short digests: memory stays bounded."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._stages: dict[bytes, int] = {}

    def before(self, what: str, unit: str, stage: int) -> int | None:
        """Return the last stage in which this unit was counted for this; from now on it is this.

        None where it never was, or has no name.
        """
        if not unit:
            return None
        digest = _digest(what, unit)
        last = self._stages.get(digest)
        if last is None and len(self._stages) >= self._limit:
            for old in list(self._stages)[: self._limit // 2]:
                del self._stages[old]
        if last is None or last < stage:
            self._stages[digest] = stage
        return last


def _digest(what: str, unit: str) -> bytes:
    return blake2b(f"{what}\n{unit}".encode(errors="surrogatepass"), digest_size=8).digest()


def bucket_of(seconds: float) -> int:
    """Return the number of the latency bucket; bucket 0 holds everything up to its edge."""
    if seconds <= 0:
        return 0
    if seconds == math.inf:
        return LONGEST_BUCKET
    place = math.ceil(PER_OCTAVE * (math.log2(seconds) - SHORTEST_OCTAVE))
    return min(max(place, 0), LONGEST_BUCKET)


def edge_ms(bucket: int) -> float:
    """Return the longest latency that a bucket holds, in milliseconds."""
    return 1_000.0 * math.exp2(bucket / PER_OCTAVE + SHORTEST_OCTAVE)


def quantile_ms(histogram: Mapping[int, int], share: float) -> float | None:
    """Return an upper bound of a quantile, at most a ninth above it; None of no answers."""
    wanted, passed = share * sum(histogram.values()), 0
    for bucket in sorted(histogram):
        passed += histogram[bucket]
        if passed >= wanted:
            return edge_ms(bucket)
    return None


def slower(histogram: Mapping[int, int], limit_ms: float) -> int:
    """Return how many answers took longer than a limit, to the edge of a bucket."""
    return sum(
        count for bucket, count in histogram.items() if edge_ms(bucket) > limit_ms * (1 + 1e-9)
    )
