from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from rivals import ACCURACY, BRIER, MACRO_F1, answers, exactly, policy, right_answers, rivals

from pipelines.contract import Guardrail
from pipelines.gate.checks import guardrail_checks
from pipelines.gate.comparison import NotComparable, compare, daily_losses, figure_of
from pipelines.metrics import Metric


def test_figures_are_those_of_the_two_tables(rng):
    champion, challenger = rivals(rng, 0.85, 0.88)
    found = compare(champion, challenger, policy())
    assert found.primary.champion == pytest.approx(champion["correct"].mean())
    assert found.primary.challenger == pytest.approx(challenger["correct"].mean())
    gain = challenger["correct"].mean() - champion["correct"].mean()
    assert found.primary.estimate.gain == pytest.approx(gain)
    assert found.primary.lower < gain < found.primary.upper


def test_the_order_of_rows_changes_nothing(rng):
    champion, challenger = rivals(rng, 0.85, 0.88)
    chosen = policy(primary=MACRO_F1)
    shuffled = compare(
        champion.sample(frac=1, random_state=1), challenger.sample(frac=1, random_state=2), chosen
    )
    assert shuffled == compare(champion, challenger, chosen)


def test_the_same_tables_give_the_same_bits_twice(rng):
    champion, challenger = rivals(rng, 0.85, 0.88)
    chosen = policy(primary=MACRO_F1)
    once, again = (compare(champion, challenger, chosen) for _ in range(2))
    assert once == again
    other = compare(champion, challenger, policy(primary=MACRO_F1, seed=5))
    assert other.primary.estimate.standard_error != once.primary.estimate.standard_error


def test_swapping_the_models_turns_the_gain_round(rng):
    champion, challenger = rivals(rng, 0.85, 0.88)
    there = compare(champion, challenger, policy()).primary
    back = compare(challenger, champion, policy()).primary
    assert back.estimate.gain == pytest.approx(-there.estimate.gain)
    assert back.lower == pytest.approx(-there.upper)


def test_a_metric_that_should_fall_gains_by_falling(rng):
    champion, challenger = rivals(rng, 0.80, 0.90)
    found = compare(champion, challenger, policy(guardrails=(Guardrail(BRIER, 0.01),)))
    brier = found.guardrails[0]
    assert brier.challenger < brier.champion
    assert brier.estimate.gain > 0


def test_the_resampled_error_of_a_nonlinear_metric_agrees_with_its_linear_twin(rng):
    # With classes of equal size and no confusion across them, macro recall is accuracy.
    champion, challenger = rivals(rng, 0.85, 0.87, rows=2_000, classes=4)
    linear = figure_of(ACCURACY, champion, challenger, 2_000, 1)
    nonlinear = figure_of(MACRO_F1, champion, challenger, 2_000, 1)
    ratio = nonlinear.estimate.standard_error / linear.estimate.standard_error
    assert 0.8 < ratio < 1.3


def test_root_mean_squared_errors_are_compared_as_such(rng):
    champion, challenger = rivals(rng, 0.85, 0.85)
    champion["squared"] = rng.gamma(1.0, 4.0, size=len(champion))
    challenger["squared"] = champion["squared"] * 0.81
    rmse = Metric("rmse", "root_mean", ("squared",), "down")
    found = figure_of(rmse, champion, challenger, 1_000, 1)
    assert found.challenger == pytest.approx(0.9 * found.champion)
    assert found.lower > 0


def test_pairs_that_only_one_model_gets_right_are_counted():
    found = compare(*exactly(60, 7, 13, 20), policy())
    assert found.mcnemar is not None
    assert (found.mcnemar.champion_only, found.mcnemar.challenger_only) == (7, 13)
    assert found.disagreements == 20
    assert len(found.disagreeing) == 20


def test_equal_labels_with_other_confidences_are_not_identical():
    champion, _ = exactly(60, 0, 0, 40)
    recalibrated = champion.assign(confidence=0.6)
    assert compare(champion, champion.copy(), policy()).identical
    assert not compare(champion, recalibrated, policy()).identical


def test_copies_of_one_text_are_resampled_together():
    champion, challenger = exactly(600, 20, 60, 20)
    copied = [frame.assign(group=frame["group"].str[:-1]) for frame in (champion, challenger)]
    alone, together = compare(champion, challenger, policy()), compare(*copied, policy())
    assert together.primary.estimate.units < alone.primary.estimate.units
    assert together.primary.estimate.standard_error > alone.primary.estimate.standard_error


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda rows: rows.iloc[1:], "same requests"),
        (lambda rows: rows.assign(actual="other"), "actual"),
        (lambda rows: rows.drop(columns="group"), "group"),
        (lambda rows: rows.iloc[:0], "same requests"),
        (lambda rows: rows.set_axis([0] * len(rows)), "same requests"),
    ],
)
def test_tables_that_do_not_belong_together_are_refused(damage, words):
    champion, challenger = exactly(30, 5, 5, 5)
    with pytest.raises(NotComparable, match=words):
        compare(champion, damage(challenger), policy())


