"""A shadow is asked off the path: nobody waits for it, sees it, or is harmed by it."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from rollout_parts import (
    CHAMPION,
    Answers,
    Counts,
    Recorder,
    ask,
    challenger,
    champion,
    fails,
    rollout,
)
from serving_stage import MODEL

from pipelines.contract import RequestRefused
from pipelines.rollouts.disagreements import Disagreement
from serving.slots.slots import Slots
from serving.traffic.arms import Arms
from serving.traffic.shadow import Mirror, ShadowTraffic, agree


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def slots(recorder: Recorder):
    slots = Slots([MODEL], recorder, instances_limit=50)
    yield slots
    slots.close()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def differing() -> list[Disagreement]:
    return []


@pytest.fixture
def mirrored(slots, counts, differing, tmp_path):
    """Let a challenger shadow, and close its mirror afterwards."""
    mirrors: list[Mirror] = []

    def begin(live, share: float = 1.0, **options: object) -> Mirror:
        arms = Arms(rollout("shadow", share), live, counts, clock=lambda: 1_000.0)
        mirrors.append(Mirror(arms, differing.append, rest=lambda _seconds: None, **options))
        slots.divert(MODEL, ShadowTraffic(arms, mirrors[-1]))
        return mirrors[-1]

    slots.put(champion(tmp_path))
    yield begin
    for mirror in mirrors:
        mirror.close()


def test_a_shadow_is_asked_the_same_and_nobody_sees_its_answers(
    mirrored, slots, counts, differing, recorder, tmp_path
):
    mirrored(challenger(tmp_path))

    answers = [ask(slots, f"q{number}") for number in range(10)]
    counts.wait_for("disagreed", 10)

    assert {answer.model.version for answer in answers} == {CHAMPION}
    assert {line[0] for line in recorder.logged} == {CHAMPION}
    assert counts.seen["champion answered"] == counts.seen["challenger answered"] == 10
    found = differing[0]
    assert found.prediction_id == "p0"
    assert (found.champion[0]["topic"], found.challenger[0]["topic"]) == ("uno", "dos")


def test_a_shadow_that_says_the_same_agrees(mirrored, slots, counts, differing, tmp_path):
    mirrored(challenger(tmp_path, "uno"))

    for number in range(5):
        ask(slots, f"q{number}")
    counts.wait_for("agreed", 5)

    assert not differing


@pytest.mark.parametrize("error", [ValueError("broken"), RequestRefused("instance 0: no")])
def test_a_shadows_failure_is_counted_and_reaches_no_client(
    mirrored, slots, counts, tmp_path, error
):
    mirrored(challenger(tmp_path, runtime=fails(error)))

    assert ask(slots).model.version == CHAMPION
    counts.wait_for("challenger failed", 1)


def test_a_shadow_that_cannot_keep_up_drops_the_oldest_and_holds_nobody_up(
    mirrored, slots, counts, tmp_path
):
    begun, go_on = threading.Event(), threading.Event()
    asked: list[str] = []

    def slowly(instance):
        asked.append(instance["text"])
        begun.set()
        assert go_on.wait(20)
        return {"topic": "uno", "confidence": 1.0}

    mirrored(challenger(tmp_path, runtime=Answers(slowly)), waiting=3)
    ask(slots, "first")
    assert begun.wait(20)
    for number in range(8):
        ask(slots, f"q{number}")
    go_on.set()
    counts.wait_for("agreed", 4)

    assert asked == ["first", "q5", "q6", "q7"]
    assert counts.seen["dropped"] == 5


def test_of_a_long_request_the_shadow_sees_a_part(mirrored, slots, counts, tmp_path):
    seen: list[int] = []
    live = challenger(tmp_path)
    predict = live.loaded.runtime.predict
    live.loaded.runtime.predict = lambda rows: seen.append(len(rows)) or predict(rows)
    mirrored(live)

    asyncio.run(slots.answer(MODEL, [{"text": "a"}] * 50))
    counts.wait_for("disagreed", 1)

    assert seen == [16]


def test_a_mirror_that_is_closed_lets_go_of_its_challenger(mirrored, slots, counts, tmp_path):
    live = challenger(tmp_path)
    mirror = mirrored(live)
    ask(slots)
    counts.wait_for("disagreed", 1)

    mirror.close()

    slots.divert(MODEL, None)
    slots.retire(live)
    assert slots.release_retired() == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([{"t": "a"}], [{"t": "a", "confidence": 0.1}], True),
        ([{"t": "a"}], [{"t": "b"}], False),
        ([{"t": 100.0}], [{"t": 100.9}], True),
        ([{"t": 100.0}], [{"t": 102.0}], False),
        ([{"t": 0.0}], [{"t": 0.0}], True),
        ([{"t": None, "items": [{"item_id": "x"}]}], [{"items": [{"item_id": "x"}]}], True),
        ([{"items": [{"item_id": "x"}]}], [{"items": [{"item_id": "y"}]}], False),
        ([{"t": "a"}, {"t": "b"}], [{"t": "a"}], False),
        ([{"t": "a"}], [{"t": None}], False),
        ([{"t": [1.0, 2.0]}], [{"t": np.array([1.001, 2.0])}], True),
        ([{"t": [1.0, 2.0]}], [{"t": [1.0]}], False),
        ([{"t": [{"n": 5.0}]}], [{"t": [{"n": np.float32(5.01)}]}], True),
        ([{"t": [{"n": 5.0}]}], [{"t": [{"m": 5.0}]}], False),
    ],
)
def test_two_answers_agree_on_what_the_model_is_about(one, other, same):
    assert agree(one, other, "t") is same
