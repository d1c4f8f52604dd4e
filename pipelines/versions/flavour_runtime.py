"""A runtime that drives the flavour worker: for versions that have no compiled form.

The worker is a process of its own, so a version from elsewhere can neither import into this
process nor take it down. Every call has a deadline; a worker that dies or hangs is replaced
before the next one.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import orjson

from pipelines.contract import Row

START_SECONDS = 120.0
CALL_SECONDS = 60.0
STOP_SECONDS = 5.0
LOG_CHARACTERS = 600
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PYTHONSAFEPATH": "1",
    # A model logged as code is imported from the package, where a cache file of Python's would
    # be a file that nobody admitted.
    "PYTHONDONTWRITEBYTECODE": "1",
}


class FlavourFailed(RuntimeError):
    """The worker could not load the version, died, hung, or answered with an error."""


class FlavourRuntime:
    """Answers by asking a worker process; one question at a time."""

    def __init__(
        self,
        directory: Path,
        *,
        start_seconds: float = START_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        self._directory = directory
        self._start_seconds = start_seconds
        self._call_seconds = call_seconds
        self._lock = threading.Lock()
        self._worker = Worker(directory, start_seconds)

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Ask the worker. Raises `FlavourFailed`."""
        if not instances:
            return []
        question = orjson.dumps({"instances": list(instances)}) + b"\n"
        with self._lock:
            if not self._worker.is_alive:
                self._worker.stop(0)
                self._worker = Worker(self._directory, self._start_seconds)
            answer = orjson.loads(self._worker.ask(question, self._call_seconds))
        if "error" in answer:
            raise FlavourFailed(f"the model failed on these requests: {answer['error']}")
        rows: list[list[Row]] = answer["rows"]
        return rows

    def close(self) -> None:
        """Let the worker end, by force if it does not listen."""
        with self._lock:
            self._worker.stop(STOP_SECONDS)


class Worker:
    """One process of `pipelines.versions.flavour_worker`; started when made, gone after `stop`."""

    def __init__(self, directory: Path, start_seconds: float) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.versions.flavour_worker", str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **ENVIRONMENT},
        )
        self._read_line(start_seconds, "load the model")

    @property
    def is_alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._process.poll() is None

    def ask(self, question: bytes, seconds: float) -> bytes:
        """Return the answer to one line. Raises `FlavourFailed`, after which it is not alive."""
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write(question)
            stdin.flush()
        except BrokenPipeError:
            raise self._failed("answer: it has ended") from None
        return self._read_line(seconds, "answer")

    def stop(self, seconds: float) -> None:
        """End the process: by the end of its input, after `seconds` by force."""
        with suppress(BrokenPipeError):  # what was still buffered was meant for a dead process
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        self._log.close()

    def _read_line(self, seconds: float, what: str) -> bytes:
        descriptor = _pipe(self._process.stdout).fileno()
        deadline = time.monotonic() + seconds
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise self._failed(f"{what} within {seconds:g} s")
                chunk = os.read(descriptor, 1 << 20)
                if not chunk:
                    raise self._failed(f"{what}: it has ended")
                received += chunk
        return bytes(received)

    def _failed(self, what: str) -> FlavourFailed:
        self._process.kill()
        self._process.wait()
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - LOG_CHARACTERS))
        said = self._log.read().decode("utf-8", errors="replace").strip()
        self.stop(0)
        return FlavourFailed(f"the worker process did not {what}. It said: {said or 'nothing'}")


def open_flavour(directory: Path) -> FlavourRuntime:
    """Start a worker for a package and wait until it has loaded it. Raises `FlavourFailed`."""
    return FlavourRuntime(directory)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
