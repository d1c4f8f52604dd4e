"""The ground of the drills: a home with a whole stack of its own, and hands to break it with."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psutil

from cli import processes, stack
from cli.drills import goods
from cli.drills.load import Load
from cli.drills.trainer import Trainer
from cli.services import service_environment
from pipelines.decisions.log import Champion, DecisionLog
from pipelines.registry.client import RegistryClient
from pipelines.settings import HOME_VARIABLE, Settings, load_settings
from pipelines.store import open_store

MODEL = goods.MODEL
FOREIGN_PREFIXES = ("CONTENDER_", "MLFLOW_", "PREFECT_", "PROMETHEUS_")
"""Variables that belong to the operator's own stack: a drill must never meet its store."""
LOOK_SECONDS = 0.05


class NeverHappened(RuntimeError):
    """What was promised to happen did not, in the time that was given to it."""


class Ground:
    """A throw-away stack; a context manager. Nothing in it is anybody else's."""

    def __init__(
        self,
        home: Path,
        *,
        long: bool = False,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.home = home
        self.long = long
        self.say = say
        self._held = ExitStack()

    def __enter__(self) -> Ground:
        try:
            self._begin()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def _begin(self) -> None:
        goods.write_shop(self.home)
        forget_surroundings()
        ports = {
            f"CONTENDER_PORT_{name}": str(free_port()) for name in ("API", "MLFLOW", "PREFECT")
        }
        self.settings: Settings = load_settings({HOME_VARIABLE: str(self.home), **ports})
        self.say("starting a stack to break")
        # Not detached: whatever becomes of us, it ends with us.
        supervisor = stack.start(self.settings, detach=False)
        self._held.callback(self._stop, supervisor)
        stack.wait_until_ready(self.settings, supervisor)
        store = open_store(self.settings.store_url)
        self._held.callback(store.close)
        self.log = DecisionLog(store, self.settings.var / "predictions")
        self.registry = self._held.enter_context(RegistryClient(self.settings.mlflow_url))
        self.say("training the champion that is there before each fault")
        self.train()
        self.wait_until_served()

    def _stop(self, supervisor: subprocess.Popen[bytes]) -> None:
        stack.stop(self.settings)
        supervisor.communicate()

    # What there is

    @cached_property
    def trainer(self) -> Trainer:
        """Whoever trains and judges here."""
        environment = {
            **service_environment(self.settings, os.environ),
            "TMPDIR": str(self.scratch),
        }
        trainer = Trainer(environment, self.stack_id, self.scratch)
        self._held.callback(trainer.close)
        trainer.wait_until_ready()
        return trainer

    @property
    def scratch(self) -> Path:
        """Where trainings have their scratch space: it goes with the home."""
        return self.settings.var / "drill"

    @property
    def stack_id(self) -> str:
        """The mark of every process of this ground."""
        return stack.stack_id(self.settings)

    @property
    def api(self) -> str:
        """Address of the API."""
        return self.settings.api_url

    def champion(self) -> Champion:
        """Return the champion that the decision log names."""
        head = self.log.head(MODEL)
        if head is None:
            raise NeverHappened(f"{MODEL} has no champion")
        return head

    def alias(self) -> str | None:
        """Return the version that MLflow calls champion."""
        found = self.registry.snapshot().get(MODEL)
        return found.aliases.get("champion") if found else None

    def served(self) -> str | None:
        """Return the decision by which the API answers, or None where it does not."""
        with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
            return str(self.call("GET", f"/v1/models/{MODEL}")["champion"]["decision_id"])
        return None

    def asking(self, clients: int = 3) -> Load:
        """Return clients that ask the API without end."""
        return Load(self.api, clients=clients)

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return what the API answers. Raises `httpx.HTTPError`."""
        with httpx.Client(base_url=self.api, timeout=60, trust_env=False) as client:
            response = client.request(method, path, json=body)
            response.raise_for_status()
            found: dict[str, Any] = response.json()
            return found

    # What is done to it

    def train(self, **parameters: object) -> Mapping[str, object]:
        """Train a challenger and have it judged, as an operator does."""
        return self.trainer.run("train-and-promote", MODEL, **parameters)

    def challenger(self, **parameters: object) -> str:
        """Train a challenger that nobody judges; return its version."""
        return str(self.trainer.run("train", MODEL, **parameters)["version"])

    def have_two_champions(self) -> None:
        """See to it that there is a champion to go back to."""
        number = 1
        while self.champion().rollback_to is None:
            number += 1
            self.train(alpha=number * 1e-4)
            self.wait_until_served()

    def roll_back(self, reason: str) -> dict[str, Any]:
        """Have the API make the champion before champion again; return the decision."""
        body = {"actor": "contender drill", "reason": reason}
        return self.call("POST", f"/v1/models/{MODEL}/rollback", body)

    def kill(self, service: str) -> float:
        """End every process of a service as a power cut would; return when.

        Raises `NeverHappened` where there is none: a fault that nobody felt proves nothing.
        """
        for process in self._processes(service):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return time.monotonic()

    @contextmanager
    def hanging(self, service: str) -> Iterator[None]:
        """Let a service neither answer nor end while the block lasts. Raises as `kill` does."""
        held = self._processes(service)
        _signal(held, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(held, signal.SIGCONT)

    def _processes(self, service: str) -> list[psutil.Process]:
        found = processes.marked(self.stack_id, service)
        if not found:
            raise NeverHappened(f"no process of {service} is there to be struck")
        return found

    def room(self, name: str) -> Path:
        """Return where a drill may make a folder that nothing is in yet."""
        return self.home / f"{name}-{uuid.uuid4().hex[:8]}"

    def copied(self, target: Path) -> Settings:
        """Copy what a server needs into another home, as of now; return its settings."""
        shutil.copy2(self.home / "contender.toml", target / "contender.toml")
        (target / "var").mkdir(parents=True)
        copy = open_store(self.settings.store_url)
        try:
            with copy.read() as connection:
                path = str(target / "var" / "contender.db")
                connection.exec_driver_sql("VACUUM INTO ?", (path,))
        finally:
            copy.close()
        shutil.copytree(self.settings.var / "cache", target / "var" / "cache")
        ports = {
            f"CONTENDER_PORT_{name.upper()}": str(port)
            for name, port in self.settings.ports.model_dump().items()
        }
        ports["CONTENDER_PORT_API"] = str(free_port())
        return load_settings({HOME_VARIABLE: str(target), **ports})

    # What is waited for

    def wait_until_served(self, seconds: float = 90.0) -> float:
        """Return the seconds until the API answers by the newest decision and the alias agrees."""
        return until(
            lambda: (
                self.served() == self.champion().decision_id
                and self.alias() == self.champion().version
            ),
            seconds,
            "the API answers by the newest decision, and the alias names its version",
        )

    def wait_until_healthy(self, seconds: float = 120.0) -> float:
        """Return the seconds until the supervisor calls every service healthy again."""

        def healthy() -> bool:
            view = stack.read_view(self.settings)
            phases = [service.phase for service in view.services] if view else []
            return bool(phases) and all(phase in {"healthy", "done"} for phase in phases)

        return until(healthy, seconds, "every service is healthy again")


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Return the seconds until something is true. Raises `NeverHappened`.

    A service that is away counts as not yet.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with suppress(httpx.HTTPError, ConnectionError):
            if condition():
                return time.monotonic() - began
        time.sleep(LOOK_SECONDS)
    raise NeverHappened(f"not within {seconds:.0f} s: {what}")


def forget_surroundings() -> None:
    """Take out of this process's environment what belongs to another stack."""
    for name in [name for name in os.environ if name.startswith(FOREIGN_PREFIXES)]:
        del os.environ[name]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signal(held: list[psutil.Process], number: signal.Signals) -> None:
    for process in held:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
