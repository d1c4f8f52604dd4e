"""What Prometheus can ask about the queues: how many wait, how large calls are, who was dropped."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
