from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from features.statistics import (
    Estimate,
    alpha_at,
    alpha_left,
    diebold_mariano,
    holm,
    items_needed,
    mcnemar,
    upper_tail,
)

REPEATABLE = settings(deadline=None, derandomize=True)


def accuracy_gain(lost: int, won: int, rows: int) -> Estimate:
    """The estimate of an accuracy gain from the counts of discordant pairs."""
    differences = np.repeat([-1.0, 1.0, 0.0], [lost, won, rows - lost - won])
    error = differences.std(ddof=1) / math.sqrt(rows)
    gain = float(differences.mean())
    return Estimate(gain, gain, float(error), rows, lost + won)


def test_the_alpha_of_all_looks_together_is_the_alpha_of_the_generation():
    spent = sum(alpha_at(0.05, look) for look in range(1, 100_000))
    assert spent == pytest.approx(0.05, rel=1e-4)
    assert spent < 0.05


def test_what_is_left_and_what_is_spent_make_the_whole():
    assert alpha_left(0.05, 7) + sum(alpha_at(0.05, t) for t in range(1, 8)) == pytest.approx(0.05)


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.96, 5.0, 12.0])
def test_the_normal_tail_is_exact_far_out(z):
    assert upper_tail(z) == pytest.approx(stats.norm.sf(z), rel=1e-12)


@pytest.mark.parametrize(("lost", "won"), [(1, 6), (2, 9), (20, 40), (50, 93)])
def test_a_gain_in_accuracy_is_judged_much_as_the_exact_test_judges_it(lost, won):
    exact = stats.binomtest(won, lost + won, alternative="greater").pvalue
    assert accuracy_gain(lost, won, 1000).p_above(0.0) == pytest.approx(exact, rel=0.35)


@pytest.mark.parametrize("alpha", [0.0304, 0.0076, 0.0012, 0.0003])
def test_noise_in_a_few_answers_is_believed_hardly_more_often_than_alpha(alpha):
    for differing in range(1, 80):
        counts = range(differing + 1)
        believed = [
            won for won in counts if accuracy_gain(differing - won, won, 1000).p_above(0) <= alpha
        ]
        level = sum(stats.binom.pmf(won, differing, 0.5) for won in believed)
        assert level <= 1.2 * alpha


@REPEATABLE
@given(
    st.floats(-0.2, 0.2),
    st.floats(0.001, 0.05),
    st.integers(300, 5000),
    st.floats(0.0001, 0.1),
    st.floats(-0.1, 0.1),
)
def test_the_interval_excludes_a_value_exactly_when_the_test_rejects_it(
    gain, error, units, alpha, null
):
    estimate = Estimate(gain, gain, error, units, units // 3)
    if abs(estimate.lower(alpha) - null) > 1e-9:
        assert (estimate.lower(alpha) > null) == (estimate.p_above(null) < alpha)
    if abs(estimate.upper(alpha) - null) > 1e-9:
        assert (estimate.upper(alpha) < null) == (estimate.p_below(null) < alpha)


def test_two_units_are_never_enough():
    assert Estimate(1.0, 1.0, 0.0, 2, 2).p_above(0.0) > 0.05


def test_models_that_never_differ_are_not_worse_by_any_margin():
    same = Estimate(0.0, 0.0, 0.0, 300, 0)
    assert same.p_above(0.0) == 1.0
    assert same.p_above(-0.01) < 1e-9


@REPEATABLE
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=300))
def test_mcnemar_is_the_exact_two_sided_sign_test(pairs):
    champion, challenger = (np.array(side, dtype=bool) for side in zip(*pairs, strict=True))
    found = mcnemar(champion, challenger)
    discordant = found.champion_only + found.challenger_only
    expected = stats.binomtest(found.champion_only, discordant).pvalue if discordant else 1.0
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_mcnemar_counts_thousands_of_pairs_without_overflow():
    champion = np.repeat([True, False], [3000, 2000])
    found = mcnemar(champion, ~champion)
    assert found.p == pytest.approx(stats.binomtest(2000, 5000).pvalue, rel=1e-9)


def test_diebold_mariano_sees_the_better_forecast(rng):
    losses = rng.gamma(2.0, size=200)
    found = diebold_mariano(losses + 0.5 + 0.1 * rng.standard_normal(200), losses, horizon=3)
    assert found is not None
    assert found.statistic > 0
    assert found.p < 1e-6


def test_diebold_mariano_of_one_step_is_a_t_test_of_the_mean_difference(rng):
    champion, challenger = rng.gamma(2.0, size=(2, 60))
    found = diebold_mariano(champion, challenger, horizon=1)
    expected = stats.ttest_rel(champion, challenger)
    assert found is not None
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_diebold_mariano_has_the_right_level_on_equal_forecasts(rng):
    found = [diebold_mariano(*rng.gamma(2.0, size=(2, 40)), horizon=2) for _ in range(2000)]
    rejected = np.mean([result.p <= 0.05 for result in found if result])
    assert 0.03 < rejected < 0.08


def test_diebold_mariano_is_silent_when_losses_are_equal_or_few():
    assert diebold_mariano(np.ones(20), np.ones(20), horizon=1) is None
    assert diebold_mariano(np.ones(2), np.zeros(2), horizon=3) is None


def test_holm_multiplies_the_smallest_most():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )


@REPEATABLE
@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_holm_never_makes_anything_more_significant_nor_changes_the_order(p_values):
    adjusted = holm(p_values)
    assert adjusted.keys() == p_values.keys()
    assert all(p_values[name] <= adjusted[name] <= 1 for name in p_values)
    ordered = sorted(p_values, key=lambda name: p_values[name])
    assert [adjusted[name] for name in ordered] == sorted(adjusted.values())


def test_labels_needed_are_those_of_the_formula():
    # (1.645 + 0.842)² x 0.10 / 0.01²
    assert items_needed(0.10, 0.01, 0.05) == pytest.approx(6183, abs=2)
    assert items_needed(0.10, 0.01, 0.0003) == pytest.approx(18_300, rel=0.02)


def test_as_many_labels_as_were_asked_for_find_the_gain_four_times_in_five(rng):
    discordant, gain = 0.10, 0.02
    rows = items_needed(discordant, gain, 0.05)
    won, lost = (discordant + gain) / 2, (discordant - gain) / 2
    counts = rng.multinomial(rows, [lost, won, 1 - discordant], size=2000)
    found = [accuracy_gain(int(c[0]), int(c[1]), rows).p_above(0.0) <= 0.05 for c in counts]
    assert 0.76 < np.mean(found) < 0.84
