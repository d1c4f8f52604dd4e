"""What Prometheus can ask for. One registry an application, summed over all workers.

`prometheus_client` decides on import whether its values lie in files that the workers share:
`python -m serving` names the folder in the environment first.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Telemetry:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "contender_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "contender_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.predictions = Counter(
            "contender_predictions",
            "Instances answered, by the version that answered them.",
            ("model", "version"),
            registry=self.registry,
        )
        self.swaps = Counter(
            "contender_swaps",
            "Attempts to load a decided champion.",
            ("model", "outcome"),
            registry=self.registry,
        )
        self.generation = Gauge(
            "contender_champion_generation",
            "Generation that a worker answers with.",
            ("model",),
            registry=self.registry,
            multiprocess_mode="liveall",
        )
        self.registry_up = Gauge(
            "contender_registry_up",
            "Whether the registry answered the last look (1) or not (0).",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.waiting_bytes = Gauge(
            "contender_prediction_spool_bytes",
            "Bytes of the prediction log that are not in the store yet.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    def render(self) -> bytes:
        """Return the text format, over all workers where there are several."""
        directory = os.environ.get(DIRECTORY_VARIABLE)
        if not directory:
            return generate_latest(self.registry)
        forget_dead_workers(Path(directory))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=directory)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def forget_dead_workers(directory: Path) -> None:
    """Drop the gauges of workers that are gone; their counters still count."""
    for path in directory.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]
