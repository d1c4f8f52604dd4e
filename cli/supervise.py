"""The supervisor's own process: `python -m cli.supervise [--follow]`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli import processes, stack
from cli.services import stack_services
from cli.stack import ServiceView, StackView
from cli.supervisor import ServiceFailed, Supervisor
from pipelines.observability.logs import configure
from pipelines.settings import Settings, load_settings

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Supervise the stack of `CONTENDER_HOME` until told to stop; return the exit code."""
    settings = load_settings()
    configure(settings.logging, "supervisor")
    with stack.hold_lock(settings), _warden(settings):
        return asyncio.run(_supervise(settings, follow="--follow" in arguments))


def _warden(settings: Settings) -> subprocess.Popen[bytes]:
    name = stack.stack_id(settings)
    return subprocess.Popen(
        [sys.executable, "-m", "cli.warden", name],
        env={**os.environ, **processes.mark(name, "warden")},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


async def _supervise(settings: Settings, *, follow: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if follow:
        loop.add_reader(sys.stdin.fileno(), stop.set)  # readable only at its end
    logs = stack.logs_folder(settings)
    report = _Report(settings, logs)
    supervisor = Supervisor(
        stack_services(settings, os.environ),
        stack=stack.stack_id(settings),
        logs=logs,
        changed=lambda: report.write(supervisor, stopping=stop.is_set()),
    )
    try:
        await supervisor.run(stop, ready=lambda: report.ready(supervisor))
    except ServiceFailed as error:
        report.end("failed", str(error))
        return 1
    report.end("stopped", "")
    return 0


class _Report:
    """Keeps the state file true."""

    def __init__(self, settings: Settings, logs: Path) -> None:
        self._settings = settings
        self._logs = logs
        self._view = StackView(
            phase="starting",
            supervisor_pid=os.getpid(),
            started_at=time.time(),
            ports=settings.ports,
        )
        self._told: dict[str, str] = {}
        stack.write_view(settings, self._view)

    def write(self, supervisor: Supervisor, *, stopping: bool = False) -> None:
        self._view.services = [
            ServiceView(
                name=state.name,
                phase=state.phase,
                pid=state.pid,
                restarts=state.restarts,
                log=str(self._logs / f"{state.name}.log"),
            )
            for state in supervisor.states.values()
        ]
        self._tell()
        if stopping:
            self._view.phase = "stopping"
        stack.write_view(self._settings, self._view)

    def _tell(self) -> None:
        for view in self._view.services:
            if view.phase == self._told.get(view.name, "waiting"):
                continue
            self._told[view.name] = view.phase
            level = logging.WARNING if view.phase == "restarting" else logging.INFO
            told = {"unit": view.name, "phase": view.phase, "restarts": view.restarts}
            logger.log(level, "%s: %s", view.name, view.phase, extra=told)

    def ready(self, supervisor: Supervisor) -> None:
        self._view.phase = "ready"
        self.write(supervisor)

    def end(self, phase: stack.Phase, message: str) -> None:
        if phase == "failed":
            logger.error("%s", message)
        self._view.phase = phase
        self._view.message = message
        stack.write_view(self._settings, self._view)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
