"""What each model was asked in the last minutes, by the counters of all workers.

Nothing runs while nobody looks: each look is kept, and compared with the oldest one of the window.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from serving.schemas.board import TrafficView

WINDOW_SECONDS = 300.0
FEWEST = {0.5: 10, 0.99: 100}
"""Requests without which a percentile is not told: it would be the chance of the day."""
FRESH_SECONDS = 2.0
"""Looks that follow one another faster see the same figures."""


@dataclass(frozen=True)
class Counted:
    """What has been counted of one model since the server was started."""

    answers: float = 0.0
    outcomes: Mapping[str, float] = field(default_factory=dict)
    within: Mapping[float, float] = field(default_factory=dict)
    """Requests by the upper bound of their seconds, cumulative."""


Look = Mapping[str, Counted]


class ModelTraffic:
    """The figures of every model; `collected` returns the registry of all workers."""

    def __init__(
        self, collected: Callable[[], CollectorRegistry], clock: Callable[[], float] = time.time
    ) -> None:
        self._collected = collected
        self._clock = clock
        self._lock = threading.Lock()
        self._looks: deque[tuple[float, Look]] = deque([(clock(), {})])

    def of(self, model: str) -> TrafficView:
        """Return what a model was asked within the window, or since the first look at it."""
        with self._lock:
            self._look_again()
            (then, before), (now, after) = self._looks[0], self._looks[-1]
        return _between(before.get(model, Counted()), after.get(model, Counted()), now - then)

    def _look_again(self) -> None:
        now = self._clock()
        if len(self._looks) > 1 and now - self._looks[-1][0] < FRESH_SECONDS:
            return
        self._looks.append((now, _read(self._collected())))
        # The oldest look is the last one from before the window: what came since is in it.
        while len(self._looks) > 2 and self._looks[1][0] <= now - WINDOW_SECONDS:
            self._looks.popleft()


def _read(registry: CollectorRegistry) -> Look:
    answers: dict[str, float] = {}
    outcomes: dict[str, dict[str, float]] = {}
    within: dict[str, dict[float, float]] = {}
    for metric in registry.collect():
        for sample in metric.samples:
            model = sample.labels.get("model", "")
            if sample.name == "contender_predictions_total":
                answers[model] = answers.get(model, 0.0) + sample.value
            elif sample.name == "contender_model_requests_total":
                outcomes.setdefault(model, {})[sample.labels["outcome"]] = sample.value
            elif sample.name == "contender_model_request_seconds_bucket":
                within.setdefault(model, {})[float(sample.labels["le"])] = sample.value
    return {
        model: Counted(answers.get(model, 0.0), outcomes.get(model, {}), within.get(model, {}))
        for model in answers.keys() | outcomes.keys()
    }


def _between(before: Counted, after: Counted, seconds: float) -> TrafficView:
    answers = max(0.0, after.answers - before.answers)
    outcomes = {
        name: max(0, round(count - before.outcomes.get(name, 0.0)))
        for name, count in after.outcomes.items()
    }
    within = {
        bound: max(0.0, count - before.within.get(bound, 0.0))
        for bound, count in sorted(after.within.items())
    }
    return TrafficView(
        window_seconds=round(seconds, 1),
        answers=round(answers),
        answers_per_minute=answers * 60 / seconds if seconds > 0 else 0.0,
        requests=sum(outcomes.values()),
        failed=outcomes.get("failed", 0),
        refused=outcomes.get("refused", 0),
        p50_ms=_percentile(within, 0.5),
        p99_ms=_percentile(within, 0.99),
    )


def _percentile(within: Mapping[float, float], share: float) -> float | None:
    """Return milliseconds, interpolated in the bucket; beyond the last bound, that bound.

    None where there are too few requests to tell.
    """
    bounds, counts = list(within), list(within.values())
    if not counts or counts[-1] < FEWEST[share]:
        return None
    wanted = share * counts[-1]
    place = bisect_left(counts, wanted)
    lower, start = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    if bounds[place] == float("inf"):
        return lower * 1000
    return 1000 * (lower + (bounds[place] - lower) * (wanted - start) / (counts[place] - start))
