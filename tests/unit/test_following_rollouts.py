"""One process follows the running rollouts: takes them up, reports, and lets go of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from rollout_parts import CHALLENGER, Recorder, challenger, champion, rollout
from serving_stage import MODEL

from pipelines.registry.client import RegistryUnavailable
from pipelines.rollouts.plan import Rollout
from pipelines.versions.artifact import ArtifactRefused
from serving.live.loaded import LiveModel
from serving.rollouts.rollouts import LOAD_PATIENCE_SECONDS, RETRY_SECONDS, Rollouts
from serving.slots.slots import Slots
from serving.traffic.rollouts import TakenUp


class Affairs:
    """The rollouts' records in a dictionary."""

    def __init__(self) -> None:
        self.active: dict[str, Rollout] = {}
        self.reported: list[TakenUp] = []
        self.tended = 0
        self.given_up: list[str] = []

    def running(self) -> dict[str, Rollout]:
        return dict(self.active)

    def report(self, taken: TakenUp) -> None:
        self.reported.append(taken)

    def tend(self) -> bool:
        self.tended += 1
        return False

    def give_up(self, given_up: Rollout, why: str) -> None:
        self.given_up.append(why)
        del self.active[given_up.model]


class Bench:
    """Everything around one `Rollouts`, with loads that wait for the test."""

    def __init__(self, folder: Path) -> None:
        self.slots = Slots([MODEL, "other"], Recorder())
        self.slots.put(champion(folder))
        self.affairs = Affairs()
        self.now = 0.0
        self.loaded: list[LiveModel] = []
        self.load: Callable[[Rollout], LiveModel] = lambda _rollout: challenger(folder)
        self.rollouts = Rollouts(
            self.slots,
            self._load,
            self.affairs,
            poll_seconds=60.0,
            rng=random.Random(1),
            clock=lambda: self.now,
        )

    def look(self) -> None:
        """Look, let the load finish, and look again."""
        self.rollouts.look()
        self.rollouts._loader.submit(int).result()
        self.rollouts.look()

    def version(self) -> str:
        return asyncio.run(self.slots.answer(MODEL, [{"text": "a"}])).model.version

    def _load(self, wanted: Rollout) -> LiveModel:
        self.loaded.append(self.load(wanted))
        return self.loaded[-1]


@pytest.fixture
def bench(tmp_path: Path):
    bench = Bench(tmp_path)
    yield bench
    bench.rollouts.stop()
    bench.slots.close()


def test_a_new_process_takes_part_before_it_judges_anything(bench):
    bench.affairs.active[MODEL] = rollout("canary", 0.999)

    bench.rollouts.start(60.0)

    assert bench.rollouts.taking_part(MODEL) == "rollout-1"
    assert bench.affairs.tended == 0


def test_a_started_rollout_is_taken_up_and_an_ended_one_let_go(bench):
    bench.affairs.active[MODEL] = rollout("canary", 0.999)
    bench.look()
    assert (bench.rollouts.part(MODEL, "rollout-1"), bench.version()) == ("taking_part", CHALLENGER)
    assert bench.affairs.tended == 2

    bench.affairs.active.clear()
    bench.look()

    assert (bench.rollouts.part(MODEL, "rollout-1"), bench.version()) == (None, "1")
    assert not bench.slots.diverted(MODEL)
    assert bench.slots.release_retired() == 0
    assert not bench.loaded[0].acquire()
    ((_, counts),) = bench.affairs.reported[-1].tally.counts().items()
    assert counts["requests"] == 1


def test_another_rollout_of_the_model_takes_the_place_of_the_one_before(bench, tmp_path):
    bench.affairs.active[MODEL] = rollout("canary", 0.999)
    bench.look()
    second = rollout("shadow", 1.0)
    object.__setattr__(second, "rollout_id", "rollout-2")
    bench.load = lambda _rollout: challenger(tmp_path / "second")
    bench.affairs.active[MODEL] = second
    bench.look()

    assert bench.version() == "1"
    assert [taken.rollout.rollout_id for taken in bench.affairs.reported[-2:]] == [
        "rollout-1",
        "rollout-2",
    ]


def test_a_challenger_that_is_not_what_it_should_be_ends_its_rollout_at_once(bench):
    def refuse(_rollout: Rollout) -> LiveModel:
        raise ArtifactRefused("it is damaged")

    bench.load = refuse
    bench.affairs.active[MODEL] = rollout("canary", 0.5)
    bench.look()

    assert bench.affairs.given_up == ["version 2 cannot be loaded: it is damaged"]
    assert bench.version() == "1"


def test_while_waiting_may_help_a_challenger_is_tried_again_and_then_given_up(bench):
    def away(_rollout: Rollout) -> LiveModel:
        raise RegistryUnavailable("it is away")

    bench.load = away
    bench.affairs.active[MODEL] = rollout("canary", 0.5)
    bench.look()
    assert (bench.rollouts.part(MODEL, "rollout-1"), bench.affairs.given_up) == ("loading", [])

    bench.now = LOAD_PATIENCE_SECONDS
    bench.look()

    assert len(bench.affairs.given_up) == 1


def test_a_registry_that_comes_back_lets_the_rollout_begin(bench):
    usual, times = bench.load, []

    def away_once(wanted: Rollout) -> LiveModel:
        times.append(bench.now)
        if len(times) == 1:
            raise RegistryUnavailable("it is away")
        return usual(wanted)

    bench.load = away_once
    bench.affairs.active[MODEL] = rollout("canary", 0.999)
    bench.look()
    bench.look()
    assert len(times) == 1
    bench.now = RETRY_SECONDS
    bench.look()

    assert (times, bench.version()) == ([0.0, RETRY_SECONDS], CHALLENGER)


def test_a_challenger_without_lists_cannot_be_interleaved(bench):
    bench.affairs.active[MODEL] = rollout("interleaving", 1.0)
    bench.look()

    assert "no lists" in bench.affairs.given_up[0]
    assert not bench.loaded[0].acquire()


def test_a_start_takes_up_what_runs_before_the_first_request(bench):
    bench.affairs.active[MODEL] = rollout("canary", 0.999)

    bench.rollouts.start(patience_seconds=20.0)

    assert bench.version() == CHALLENGER


def test_a_look_that_fails_leaves_rollouts_as_they_are(bench, monkeypatch):
    bench.affairs.active[MODEL] = rollout("canary", 0.999)
    bench.rollouts.start(patience_seconds=20.0)

    def fail() -> dict[str, Rollout]:
        raise OSError("the store is away")

    monkeypatch.setattr(bench.affairs, "running", fail)
    bench.rollouts._safely(bench.rollouts.look)

    assert bench.version() == CHALLENGER


def test_a_stop_lets_go_of_everything_and_reports_for_the_last_time(bench):
    bench.affairs.active[MODEL] = rollout("shadow", 1.0)
    bench.rollouts.start(patience_seconds=20.0)
    reports = len(bench.affairs.reported)

    bench.rollouts.stop()

    assert len(bench.affairs.reported) == reports + 1
    assert bench.slots.release_retired() == 0
