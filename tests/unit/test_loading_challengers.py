"""A challenger is loaded as champions are, and given less time, so that one can still answer."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from rollout_parts import rollout
from serving_stage import write_package

from pipelines.decisions import chain
from pipelines.decisions.log import Decision
from serving.live.batching import QueueLimits
from serving.live.callers import DeadlinePassed
from serving.live.loaded import load
from serving.slots import loading
from serving.slots.loading import ChampionLoader


class Hanging:
    """Answers nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def predict(self, instances):
        self.let_go.wait()
        return [[{"topic": "dos"}] for _ in instances]

    def close(self) -> None:
        self.let_go.set()


class Cache:
    """Has one package, under whatever digest it is asked for."""

    def __init__(self, package) -> None:
        self.package = package

    def fetch(self, _model, _version, _digest):
        return self.package


def sealed(**record: str) -> Decision:
    """Return a decision as the log would have written it."""
    fields = dict.fromkeys(Decision.__dataclass_fields__)
    seal = chain.digest(chain.canonical(record))
    return Decision(**fields | record | {"hash": seal, "record": record})


class Log:
    """Everything is admitted, and every decision is as it was written."""

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def get(self, decision_id):
        asked = rollout("canary", 0.5)
        about = {"model": asked.model, "version": asked.challenger}
        return sealed(decision_id=decision_id, artifact_digest=self.digest, **about)

    def list(self, model):
        asked = rollout("canary", 0.5)
        admission = {"version": asked.challenger, "artifact_digest": self.digest}
        return [sealed(kind="admitted", model=model, **admission)]


def test_a_challenger_that_hangs_leaves_the_champion_half_of_the_time(tmp_path, monkeypatch):
    package, runtime = write_package(tmp_path, "dos"), Hanging()

    def hanging(*arguments, **options):
        loaded = load(*arguments, **options)
        loaded.runtime.close()
        return replace(loaded, runtime=runtime, instance_ms=1_000.0)

    monkeypatch.setattr(loading, "load", hanging)
    asked = rollout("canary", 0.5)
    loader = ChampionLoader(
        Cache(package),  # type: ignore[arg-type]
        Log(asked.challenger_digest),  # type: ignore[arg-type]
        text_limit=20_000,
        limits=QueueLimits(deadline_seconds=10.0),
    )
    live = loader.challenger(asked)
    monkeypatch.setattr("serving.live.callers.seconds_left", lambda most: most / 100)

    with pytest.raises(DeadlinePassed, match="within the 50 ms"):
        asyncio.run(live.answer([{"text": "a"}]))

    runtime.let_go.set()
    live.finish()
