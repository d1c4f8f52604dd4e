"""A runtime that drives the flavour worker: for versions that have no compiled form.

The worker is a process of its own, so a version from elsewhere can neither import into this
process nor take it down. Every call has a deadline; a worker that dies or hangs fails it, and
another one is started at once.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import orjson

from pipelines.contract import RequestRefused, Row

START_SECONDS = 120.0
CALL_SECONDS = 60.0
STOP_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
"""Between two starts that fail; the pause doubles until then."""
LOG_CHARACTERS = 600
WORKER = "pipelines.versions.flavour_worker"
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "PYTHONSAFEPATH": "1",
    # A model logged as code is imported from the package, where a cache file of Python's would
    # be a file that nobody admitted.
    "PYTHONDONTWRITEBYTECODE": "1",
}


class FlavourFailed(RuntimeError):
    """The version raised an error on these requests, or its worker could not answer them."""


class WorkerLost(FlavourFailed):
    """The worker could not load the version, died, or hung. The next call asks another one."""


class FlavourRuntime:
    """Answers by asking a worker process; one question at a time."""

    def __init__(
        self,
        directory: Path,
        *,
        digest: str | None = None,
        start_seconds: float = START_SECONDS,
        call_seconds: float = CALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._digest = digest
        self._start_seconds = start_seconds
        self._call_seconds = call_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._closed = False
        self._failed_starts = 0
        self._start_at = clock()
        self._worker = Worker(directory, digest)
        self._worker.wait_until_ready(start_seconds)

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Ask the worker. Raises `RequestRefused`, `WorkerLost` or `FlavourFailed`."""
        if not instances:
            return []
        question = orjson.dumps({"instances": list(instances)}) + b"\n"
        with self._lock:
            line = self._ask(question)
        answer = orjson.loads(line)
        if "refused" in answer:
            raise RequestRefused(answer["refused"])
        if "error" in answer:
            raise FlavourFailed(f"the model failed on these requests: {answer['error']}")
        rows: list[list[Row]] = answer["rows"]
        return rows

    def close(self) -> None:
        """Let the worker end, by force if it does not listen."""
        self._closed = True
        if self._lock.acquire(timeout=STOP_SECONDS):
            # One that is still loading listens only when it has done so.
            self._worker.stop(STOP_SECONDS if self._worker.was_ready else 0)
            self._lock.release()
        else:
            self._worker.kill()

    def _ask(self, question: bytes) -> bytes:
        if not self._worker.is_alive:
            self._replace()
        try:
            self._worker.wait_until_ready(self._start_seconds)
            self._failed_starts = 0
            return self._worker.ask(question, self._call_seconds)
        except WorkerLost:
            if not self._worker.was_ready:
                self._failed_starts += 1
                pause = min(LONGEST_PAUSE_SECONDS, 2.0 ** (self._failed_starts - 1))
                self._start_at = self._clock() + pause
            elif not self._closed:
                # Begun now, it is the sooner there for the next question.
                self._replace()
            raise

    def _replace(self) -> None:
        if self._closed:
            raise WorkerLost("the worker process has been ended")
        wait = self._start_at - self._clock()
        if wait > 0:
            raise WorkerLost(f"the worker process did not start; next try in {wait:.0f} s")
        self._worker.stop(0)
        self._worker = Worker(self._directory, self._digest)


class Worker:
    """One process of `pipelines.versions.flavour_worker`; started when made, gone after `stop`.

    With a `digest` it opens no other package than that, whatever lies there by then.
    """

    def __init__(self, directory: Path, digest: str | None = None) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._process = subprocess.Popen(
            [sys.executable, "-m", WORKER, str(directory), *([digest] if digest else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **ENVIRONMENT},
            bufsize=0,
        )
        # Else a question longer than the pipe would wait for ever for a process that hangs.
        os.set_blocking(_pipe(self._process.stdin).fileno(), False)
        self.was_ready = False
        """Whether it has loaded the version."""

    @property
    def is_alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._process.poll() is None

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until it has loaded the version. Raises `WorkerLost`, and then it is not alive."""
        if not self.was_ready:
            self._read_line(time.monotonic() + seconds, "load the model", seconds)
            self.was_ready = True

    def ask(self, question: bytes, seconds: float) -> bytes:
        """Return the answer to one line. Raises `WorkerLost`, and then it is not alive."""
        deadline = time.monotonic() + seconds
        self._write(question, deadline, seconds)
        return self._read_line(deadline, "answer", seconds)

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer is told."""
        self._process.kill()

    def stop(self, seconds: float) -> None:
        """End the process: by the end of its input, after `seconds` by force."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        self._log.close()

    def _write(self, question: bytes, deadline: float, seconds: float) -> None:
        descriptor = _pipe(self._process.stdin).fileno()
        rest = memoryview(question)
        while rest:
            self._wait(descriptor, selectors.EVENT_WRITE, deadline, f"read within {seconds:g} s")
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BrokenPipeError:
                raise self._failed("answer: it has ended") from None

    def _read_line(self, deadline: float, what: str, seconds: float) -> bytes:
        descriptor = _pipe(self._process.stdout).fileno()
        received = bytearray()
        while not received.endswith(b"\n"):
            self._wait(descriptor, selectors.EVENT_READ, deadline, f"{what} within {seconds:g} s")
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                raise self._failed(f"{what}: it has ended")
            received += chunk
        return bytes(received)

    def _wait(self, descriptor: int, event: int, deadline: float, what: str) -> None:
        with selectors.PollSelector() as selector:
            selector.register(descriptor, event)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise self._failed(what)

    def _failed(self, what: str) -> WorkerLost:
        self._process.kill()
        self._process.wait()
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - LOG_CHARACTERS))
        said = self._log.read().decode("utf-8", errors="replace").strip()
        self.stop(0)
        return WorkerLost(f"the worker process did not {what}. It said: {said or 'nothing'}")


def open_flavour(
    directory: Path, digest: str, *, call_seconds: float = CALL_SECONDS
) -> FlavourRuntime:
    """Start a worker for the package of this digest and wait until it has loaded it.

    A call that takes longer than `call_seconds` is given up, and its worker replaced. Raises
    `WorkerLost`.
    """
    return FlavourRuntime(directory, digest=digest, call_seconds=call_seconds)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
