"""Counts of the hot path, kept in plain numbers and handed to Prometheus twice a second.

A counter of `prometheus_client` that several workers share is a write into a mapped file behind a
lock; six of them for each request cost more than the answer does.
"""

from __future__ import annotations

import asyncio
import threading
from bisect import bisect_left
from collections import defaultdict

from prometheus_client import CollectorRegistry, Counter, Histogram

HAND_OVER_SECONDS = 0.5
BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


Handled = tuple[str, str, int, str]
"""Method, route, status, and the model asked, if any."""


class Durations(Histogram):
    """A histogram that takes many observations at once."""

    def observe_all(self, seconds: list[float]) -> None:
        """Count each of `seconds`."""
        self._sum.inc(sum(seconds))
        found: dict[int, int] = defaultdict(int)
        for each in seconds:
            found[bisect_left(self._upper_bounds, each)] += 1
        for bucket, count in found.items():
            self._buckets[bucket].inc(count)


class Tallies:
    """What has happened and is not handed over yet; for any thread, but for `handled`.

    A killed process loses what it counted since the last time, half a second at most.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "contender_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Durations(
            "contender_request_seconds",
            "Time from the arrival of a request to the end of its answer.",
            ("route",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._model_requests = Counter(
            "contender_model_requests",
            "Requests on a model's prediction interfaces.",
            ("model", "outcome"),
            registry=registry,
        )
        self._model_seconds = Durations(
            "contender_model_request_seconds",
            "Time from a prediction request's arrival to the end of its answer.",
            ("model",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._predictions = Counter(
            "contender_predictions",
            "Instances answered, by the version that answered them.",
            ("model", "version"),
            registry=registry,
        )
        self._lock = threading.Lock()
        self._handled: dict[Handled, list[float]] = defaultdict(list)
        self._answered: dict[tuple[str, str], int] = defaultdict(int)
        self._awaited = False

    def handled(
        self, method: str, route: str, status: int, seconds: float, model: str = ""
    ) -> None:
        """Count a request, and the model that it asked; the event loop hands it over later.

        For the event loop alone.
        """
        with self._lock:
            self._handled[method, route, status, model].append(seconds)
        if not self._awaited:
            self._awaited = True
            asyncio.get_running_loop().call_later(HAND_OVER_SECONDS, self._hand_over_in_time)

    def answered(self, model: str, version: str, instances: int) -> None:
        """Count instances that a version answered; the request that they are of comes after."""
        with self._lock:
            self._answered[model, version] += instances

    def hand_over(self) -> None:
        """Let Prometheus see everything that has been counted so far."""
        with self._lock:
            handled, self._handled = self._handled, defaultdict(list)
            answered, self._answered = self._answered, defaultdict(int)
        for (method, route, status, model), seconds in handled.items():
            self._requests.labels(method, route, str(status)).inc(len(seconds))
            self._seconds.labels(route).observe_all(seconds)
            if model:
                self._model_requests.labels(model, outcome_of(status)).inc(len(seconds))
                self._model_seconds.labels(model).observe_all(seconds)
        for (model, version), instances in answered.items():
            self._predictions.labels(model, version).inc(instances)

    def _hand_over_in_time(self) -> None:
        self._awaited = False
        self.hand_over()


def outcome_of(status: int) -> str:
    """Return what a status means for whoever watches a model."""
    return "failed" if status >= 500 else "refused" if status >= 400 else "answered"
