"""Starts `python -m serving` as a user would, on a free port, and ends it one way or another."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx
from ports import free_port


class ServingProcess:
    """One start of the server for a home folder; killed with its workers at the latest on exit."""

    def __init__(self, home: Path, *, workers: int = 1) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._said = home / "serving.log"
        self._log = self._said.open("ab")
        self._command = [sys.executable, "-m", "serving", "--port", str(self._port)]
        self._command += ["--workers", str(workers)]
        self._environment = {**os.environ, "CONTENDER_HOME": str(home), "PYTHONSAFEPATH": "1"}
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def __enter__(self) -> ServingProcess:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=self._log, stderr=self._log
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=120)
        self._log.close()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def port_is_free(self) -> bool:
        """Return whether nothing is left that holds the port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) != 0

    def _wait_until_ready(self, seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        said = self._said.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise AssertionError(f"the server did not become ready ({self.process.poll()}):\n{said}")
