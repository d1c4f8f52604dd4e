"""What Prometheus can ask about model workers: read from Redis when it asks, so that every process
of the API says the same and nothing is counted twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.remote import roll
from serving.remote.connection import failures
from serving.remote.roll import WorkerWord
from serving.remote.wire import GROUP, REDELIVERED, Target

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueFigures:
    """One version's queue: requests in it, those of them that a worker is at, and the workers."""

    model: str
    version: str
    length: int
    at_work: int
    workers: int


def read(redis: Redis) -> tuple[list[QueueFigures], dict[str, int]]:
    """Return the queue of each version that a living worker has, and redelivered requests by model.

    Raises what `connection.failures` names.
    """
    words = roll.read(redis)
    versions = sorted({(held.model, held.version, held.digest) for w in words for held in w.held})
    pipe = redis.pipeline(transaction=False)
    for model, _, digest in versions:
        queue = Target(model, digest).queue
        pipe.xlen(queue)
        pipe.xpending(queue, GROUP)
    pipe.hgetall(REDELIVERED)
    *counts, redelivered = pipe.execute(raise_on_error=False)
    figures = [
        _figures(words, version, counts[2 * number : 2 * number + 2])
        for number, version in enumerate(versions)
    ]
    return figures, {model.decode(): int(count) for model, count in redelivered.items()}


def _figures(
    words: Sequence[WorkerWord], version: tuple[str, str, str], counts: Sequence[Any]
) -> QueueFigures:
    model, name, digest = version
    length, pending = counts
    # A queue that nobody has used yet has no group.
    at_work = pending["pending"] if isinstance(pending, dict) else 0
    return QueueFigures(model, name, length, at_work, len(roll.holders(words, digest)))


class RemoteFigures(Collector):
    """The model workers as metrics; while Redis is away only that."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        up = GaugeMetricFamily(
            "contender_redis_up", "Whether Redis, and so the model workers, can be asked (1)."
        )
        try:
            queues, redelivered = read(self._redis)
        except failures() as error:
            logger.warning("the model workers cannot be counted: %s", error)
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from _gauges(queues)
        yield _redelivered(redelivered)

    def render(self) -> bytes:
        """Return them in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


def _gauges(queues: Iterable[QueueFigures]) -> Iterator[Metric]:
    labels = ("model", "version")
    length = GaugeMetricFamily(
        "contender_worker_queue_requests", "Requests in the queue of a version.", labels=labels
    )
    waiting = GaugeMetricFamily(
        "contender_worker_queue_waiting", "Those that no worker has taken yet.", labels=labels
    )
    workers = GaugeMetricFamily(
        "contender_model_workers", "Living workers that have a version.", labels=labels
    )
    for queue in queues:
        of = (queue.model, queue.version)
        length.add_metric(of, queue.length)
        waiting.add_metric(of, max(0, queue.length - queue.at_work))
        workers.add_metric(of, queue.workers)
    yield from (length, waiting, workers)


def _redelivered(counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(
        "contender_redelivered_requests",
        "Requests handed to another worker because theirs fell silent.",
        labels=("model",),
    )
    for model, count in counts.items():
        family.add_metric((model,), count)
    return family
