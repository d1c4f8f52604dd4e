"""A stack as its operator sees it: its state file, its lock, its ports, its start and stop."""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

import psutil
from pydantic import BaseModel, ValidationError

from cli import processes, servers
from pipelines.settings import Ports, Settings, load_settings

Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]
STOP_SECONDS = 120.0


class StackError(RuntimeError):
    """The stack cannot be started, found or stopped; the message says why and what to do."""


class ServiceView(BaseModel):
    """One service as the state file shows it."""

    name: str
    phase: str
    pid: int | None
    restarts: int
    log: str


class StackView(BaseModel):
    """The state file `var/run/stack.json`, written by the supervisor at every change."""

    phase: Phase
    supervisor_pid: int
    started_at: float
    ports: Ports
    message: str = ""
    services: list[ServiceView] = []


def stack_id(settings: Settings) -> str:
    """Return the mark by which the processes of this home folder's stack are known."""
    return hashlib.sha256(str(settings.home).encode()).hexdigest()[:16]


def logs_folder(settings: Settings) -> Path:
    """Where each service writes its log."""
    return settings.var / "logs"


def write_view(settings: Settings, view: StackView) -> None:
    """Replace the state file in one step, so that a reader never sees half of it."""
    path = _state_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(view.model_dump_json(indent=1), encoding="utf-8")
    fresh.replace(path)


def read_view(settings: Settings) -> StackView | None:
    """Return what the last supervisor wrote; its phase is true only while `running`."""
    try:
        return StackView.model_validate_json(_state_file(settings).read_bytes())
    except (OSError, ValidationError):
        return None


def current_settings() -> Settings:
    """Return the settings, with the ports of the stack that runs in this home, if one does."""
    settings = load_settings()
    view = read_view(settings)
    if view is None or not running(settings):
        return settings
    return settings.model_copy(update={"ports": view.ports})


def running_settings() -> Settings:
    """Return `current_settings` of a stack that is ready, or whose API runs elsewhere.

    Raises `StackError` saying how to start one.
    """
    settings = current_settings()
    if settings.addresses.api is not None:  # nobody supervises what runs elsewhere
        return settings
    view = read_view(settings)
    if view is None or not running(settings):
        raise StackError(
            f"no stack runs in {settings.home}; start one with `contender up --detach`"
        )
    if view.phase != "ready":
        raise StackError(f"the stack is {view.phase}; see `contender status`")
    return settings


def hold_lock(settings: Settings) -> IO[bytes]:
    """Take the stack's lock for the life of this process. Raises `StackError` when it is held."""
    path = settings.var / "run" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("ab")
    for _ in range(5):  # another command may be looking, by holding it for a moment
        with suppress(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return stream
        time.sleep(0.02)
    stream.close()
    raise StackError(
        f"a stack already runs in {settings.home}; see it with `contender status`, "
        "stop it with `contender down`"
    )


def running(settings: Settings) -> bool:
    """Return whether a supervisor of this home folder lives."""
    if not (settings.var / "run" / "lock").exists():
        return False
    try:
        hold_lock(settings).close()
    except StackError:
        return True
    return False


def check_ports(settings: Settings) -> None:
    """Raise `StackError` naming each port that something else listens on."""
    ours = {"api": settings.addresses.host}
    if settings.addresses.mlflow is None:
        ours["mlflow"] = servers.HOST
    if settings.addresses.prefect is None:
        ours["prefect"] = servers.HOST
    ports = settings.ports.model_dump()
    taken = [
        f"{ports[name]} ({name})"
        for name, host in ours.items()
        if _is_taken(host, int(ports[name]))
    ]
    if taken:
        raise StackError(
            f"port {', '.join(taken)} is taken by another program; choose others with "
            "`--ports api=8001,mlflow=5001,prefect=4201` or CONTENDER_PORT_API, _MLFLOW, _PREFECT"
        )


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def start(settings: Settings, *, detach: bool) -> subprocess.Popen[bytes]:
    """Start the supervisor. Without `detach` it stops when this process ends.

    Ends first what a supervisor that was killed may have left. Raises `StackError`.
    """
    if running(settings):
        hold_lock(settings)  # raises, with the explanation
    processes.end(processes.marked(stack_id(settings)), grace_seconds=5)
    check_ports(settings)
    logs = logs_folder(settings)
    logs.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        _state_file(settings).unlink()
    with (logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.supervise", *([] if detach else ["--follow"])],
            env={
                **os.environ,
                **_chosen(settings),
                **processes.mark(stack_id(settings), processes.SUPERVISOR),
            },
            # The open end of this pipe is how a following supervisor notices our death.
            stdin=subprocess.DEVNULL if detach else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _chosen(settings: Settings) -> dict[str, str]:
    ports = settings.ports.model_dump()
    return {
        "CONTENDER_HOME": str(settings.home),
        "PYTHONSAFEPATH": "1",
        **{f"CONTENDER_PORT_{name.upper()}": str(port) for name, port in ports.items()},
    }


def wait_until_ready(
    settings: Settings,
    supervisor: subprocess.Popen[bytes],
    show: Callable[[StackView], None] = lambda _: None,
) -> None:
    """Return once every service is healthy. Raises `StackError` with the supervisor's reason."""
    while True:
        ended = supervisor.poll() is not None
        view = read_view(settings)
        if view is not None and view.supervisor_pid == supervisor.pid:
            show(view)
            if view.phase == "ready" and not ended:
                return
            if ended:
                raise StackError(view.message or "the supervisor ended while starting")
        elif ended:
            if running(settings):
                raise StackError(f"another `contender up` was faster in {settings.home}")
            log = logs_folder(settings) / "supervisor.log"
            raise StackError(f"the supervisor ended while starting; see {log}")
        time.sleep(0.2)


def stop(settings: Settings, show: Callable[[StackView], None] = lambda _: None) -> bool:
    """Stop the stack and return whether there was one. Nothing of it is left running."""
    name = stack_id(settings)
    supervisors = processes.marked(name, processes.SUPERVISOR)
    for supervisor in supervisors:
        with suppress(psutil.NoSuchProcess):
            supervisor.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while processes.marked(name, processes.SUPERVISOR) and time.monotonic() < deadline:
        view = read_view(settings)
        if view is not None:
            show(view)
        time.sleep(0.2)
    left = processes.marked(name)  # also what a killed supervisor may have left
    processes.end(left, grace_seconds=5)
    return bool(supervisors or left)


def _state_file(settings: Settings) -> Path:
    return settings.var / "run" / "stack.json"
