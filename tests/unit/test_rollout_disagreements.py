"""Samples of what a shadow answers otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.rollouts.disagreements import KEPT, Disagreement, keep, latest

pytestmark = pytest.mark.both_databases


def one(number: int) -> Disagreement:
    return Disagreement(f"p{number:04d}", {"text": "ñ"}, [{"topic": "a"}], [{"topic": "b"}])


def test_the_latest_are_kept_of_each_rollout_for_itself(store):
    keep(store, "other", [one(0)], 0.0)
    for second in range(3):
        keep(store, "this", [one(100 * second + n) for n in range(KEPT)], float(second))

    kept = latest(store, "this")

    assert len(kept) == KEPT
    assert {found.prediction_id for found in kept} == {f"p{200 + n:04d}" for n in range(KEPT)}
    assert latest(store, "other") == [one(0)]


def test_what_is_told_twice_is_kept_once_and_nothing_is_nothing(store):
    keep(store, "this", [one(1)], 0.0)
    keep(store, "this", [one(1)], 1.0)
    keep(store, "this", [], 2.0)

    assert latest(store, "this", limit=5) == [one(1)]


def test_answers_may_hold_numbers_of_numpy(store):
    answer = [{"topic": "a", "confidence": np.float32(0.5)}]
    keep(store, "this", [Disagreement("p", {}, answer, answer)], 0.0)

    assert latest(store, "this")[0].champion == [{"topic": "a", "confidence": 0.5}]
