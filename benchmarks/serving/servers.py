"""Servers as a user starts them: pinned to one core, awaited, measured, stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from benchmarks.serving.machine import SERVER_CORE, cpu_seconds, family, pss_megabytes

ROOT = Path(__file__).resolve().parents[2]
THREADS = ("OMP", "OPENBLAS", "MKL")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in THREADS} | {
    f"TF_NUM_{kind}OP_THREADS": "1" for kind in ("INTRA", "INTER")
}
PATIENCE_SECONDS = 180.0


class NotReady(RuntimeError):
    """A server did not start; the message ends in the last lines of its log."""


class Server:
    """One server and all its processes, on one core from its start to the end of the `with`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        ready: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        core: int = SERVER_CORE,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._command, self._folder, self._core = list(command), folder, core
        self.port, self._ready, self._log, self._patience = port, ready, log, patience
        self._environment = {**os.environ, **ONE_THREAD, **(environment or {})}
        self.start_seconds = 0.0

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it says that it is ready. Raises `NotReady`."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        mine = os.sched_getaffinity(0)
        with self._log.open("ab") as log:
            # What is started keeps the cores of who starts it.
            os.sched_setaffinity(0, {self._core} & mine or mine)
            try:
                self.process = subprocess.Popen(
                    self._command,
                    env=self._environment,
                    cwd=self._folder,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            finally:
                os.sched_setaffinity(0, mine)
        self._wait(began)
        self.start_seconds = time.perf_counter() - began

    def _wait(self, began: float) -> None:
        while time.perf_counter() - began < self._patience and self.process.poll() is None:
            if answers(self.port, self._ready):
                return
            time.sleep(0.01)
        self.stop()
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        raise NotReady("\n".join([" ".join(self._command[:4]), *said]))

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        return cpu_seconds(self.process.pid)

    @property
    def memory_megabytes(self) -> float:
        """Memory of all its processes now; what they share counts once."""
        return pss_megabytes(self.process.pid)

    def stop(self) -> None:
        """End it and everything that it started."""
        processes = family(self.process.pid)
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()


def answers(port: int, path: str) -> bool:
    """Return whether something answers that path with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def contender(home: Path, logs: Path, *, workers: int = 1) -> Server:
    """Return the product's own server for a home folder."""
    port = free_port()
    return Server(
        [sys.executable, "-m", "serving", "--port", str(port), "--workers", str(workers)],
        port=port,
        ready="/readyz",
        log=logs / "contender.log",
        environment={"CONTENDER_HOME": str(home)},
        patience=60.0,
    )


def noop(logs: Path) -> Server:
    """Return FastAPI with a handler that does nothing."""
    port = free_port()
    return Server(
        [sys.executable, "-m", "benchmarks.serving.noop", "--port", str(port)],
        port=port,
        ready="/openapi.json",
        log=logs / "noop.log",
        environment={"PYTHONPATH": str(ROOT)},
    )
