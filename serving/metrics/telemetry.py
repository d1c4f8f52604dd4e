"""What Prometheus can ask for. One registry an application, summed over all workers.

`prometheus_client` decides on import whether its values lie in files that the workers share:
`python -m serving` names the folder in the environment first.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from serving.metrics.queues import QueueMetrics
from serving.metrics.tallies import Tallies

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
KINDS = ("counter", "histogram", "gauge_liveall", "gauge_livemin", "gauge_livesum")
"""The files in which `prometheus_client` keeps what a process counts, one of each kind."""
ROOM_BYTES = 1 << 18
"""More than our metrics need: beyond it a file grows, and room for that may be missing."""


class Telemetry:
    """The counters of one application."""

    def __init__(self) -> None:
        if directory := os.environ.get(DIRECTORY_VARIABLE):
            reserve_room(Path(directory))
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self.tallies = Tallies(self.registry)
        self.queues = QueueMetrics(self.registry)
        self.swaps = counter(
            "contender_swaps", "Attempts to load a decided champion.", ("model", "outcome")
        )
        self.generation = gauge(
            "contender_champion_generation",
            "Generation that a worker answers with.",
            ("model",),
            multiprocess_mode="liveall",
        )
        self.registry_up = gauge(
            "contender_registry_up",
            "Whether the registry answered every worker's last look (1) or not (0).",
            multiprocess_mode="livemin",
        )
        self.workers = gauge(
            "contender_workers",
            "Worker processes of this server that answer.",
            multiprocess_mode="livesum",
        )
        self._resident = gauge(
            "contender_worker_resident_bytes",
            "Memory of this machine that a worker process holds.",
            multiprocess_mode="liveall",
        )

    def looked(self, registry_reachable: bool) -> None:
        """Take note of a worker's look at the decision log and the registry: it lives."""
        self.registry_up.set(registry_reachable)
        self.workers.set(1)
        self._resident.set(psutil.Process().memory_info().rss)

    def render(self) -> bytes:
        """Return the text format, over all workers where there are several."""
        return generate_latest(self.collected())

    def collected(self) -> CollectorRegistry:
        """Return what has been counted so far, over all workers where there are several."""
        self.tallies.hand_over()
        directory = os.environ.get(DIRECTORY_VARIABLE)
        if not directory:
            return self.registry
        forget_dead_workers(Path(directory))
        together = CollectorRegistry()
        MultiProcessCollector(together, path=directory)  # type: ignore[no-untyped-call]
        return together


def reserve_room(directory: Path) -> None:
    """Take the room for what this process will count, before it is missing.

    The files are written to as memory. On a disk that is full by then the kernel has no page for
    them, and ends the process (SIGBUS) where a write would have returned an error.
    """
    for kind in KINDS:
        with suppress(OSError), (directory / f"{kind}_{os.getpid()}.db").open("ab") as stream:
            os.posix_fallocate(stream.fileno(), 0, ROOM_BYTES)


def forget_dead_workers(directory: Path) -> None:
    """Drop the gauges of workers that are gone; their counters still count."""
    for path in directory.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]
