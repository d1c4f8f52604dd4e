from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.resampling import plan

REPEATABLE = settings(deadline=None, derandomize=True)


def drawn(groups, strata=None, resamples=400, seed=1, block=256):
    design = plan(np.asarray(groups), None if strata is None else np.asarray(strata))
    return np.concatenate(list(design.weights(resamples, seed, block)))


def test_the_same_seed_draws_the_same_bits_whatever_the_block():
    groups, strata = np.arange(50), np.arange(50) % 7
    whole = drawn(groups, strata, block=400)
    assert np.array_equal(whole, drawn(groups, strata, block=1))
    assert np.array_equal(whole, drawn(groups, strata, block=33))
    assert not np.array_equal(whole, drawn(groups, strata, seed=2))


def test_rows_of_one_group_are_drawn_together():
    weights = drawn(["a", "b", "a", "c", "b", "a"])
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert np.array_equal(weights[:, 0], weights[:, 5])
    assert np.array_equal(weights[:, 1], weights[:, 4])


@REPEATABLE
@given(st.lists(st.integers(0, 4), min_size=4, max_size=40))
def test_every_stratum_keeps_its_weight_in_every_resample(strata):
    design = plan(np.arange(len(strata)), np.asarray(strata))
    weights = np.concatenate(list(design.weights(20, 3)))
    for stratum in np.unique(design.stratum_of_group):
        inside = design.stratum_of_group[design.group_of_row] == stratum
        assert np.allclose(weights[:, inside].sum(axis=1), inside.sum())


@REPEATABLE
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=2, max_size=40))
def test_no_stratum_of_a_plan_has_a_single_group_unless_there_is_only_one(pairs):
    groups, strata = (np.asarray(side) for side in zip(*pairs, strict=True))
    design = plan(groups, strata)
    assert np.bincount(design.stratum_of_group).min() >= min(2, design.units)


def test_a_plan_does_not_depend_on_the_order_of_rows(rng):
    groups, strata = rng.integers(30, size=80), rng.integers(6, size=80)
    order = rng.permutation(80)
    plain, shuffled = plan(groups, strata), plan(groups[order], strata[order])
    assert np.array_equal(plain.stratum_of_group, shuffled.stratum_of_group)
    assert np.array_equal(plain.group_of_row[order], shuffled.group_of_row)


def test_a_group_belongs_to_the_stratum_that_holds_most_of_its_rows():
    groups = np.array(["a", "a", "a", "b", "b", "c", "d"])
    strata = np.array(["x", "y", "y", "x", "x", "y", "x"])
    assert plan(groups, strata).stratum_of_group.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("sizes", [(2,) * 40, (2, 3, 5, 40), (100,), (1,) * 10 + (30,)])
def test_the_spread_of_a_mean_over_resamples_is_its_closed_form(rng, sizes):
    strata = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.standard_normal(len(strata)) + strata
    design = plan(np.arange(len(strata)), strata)
    centre, spread = design.spread(lambda weights: weights @ values / len(values), 20_000, 5)
    assert centre == pytest.approx(values.mean(), abs=4 * spread / np.sqrt(20_000))
    assert spread == pytest.approx(design.error_of_mean(values), rel=0.03)


def test_the_error_of_a_mean_without_strata_is_the_textbooks(rng):
    values = rng.standard_normal(200)
    expected = values.std(ddof=1) / np.sqrt(200)
    assert plan(np.arange(200)).error_of_mean(values) == pytest.approx(expected)


def test_copies_of_a_row_do_not_make_an_error_smaller(rng):
    values = rng.standard_normal(100)
    alone = plan(np.arange(100)).error_of_mean(values)
    copied = plan(np.repeat(np.arange(100), 5)).error_of_mean(np.repeat(values, 5))
    assert copied == pytest.approx(alone)


def test_pairs_of_rare_classes_show_their_full_variance(rng):
    # A plain bootstrap of strata of two sees only half of it.
    strata = np.repeat(np.arange(500), 2)
    means = [rng.standard_normal(1000).mean() for _ in range(400)]
    found = plan(np.arange(1000), strata).error_of_mean(rng.standard_normal(1000))
    assert found == pytest.approx(np.std(means), rel=0.15)


def test_the_same_draws_by_group_give_the_same_spread_as_by_row(rng):
    groups, strata = rng.integers(40, size=500), rng.integers(3, size=500)
    design, values = plan(groups, strata), rng.gamma(2.0, size=500)
    totals, counts = design.sums(values), design.sums(np.ones(500))
    by_row = design.spread(lambda w: w @ values / w.sum(axis=1), 500, 3)
    by_group = design.spread_by_group(lambda w: (w @ totals) / (w @ counts), 500, 3)
    assert by_group == pytest.approx(by_row, rel=1e-12)


def test_many_groups_are_resampled_in_little_memory(rng):
    design, values = plan(np.arange(100_000)), rng.random(100_000)
    tracemalloc.start()
    design.spread_by_group(lambda weights: weights @ values, 100, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