def test_a_declared_slice_that_the_tables_do_not_mark_is_refused():
    with pytest.raises(NotComparable, match="short"):
        compare(*exactly(30, 5, 5, 5), policy(slices=("short",)))


def test_slices_are_corrected_for_their_number(rng):
    champion, challenger = rivals(rng, 0.9, 0.85, rows=600)
    marks = {f"slice:{name}": np.arange(600) % 3 == place for place, name in enumerate("abc")}
    tables = [frame.assign(**marks) for frame in (champion, challenger)]
    alone = compare(*tables, policy(slices=("a",))).slices[0]
    among = compare(*tables, policy(slices=("a", "b", "c"))).slices
    assert alone.p_worse is not None
    assert min(part.p_worse for part in among if part.p_worse is not None) >= 0
    assert among[0].p_worse is not None
    assert among[0].p_worse >= alone.p_worse


def test_a_forecast_is_also_judged_by_diebold_and_mariano(rng):
    champion, challenger = rivals(rng, 0.85, 0.85, rows=400)
    losses = rng.gamma(2.0, size=(400, 28))
    worse = losses + rng.normal(0.3, 0.1, size=(400, 28))
    rmse = Metric("rmse", "root_mean", ("squared",), "down")

    def forecasts(rows, daily):
        return rows.assign(squared=daily.mean(axis=1), losses=list(daily), origin="2026-03-01")

    found = compare(forecasts(champion, worse), forecasts(challenger, losses), policy(primary=rmse))
    assert found.diebold_mariano is not None
    assert found.diebold_mariano.statistic > 0
    assert found.diebold_mariano.p < 0.05


def test_days_that_are_not_scored_are_left_out_and_origins_are_put_in_order_of_time():
    rows = pd.DataFrame(
        {
            "origin": ["2026-03-02", "2026-03-01"],
            "losses": [[1.0, float("nan")], [3.0, 5.0]],
        }
    )
    assert daily_losses(rows).tolist() == [3.0, 3.0]


@pytest.mark.slow
def test_ten_thousand_resamples_of_513_classes_take_seconds_and_little_memory(rng):
    share = 1 / np.arange(1, 514)
    actual = rng.choice(513, size=2_700, p=share / share.sum())
    right = right_answers(rng, (0.84, 0.86), 2_700)
    champion, challenger = (answers(side, actual) for side in right)
    chosen = policy(primary=MACRO_F1, resamples=10_000)
    started = time.process_time()
    compare(champion, challenger, chosen)
    assert time.process_time() - started < 30
    tracemalloc.start()
    compare(champion, challenger, chosen)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6


def test_a_guardrail_that_is_stated_in_part_only_is_crossed(rng):
    right = right_answers(rng, (0.8, 0.9), 600)
    actual = rng.integers(0, 3, 600)
    champion, challenger = (answers(each, actual) for each in right)
    judged = policy(guardrails=(Guardrail(BRIER, margin=0.01),))
    silent = challenger.assign(brier=float("nan"))
    partly = challenger.assign(brier=challenger["brier"].where(challenger.index > 0))
    (unknown,) = guardrail_checks(judged, compare(champion, silent, judged).guardrails)
    (crossed,) = guardrail_checks(judged, compare(champion, partly, judged).guardrails)
    assert unknown.passed is None
    assert crossed.passed is False


def test_the_closed_form_of_a_root_of_many_groups_is_what_resampling_finds(rng, monkeypatch):
    rmse = Metric("rmse", "root_mean", ("squared_error",), "down")
    errors = rng.standard_normal(9_000) ** 2
    champion = pd.DataFrame({"group": np.arange(9_000) // 3, "squared_error": errors})
    moved = errors * np.exp(0.3 * rng.standard_normal(9_000)) * 0.93
    challenger = champion.assign(squared_error=moved)
    drawn = figure_of(rmse, champion, challenger, 4_000, 0).estimate
    monkeypatch.setattr("pipelines.gate.comparison.MANY_GROUPS", 3_000)
    computed = figure_of(rmse, champion, challenger, 4_000, 0).estimate
    assert computed.centre == computed.gain == drawn.gain
    assert computed.standard_error == pytest.approx(drawn.standard_error, rel=0.03)
