from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
from rivals import ACCURACY, answers, policy, right_answers

from pipelines.metrics import Metric
from pipelines.test_sets.overfitting import measure_overfitting, opening


def table(rng, accuracy, rows):
    right = right_answers(rng, (accuracy,), rows)[0]
    return answers(right, rng.integers(5, size=rows))


def measured(test, sealed):
    return measure_overfitting(ACCURACY, test, sealed, resamples=1_000, seed=1)


def test_a_champion_that_is_as_good_on_sealed_rows_was_not_picked_for_its_luck(rng):
    found = measured(table(rng, 0.85, 1_000), table(rng, 0.85, 400))
    assert found.lower < 0 < found.upper
    assert "within chance" in found.sentence


def test_a_champion_that_falls_back_on_sealed_rows_shows_an_overfitted_gate(rng):
    found = measured(table(rng, 0.95, 1_000), table(rng, 0.80, 400))
    assert found.excess > 0.1
    assert found.lower > 0
    assert "fitted to its test set" in found.sentence


def test_chance_alone_is_called_overfitting_about_once_in_forty_times(rng):
    flattered = [
        measured(table(rng, 0.85, 500), table(rng, 0.85, 300)).lower > 0 for _ in range(60)
    ]
    assert np.mean(flattered) < 0.1


def test_the_opening_of_a_seal_is_a_record(rng):
    rows = table(rng, 0.85, 300)
    test_set = SimpleNamespace(model="codes", test_set_id="t-1", sealed_sha256="abc")
    record = opening(policy(), test_set, "3", rows, rows)
    assert record.kind == "test_set"
    assert record.record["overfitting"]["excess"] == 0.0
    assert record.record["sealed_rows"] == 300


def test_a_figure_of_some_rows_alone_is_held_against_those_rows(rng) -> None:
    rmse = Metric("rmse", "root_mean", ("squared_error",), "down", where="asks_rating")

    def rated(ratings: int) -> pd.DataFrame:
        errors = [*(rng.standard_normal(ratings) ** 2), *[np.nan] * 50]
        asks = [True] * ratings + [False] * 50
        groups = np.arange(len(asks)).astype(str)
        return pd.DataFrame({"group": groups, "squared_error": errors, "asks_rating": asks})

    test, sealed = rated(500), rated(200)
    found = measure_overfitting(rmse, test, sealed, resamples=500, seed=1)
    assert found.lower < 0 < found.upper
    assert found.sentence.endswith("within chance")
    nothing = sealed.iloc[200:]
    unknown = measure_overfitting(rmse, test, nothing, resamples=500, seed=1)
    assert unknown.sentence.endswith("nothing to compare")
