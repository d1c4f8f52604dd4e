"""What the server itself puts into an instance is looked through by neither side of a rollout."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from rollout_parts import Counts, Recorder, challenger, champion, fails, rollout
from serving_stage import MODEL

from serving.live.answers import Answered
from serving.live.loaded import LiveModel
from serving.slots.slots import Slots
from serving.traffic.arms import Arms, Traffic
from serving.traffic.interleaved import InterleavedTraffic
from serving.traffic.shadow import Mirror, ShadowTraffic
from serving.traffic.split import SplitTraffic

SHORT = {
    "request_schema": {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 10}},
    }
}
"""Refuses the instance that is asked below, and takes what is logged in its place."""


@pytest.fixture
def slots() -> Iterator[Slots]:
    slots = Slots([MODEL], Recorder(), instances_limit=50)
    yield slots
    slots.close()


def answered(slots: Slots, traffic: Traffic) -> Answered:
    slots.divert(MODEL, traffic)
    asked = slots.answer(MODEL, [{"text": "pintura " * 10}], logged=[{"text": "of May"}])
    return asyncio.run(asked)


def arms(mode: str, live: LiveModel, share: float = 0.999, counts: Counts | None = None) -> Arms:
    return Arms(rollout(mode, share), live, counts or Counts(), clock=lambda: 1_000.0)


@pytest.mark.parametrize("generation", [1, 2], ids=["beside", "after"])
@pytest.mark.parametrize("share", [0.999, 0.001])
def test_of_a_share_either_side_answers_by_what_was_told(
    slots: Slots, tmp_path: Path, share: float, generation: int
) -> None:
    slots.put(champion(tmp_path, generation=generation, **SHORT))
    counts = Counts()

    answered(slots, SplitTraffic(arms("canary", challenger(tmp_path, **SHORT), share, counts)))

    taken = {"challenger answered" if share > 0.5 else "champion answered": 1}
    assert counts.seen == (taken if generation == 1 else {})


def test_a_champion_in_place_of_the_challenger_answers_by_what_was_told(
    slots: Slots, tmp_path: Path
) -> None:
    slots.put(champion(tmp_path, **SHORT))
    broken = challenger(tmp_path, runtime=fails(ValueError("broken")), **SHORT)

    assert answered(slots, SplitTraffic(arms("canary", broken))).model.version == "1"


@pytest.mark.parametrize("generation", [1, 2], ids=["beside", "after"])
def test_both_who_draft_answer_by_what_was_told(
    slots: Slots, tmp_path: Path, generation: int
) -> None:
    slots.put(champion(tmp_path, generation=generation, **SHORT))
    drafted = arms("interleaving", challenger(tmp_path, **SHORT))

    told = answered(slots, InterleavedTraffic(drafted, lambda: True))

    assert told.model.decision_id == ("rollout-1" if generation == 1 else "d2")


@pytest.mark.parametrize("generation", [1, 2], ids=["beside", "after"])
def test_a_shadow_and_whom_it_shadows_answer_by_what_was_told(
    slots: Slots, tmp_path: Path, generation: int
) -> None:
    slots.put(champion(tmp_path, generation=generation, **SHORT))
    counts = Counts()
    both = arms("shadow", challenger(tmp_path, "uno", **SHORT), counts=counts)
    mirror = Mirror(both, lambda _found: None, rest=lambda _seconds: None)

    answered(slots, ShadowTraffic(both, mirror))

    if generation == 1:
        counts.wait_for("agreed", 1)
    mirror.close()
    assert not counts.seen["challenger failed"]
