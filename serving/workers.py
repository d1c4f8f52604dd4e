"""As many worker processes as are wanted, on one socket: what dies or hangs is replaced.

Each worker's event loop leaves the time of its last turn in memory that it shares with its parent,
so a loop that is blocked is told from one that is busy, and nobody is waited for to find out.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from ctypes import c_double
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import RawValue

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from serving.draining import DrainingServer

START_SECONDS = 120.0
"""A worker that has not begun to serve by then is taken for hung."""
LOOK_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
SPAWN = multiprocessing.get_context("spawn")

logger = logging.getLogger(__name__)


def serve(config: uvicorn.Config, sockets: list[socket.socket], turned: c_double) -> None:
    """Be one worker: serve on `sockets` until told to stop."""
    config.configure_logging()

    def beat() -> None:
        turned.value = time.monotonic()

    DrainingServer(config, beat=beat).run(sockets)


class Worker:
    """One process of several, seen by its parent."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        self._turned = RawValue(c_double, 0.0)
        self._since = time.monotonic()
        self.process: SpawnProcess = SPAWN.Process(
            target=serve, args=(config, sockets, self._turned)
        )
        self.process.start()

    @property
    def serves(self) -> bool:
        """Whether it has begun to serve."""
        return self._turned.value > 0

    def hangs(self, patience_seconds: float) -> bool:
        """Whether its event loop has not turned for so long, or it never began to serve."""
        now = time.monotonic()
        if self.serves:
            return now - self._turned.value > patience_seconds
        return now - self._since > START_SECONDS

    def stop(self) -> None:
        """Let it finish what it was asked, and end."""
        if self.process.is_alive() and self.process.pid:
            os.kill(self.process.pid, signal.SIGTERM)


class Workers:
    """The parent: keeps `config.workers` of them until it is told to stop.

    SIGTERM and SIGINT stop it, SIGHUP replaces the workers one by one, SIGTTIN adds one and
    SIGTTOU takes one away.
    """

    def __init__(
        self, config: uvicorn.Config, *, patience_seconds: float, stop_seconds: float
    ) -> None:
        self._config = config
        self._patience = patience_seconds
        self._stop_seconds = stop_seconds
        self._sockets = [config.bind_socket()]
        self._wanted = config.workers
        self._workers: list[Worker] = []
        self._outdated: list[Worker] = []
        self._successor: Worker | None = None
        self._retired: list[Worker] = []
        self._stopping = self._ever_served = False
        self._failures = 0
        self._start_at = 0.0

    def run(self) -> int:
        """Run until told to stop, or until the first workers all fail; returns the exit code."""
        for number, react in self._reactions().items():
            signal.signal(number, lambda *_, react=react: react())
        code = 0
        while not (self._stopping or code):
            self._fill()
            self._renew()
            wait([worker.process.sentinel for worker in self._all()], timeout=LOOK_SECONDS)
            self._look()
            if self._failures >= self._wanted and not self._ever_served:
                logger.error("no worker could start; what is above says why")
                code = STARTUP_FAILURE
        self._end()
        return code

    def _reactions(self) -> dict[signal.Signals, Callable[[], None]]:
        def stop() -> None:
            self._stopping = True

        def renew() -> None:
            self._outdated = self._outdated or list(self._workers)

        def more() -> None:
            self._wanted += 1

        def fewer() -> None:
            self._wanted = max(1, self._wanted - 1)

        return {
            signal.SIGTERM: stop,
            signal.SIGINT: stop,
            signal.SIGHUP: renew,
            signal.SIGTTIN: more,
            signal.SIGTTOU: fewer,
        }

    def _all(self) -> list[Worker]:
        return [*self._workers, *self._retired]

    def _fill(self) -> None:
        missing = self._wanted + (self._successor is not None) - len(self._workers)
        if missing > 0 and time.monotonic() >= self._start_at:
            self._workers += [Worker(self._config, self._sockets) for _ in range(missing)]
        for worker in self._workers[: max(0, -missing)]:
            self._retire(worker)

    def _renew(self) -> None:
        """Replace outdated workers, each only when its successor serves."""
        self._outdated = [worker for worker in self._outdated if worker in self._workers]
        if not self._outdated:
            return
        if self._successor is None:
            self._successor = Worker(self._config, self._sockets)
            self._workers.append(self._successor)
        elif self._successor not in self._workers:
            logger.error("the new worker could not start; the others stay")
            self._outdated, self._successor = [], None
        elif self._successor.serves:
            self._successor = None
            self._retire(self._outdated.pop())

    def _retire(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._retired.append(worker)
        worker.stop()

    def _look(self) -> None:
        self._ever_served = self._ever_served or any(worker.serves for worker in self._workers)
        for worker in self._all():
            if worker.process.is_alive():
                if worker.hangs(self._patience):
                    logger.error("worker %s hangs and is killed", worker.process.pid)
                    worker.process.kill()
            elif worker in self._retired:
                self._retired.remove(worker)
            else:
                self._bury(worker)

    def _bury(self, worker: Worker) -> None:
        self._workers.remove(worker)
        logger.error("worker %s died: %s", worker.process.pid, worker.process.exitcode)
        if worker.serves:
            self._failures = 0
            return
        # It never began to serve, and the next one may do no better.
        self._failures += 1
        pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** (self._failures - 1))
        self._start_at = time.monotonic() + pause

    def _end(self) -> None:
        # The workers have it, too, until they stop. Ours would let new connections wait for nobody.
        for each in self._sockets:
            each.close()
        for worker in self._all():
            worker.stop()
        deadline = time.monotonic() + self._stop_seconds
        for worker in self._all():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                logger.error("worker %s does not stop and is killed", worker.process.pid)
                worker.process.kill()
                worker.process.join()
