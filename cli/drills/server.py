"""One more API process, in a home of its own or beside those of the stack, with its own fault."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import httpx

from cli import processes
from cli.drills.ground import NeverHappened, until
from cli.services import service_environment
from pipelines.settings import Settings

START_SECONDS = 90.0
STOP_SECONDS = 40.0


class Server:
    """`python -m serving` at the settings' port; ends with the `with` block.

    `through` is a module that runs it with a fault, with its own arguments.
    """

    def __init__(
        self,
        settings: Settings,
        stack: str,
        log: Path,
        *,
        through: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.address = settings.api_url
        self._log = log
        self._command = [sys.executable, "-m", *through, "serving"]
        self._command += ["--workers", "1", "--port", str(settings.ports.api)]
        self._environment = {
            **service_environment(settings, os.environ),
            **processes.mark(stack, "drill-server"),
            **(environment or {}),
        }

    def __enter__(self) -> Server:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        try:
            until(self.is_ready, START_SECONDS, f"a server is ready; see {self._log}")
        except NeverHappened:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def is_ready(self) -> bool:
        """Return whether it answers with everything that it should. Raises `NeverHappened`."""
        if not self.lives:
            raise NeverHappened(f"the server ended while starting; see {self._log}")
        return httpx.get(f"{self.address}/readyz", trust_env=False, timeout=10).is_success

    def served(self, model: str) -> str | None:
        """Return the decision by which it answers, or None where it does not."""
        with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
            found = httpx.get(f"{self.address}/v1/models/{model}", trust_env=False, timeout=10)
            return str(found.json()["champion"]["decision_id"])
        return None
