"""A supervisor: starts services in order, waits for their health, restarts what dies.

It knows nothing of Contender; `cli.services` says what there is to run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from cli import processes

Phase = Literal["waiting", "starting", "healthy", "done", "restarting", "stopping", "stopped"]


class ServiceFailed(RuntimeError):
    """A service never became healthy; the message names its log and quotes its end."""


class Probe(Protocol):
    """Says whether a service answers."""

    async def __call__(self) -> bool:
        """Return True once the service is healthy; never raise."""
        ...


@dataclass(frozen=True)
class Service:
    """One process to keep alive. `after` names those that must be healthy before it starts."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    healthy: Probe
    after: tuple[str, ...] = ()
    once: bool = False
    """True for a step that runs to its end, such as a migration."""
    ready_seconds: float = 180.0


@dataclass(frozen=True)
class Timing:
    """How patient the supervisor is."""

    probe_seconds: float = 0.25
    first_backoff_seconds: float = 1.0
    longest_backoff_seconds: float = 30.0
    steady_seconds: float = 60.0
    """A service that lived this long starts its backoff anew."""
    stop_seconds: float = 15.0
    attempts: int = 4
    """Failures in a row after which a service that was never healthy gives up the start."""


@dataclass
class ServiceState:
    """Where a service stands; `changed` is called with each new phase."""

    name: str
    phase: Phase = "waiting"
    pid: int | None = None
    restarts: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs services until told to stop, then stops them in reverse order."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        stack: str,
        logs: Path,
        changed: Callable[[], None] = lambda: None,
        timing: Timing | None = None,
    ) -> None:
        self._services = services
        self._stack = stack
        self._logs = logs
        self._changed = changed
        self._timing = timing or Timing()
        self._stopping = asyncio.Event()
        self.states = {service.name: ServiceState(service.name) for service in services}

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `ready` when all is healthy, and keep it so until `stop`.

        Raises `ServiceFailed`, after everything else has been stopped, when a service cannot
        be started at all.
        """
        keepers = [asyncio.create_task(self._keep(service)) for service in self._services]
        for keeper in keepers:
            keeper.add_done_callback(lambda task: stop.set() if _failed(task) else None)
        announcer = asyncio.create_task(self._announce(ready))
        try:
            await stop.wait()
        finally:
            announcer.cancel()
            await self._stop(keepers)
        for keeper in filter(_failed, keepers):
            keeper.result()

    async def _announce(self, ready: Callable[[], None]) -> None:
        for state in self.states.values():
            await state.reached.wait()
        ready()

    async def _keep(self, service: Service) -> None:
        state = self.states[service.name]
        for name in service.after:
            await self.states[name].reached.wait()
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                process = await self._start(service, state)
            except OSError as error:
                raise ServiceFailed(f"{service.name} does not start: {error}") from error
            if await self._becomes_healthy(service, process):
                self._enter(state, "done" if service.once else "healthy")
                state.reached.set()
            if service.once and state.phase == "done":
                return
            await process.wait() if state.phase == "healthy" else await self._abandon(process)
            if self._stopping.is_set():
                return
            steady = time.monotonic() - started > self._timing.steady_seconds
            failures = 1 if steady else failures + 1
            if failures >= self._timing.attempts and not state.reached.is_set():
                raise ServiceFailed(self._explain(service))
            self._enter(state, "restarting")
            state.restarts += 1
            await asyncio.sleep(self._backoff(failures))

    async def _start(self, service: Service, state: ServiceState) -> asyncio.subprocess.Process:
        # A server's workers can outlive it and hold its port.
        await self._clean(service.name)
        self._logs.mkdir(parents=True, exist_ok=True)
        marks = processes.mark(self._stack, service.name)
        with self._log(service).open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *service.argv,
                env={**service.environment, **marks},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C in the terminal is ours to pass on, in order
            )
        state.pid = process.pid
        self._enter(state, "starting")
        return process

    async def _becomes_healthy(self, service: Service, process: asyncio.subprocess.Process) -> bool:
        deadline = time.monotonic() + service.ready_seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            if process.returncode is not None:
                return service.once and process.returncode == 0
            if not service.once and await service.healthy():
                return True
            await asyncio.sleep(self._timing.probe_seconds)
        return False

    async def _abandon(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._timing.stop_seconds)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _stop(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        self._stopping.set()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        for service in reversed(self._services):
            state = self.states[service.name]
            if state.phase != "done":
                self._enter(state, "stopping")
                await self._clean(service.name, main=state.pid)
                self._enter(state, "stopped")

    async def _clean(self, service: str, main: int | None = None) -> None:
        """End what runs for a service: its main process first, so that it may end its own."""
        found = await asyncio.to_thread(processes.marked, self._stack, service)
        first = [process for process in found if process.pid == main]
        if first:
            await asyncio.to_thread(processes.end, first, self._timing.stop_seconds)
            found = await asyncio.to_thread(processes.marked, self._stack, service)
        if found:
            await asyncio.to_thread(processes.end, found, self._timing.stop_seconds / 3)

    def _backoff(self, failures: int) -> float:
        doubled = self._timing.first_backoff_seconds * 2.0 ** min(failures - 1, 16)
        return min(doubled, self._timing.longest_backoff_seconds)

    def _enter(self, state: ServiceState, phase: Phase) -> None:
        state.phase = phase
        self._changed()

    def _log(self, service: Service) -> Path:
        return self._logs / f"{service.name}.log"

    def _explain(self, service: Service) -> str:
        lines = self._log(service).read_text(encoding="utf-8", errors="replace").splitlines()
        tail = " | ".join(line.strip() for line in lines[-3:] if line.strip())
        return f"{service.name} does not start; see {self._log(service)}: {tail}"


def _failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None
