"""A stage for the server: real store, decision log and packages; a registry that can go away."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from stub_family import StubFamily

from pipelines.decisions.log import Decision, DecisionLog, Kind, NewDecision
from pipelines.orchestration import RETRAIN_FLOW, FlowRun, Form, RunProgress
from pipelines.registry import aliases as registry
from pipelines.registry.client import NoSuchVersion, RegisteredModel, RegistryUnavailable
from pipelines.settings import Settings
from pipelines.store import Store, open_store
from pipelines.versions.artifact import Contract, Package, write_contract
from serving.app import create_app

MODEL = "stub"


def write_package(directory: Path, topic: str, **changes: object) -> Package:
    """Write a package of the stub family that answers `topic` to everything."""
    compiled = directory / "compiled"
    compiled.mkdir(parents=True)
    np.savez(
        compiled / "weights.npz",
        weights=np.log(np.array([[0.5, 0.5], [0.9, 0.1]])),
        topics=np.array([topic, "otra"]),
        vocabulary=np.array(["pintura"], dtype=str),
    )
    family = StubFamily()
    contract = {
        "family": MODEL,
        "origin": "contender",
        "runtime": MODEL,
        "form": "compiled",
        "many": False,
        "target": "topic",
        "request_schema": family.Request.model_json_schema(),
        "response_schema": family.Response.model_json_schema(),
        "latency_budget_ms": 50.0,
        "golden": [{"text": "pintura"}, {"text": "ñ"}],
        "params": {},
        "fingerprints": {},
        "training_window": {},
        "code": {},
        "libraries": {},
        "agreement": None,
        "values": {"accuracy": 0.9},
        "created_at": "2026-11-21T00:00:00+00:00",
        "files": {},
    }
    return write_contract(directory, Contract.model_validate(contract | changes))


@dataclass
class FakeRegistry:
    """Versions in folders, aliases in a dictionary; `away` makes it unreachable."""

    folder: Path
    aliases: dict[str, str] = field(default_factory=dict)
    away: bool = False
    downloads: int = 0
    spoil: Callable[[Path], None] = lambda _directory: None
    """What happens to a download on its way."""

    def snapshot(self) -> Mapping[str, RegisteredModel]:
        self._reach()
        return {MODEL: RegisteredModel(MODEL, dict(self.aliases), None)}

    def download(self, name: str, version: str, directory: Path) -> None:
        self._reach()
        self.downloads += 1
        shutil.copytree(self.folder / name / version, directory, dirs_exist_ok=True)
        self.spoil(directory)

    def download_contract(self, name: str, version: str, directory: Path) -> None:
        self._reach()
        shutil.copy(self.folder / name / version / "contract.json", directory)

    def version(self, name: str, version: str) -> None:
        """Raise unless the version is there; nobody on this stage asks what it is."""
        self._reach()
        if not (self.folder / name / version).is_dir():
            raise NoSuchVersion(f"{name} has no version {version}")

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._reach()
        assert name == MODEL
        self.aliases[alias] = version

    def _reach(self) -> None:
        if self.away:
            raise RegistryUnavailable("the registry is away")


@dataclass
class FakeOrchestration:
    """Prefect with runs that end when told to."""

    started: list[FlowRun] = field(default_factory=list)
    asked: list[tuple[str, Mapping[str, object], str, str]] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    ended: bool = False

    def running(self, model: str) -> FlowRun | None:
        mine = [run for run in self.started if run.name.startswith(model)]
        return mine[-1] if mine and not self.ended else None

    def under_way(self) -> dict[str, FlowRun]:
        return {run.name.rpartition("-")[0]: run for run in self.started if not self.ended}

    def progress(self, run_id: str, *, patient: bool = True) -> RunProgress | None:
        assert not patient, "a page waits for this"
        return RunProgress(0.25, f"reading rows for {run_id[:4]}")

    def form(self, model: str, flow: str = RETRAIN_FLOW) -> Form:
        schema = {"type": "object", "properties": {"seed": {"type": "integer", "default": 7}}}
        return Form(schema, {"seed": 7}, f"http://127.0.0.1:4200/deployments/{flow}/{model}")

    def start(
        self,
        model: str,
        params: Mapping[str, object],
        *,
        actor: str,
        reason: str,
        flow: str = RETRAIN_FLOW,
    ) -> FlowRun:
        self.ended = False
        self.flows.append(flow)
        self.asked.append((model, params, actor, reason))
        name = f"{model}-{len(self.started)}"
        url = f"http://127.0.0.1:4200/runs/flow-run/{name}"
        self.started.append(FlowRun(uuid.uuid4().hex, name, url, "SCHEDULED"))
        return self.started[-1]


class Stage:
    """Everything around one application."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store: Store = open_store(settings.store_url)
        self.log = DecisionLog(self.store, settings.var / "predictions")
        self.registry = FakeRegistry(settings.home / "registry")
        self.orchestration = FakeOrchestration()

    def register(self, version: str, topic: str, **changes: object) -> Package:
        """Put a version into the registry and admit it."""
        package = write_package(self.registry.folder / MODEL / version, topic, **changes)
        self.admit(version, package.digest)
        return package

    def admit(self, version: str, digest: str) -> None:
        """Admit a package that was written elsewhere."""
        self.log.append(NewDecision("admitted", MODEL, version=version, artifact_digest=digest))

    def decide(
        self,
        version: str,
        digest: str,
        kind: Kind = "verdict",
    ) -> Decision:
        """Record that a version becomes champion; the alias stays where it is."""
        return self.log.append(
            NewDecision(
                kind,
                MODEL,
                record={"ruling": {"reasons": ["it was better"]}},
                version=version,
                verdict="promoted",
                artifact_digest=digest,
                becomes_champion=True,
            )
        )

    def promote(self, version: str, topic: str, **changes: object) -> Decision:
        """Register a version, make it champion, and move the alias."""
        package = self.register(version, topic, **changes)
        decision = self.decide(version, package.digest)
        self.registry.aliases["champion"] = version
        return decision

    def roll_back(self, model: str, *, actor: str, reason: str, to: str | None) -> Decision:
        """Go back as the real server does, with the alias of this stage."""
        return registry.rollback(self.log, self.registry, model, actor=actor, reason=reason, to=to)

    def app(self) -> FastAPI:
        """Return a new application, as after a restart."""
        return create_app(
            self.settings,
            store=self.store,
            registry=self.registry,
            log=self.log,
            orchestration=self.orchestration,
            roll_back=self.roll_back,
            project=partial(registry.project_if_possible, self.log, self.registry),
        )

    def close(self) -> None:
        self.store.close()
