"""Two recommenders answer one request, and the log knows whose item is whose."""

from __future__ import annotations

import asyncio
import random

import pytest
from rollout_parts import (
    CHAMPION,
    Answers,
    Counts,
    Recorder,
    ask,
    challenger,
    champion,
    rollout,
)
from serving_stage import MODEL

from serving.slots.slots import Slots
from serving.traffic.arms import Arms
from serving.traffic.interleaved import InterleavedTraffic


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
def interleaved(slots, counts, tmp_path):
    """Let a challenger of lists draft with the champion."""

    rng = random.Random(3)

    def begin(theirs, share: float = 1.0) -> None:
        live = champion(tmp_path, response_schema={"type": "object"})
        live.loaded.runtime.predict = lambda rows: [[_list("a", "b", "c")] for _ in rows]
        slots.put(live)
        runtime = Answers(theirs)
        other = challenger(tmp_path, runtime=runtime, response_schema={"type": "object"})
        arms = Arms(rollout("interleaving", share), other, counts, clock=lambda: 1_000.0)
        slots.divert(MODEL, InterleavedTraffic(arms, lambda: rng.random() < 0.5))

    return begin


def _list(*names: str) -> dict[str, object]:
    return {"reason": "personal", "items": [{"item_id": name} for name in names]}


def test_both_draft_one_list_which_is_logged_with_its_teams(interleaved, slots, counts, recorder):
    interleaved(lambda _instance: _list("x", "a", "y"))

    answered = asyncio.run(slots.answer(MODEL, [{"text": "a"}, {"text": "b"}]))

    shown = [[item["item_id"] for item in row["items"]] for row in answered.predictions]
    assert all(len(set(names)) == 3 and {"a", "x"} <= set(names) for names in shown)
    version, decision_id, _, (logged, _) = recorder.logged[0]
    assert (version, decision_id) == (CHAMPION, "rollout-1")
    assert answered.model.decision_id == "rollout-1"
    assert {item["team"] for item in logged[0]["items"]} == {"champion", "challenger"}
    assert "team" not in str(answered.rows)
    assert counts.seen == {"champion answered": 1, "challenger answered": 1}


def test_a_challenger_that_fails_leaves_the_champions_list(interleaved, slots, counts, recorder):
    def fail(_instance):
        raise ValueError("broken")

    interleaved(fail)

    answered = ask(slots)

    assert [item["item_id"] for item in answered.rows[0][0]["items"]] == ["a", "b", "c"]
    assert (answered.model.decision_id, recorder.logged[0][1]) == ("d1", "d1")
    assert counts.seen == {"champion answered": 1, "challenger failed": 1}


def test_whoever_is_not_in_the_share_gets_the_champions_list(interleaved, slots, counts):
    interleaved(lambda _instance: _list("x"), share=0.001)

    assert ask(slots).model.decision_id == "d1"
    assert not counts.seen
