"""The stub family's lifecycle as a flow runs it, without Prefect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stub_family import FAMILY

from pipelines import tracking, training
from pipelines.arena.arena import silent
from pipelines.arena.gate import Gate
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.gate.verdict import Blessing, Trigger
from pipelines.settings import Settings
from pipelines.store import Store
from serving import bless as blessing

MANUAL = Trigger("manual", "tests", "a test")
WEAK, MIDDLING, GOOD = 18, 24, 200
"""Vocabularies that make models well apart on the stub's texts."""


@dataclass
class Lifecycle:
    """Trains, registers and judges in one home."""

    settings: Settings
    store: Store
    log: DecisionLog
    gate: Gate
    folder: Path

    def prepare(self) -> training.Prepared:
        source = self.settings.source("stub")
        raw = FAMILY.load(source)
        split = FAMILY.split(raw.frame)
        test_set = self.gate.test_set("stub", source, split)
        return training.prepare(FAMILY, source, raw, split, test_set)

    def train(self, **params: float) -> training.Candidate:
        count = sum(1 for _ in self.folder.iterdir())
        return training.train_candidate(
            self.prepare(),
            FAMILY,
            FAMILY.Params(**params),
            seed=1,
            directory=self.folder / str(count),
            progress=silent,
        )

    def register(self, candidate: training.Candidate) -> str:
        logged = tracking.log_candidate(candidate, self.settings.mlflow_url)
        self.gate.challenge(candidate.package, logged.version)
        return logged.version

    def challenge(self, **params: float) -> str:
        """Train, log and register; return the version."""
        return self.register(self.train(**params))

    def judge(self, version: str, trigger: Trigger = MANUAL) -> Decision:
        return self.gate.judge("stub", version, trigger=trigger)

    def alias(self, name: str = "champion") -> str | None:
        found = self.gate.client.snapshot().get("stub")
        return found.aliases.get(name) if found else None


def reasons(decision: Decision) -> str:
    """The decision's reasons as one text."""
    ruling = decision.record["ruling"]
    assert isinstance(ruling, dict)
    return "; ".join(ruling["reasons"])


def bless_here(directory: Path) -> Blessing:
    """Bless by the same code without a process of its own, which takes most of a test's time."""
    found = blessing.bless(directory)
    if not found.ok or found.latency_ms is None:
        return Blessing(False, found.reason)
    return Blessing(
        True,
        found.reason,
        load_seconds=found.load_seconds,
        latency_ms=found.latency_ms.p50,
        size_bytes=found.size_bytes,
        golden=found.golden,
    )
