"""What Prometheus can ask about the queues: how many wait, how large calls are, who was dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pipelines.jobs.totals import Total

CALL_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class QueueMetrics:
    """The metrics of all queues of one application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queued = Gauge(
            "contender_queued_requests",
            "Requests that wait for a version that is not answered on the event loop.",
            ("model", "version"),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.calls = Histogram(
            "contender_call_instances",
            "Instances in one call of a model that requests wait for.",
            ("model",),
            buckets=CALL_BUCKETS,
            registry=registry,
        )
        self.dropped = Counter(
            "contender_dropped_requests",
            "Requests not answered: the queue full, their deadline passed, or the caller gone.",
            ("model", "reason"),
            registry=registry,
        )

    def of(self, model: str, version: str) -> QueueMeter:
        """Return what counts for the queue of one version."""
        return QueueMeter(self, model, version)


class QueueMeter:
    """Counts what happens in the queue of one version."""

    def __init__(self, metrics: QueueMetrics, model: str, version: str) -> None:
        self._queued = metrics.queued.labels(model, version)
        self._calls = metrics.calls.labels(model)
        self._dropped = partial(metrics.dropped.labels, model)

    def called(self, instances: int, waiting: int) -> None:
        """Count a call that begins, and the requests that wait on."""
        self._calls.observe(instances)
        self._queued.set(waiting)

    def dropped(self, reason: str, waiting: int) -> None:
        """Count a request that is not answered, and those that wait on."""
        self._dropped(reason).inc()
        self._queued.set(waiting)


class JobFigures(Collector):
    """The jobs of a store as gauges: whoever is asked reads the same, and finished ones go."""

    def __init__(self, totals: Iterable[Total], now: datetime) -> None:
        self._totals = tuple(totals)
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures."""
        jobs = GaugeMetricFamily("contender_jobs", "Jobs that are kept.", labels=("model", "state"))
        rows = GaugeMetricFamily(
            "contender_job_rows", "Rows of these jobs that are done.", labels=("model", "outcome")
        )
        waiting = GaugeMetricFamily(
            "contender_oldest_queued_job_seconds",
            "How long the first of the jobs that wait has waited.",
            labels=("model",),
        )
        done: dict[tuple[str, str], int] = {}
        for each in self._totals:
            jobs.add_metric((each.model, each.state), each.jobs)
            answered = each.rows_done - each.rows_refused
            for outcome, count in (("answered", answered), ("refused", each.rows_refused)):
                done[each.model, outcome] = done.get((each.model, outcome), 0) + count
            if each.state == "queued":
                age = self._now - datetime.fromisoformat(each.oldest)
                waiting.add_metric((each.model,), age.total_seconds())
        for labels, count in done.items():
            rows.add_metric(labels, count)
        yield from (jobs, rows, waiting)
