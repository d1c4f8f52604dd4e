"""E-values and intervals: what they are worth by hand, by exact sums, and at the edges."""

from __future__ import annotations

import itertools
import math

import pytest

from features.betting import FRACTIONS, BoundedMean, bets, log_mean_exp
from pipelines.rollouts.sequential import ODDS, Cell, log_share_e, share_interval


def binomial(n, k, p):
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize("share", [0.005, 0.1, 0.5, 0.9])
def test_under_the_null_the_expected_e_value_is_exactly_one(share):
    expected = math.fsum(
        binomial(20, hits, share) * math.exp(log_share_e([Cell(hits, 20, share)]))
        for hits in range(21)
    )
    assert expected == pytest.approx(1.0)


@pytest.mark.parametrize("true", [0.0, 0.05, 0.09])
def test_below_the_null_it_is_less_than_one(true):
    expected = math.fsum(
        binomial(20, hits, true) * math.exp(log_share_e([Cell(hits, 20, 0.1)]))
        for hits in range(21)
    )
    assert expected < 1


def test_stages_with_other_shares_multiply():
    two = [Cell(3, 4, 0.1), Cell(5, 9, 0.5)]
    by_hand = [
        math.prod(
            (r / (1 - share + r * share)) ** hits * (1 / (1 - share + r * share)) ** (trials - hits)
            for hits, trials, share in two
        )
        for r in ODDS
    ]
    assert math.exp(log_share_e(two)) == pytest.approx(sum(by_hand) / len(ODDS))


def test_nothing_seen_is_no_evidence():
    assert log_share_e([]) == 0
    assert log_share_e([Cell(0, 0, 0.5)]) == 0
    assert share_interval(0, 0, 0.05) == (0.0, 1.0)
    assert BoundedMean(0.05).interval() == (0.0, 1.0)


def test_huge_counts_overflow_nothing():
    assert log_share_e([Cell(10**9, 10**9, 0.1)]) > 1e8
    assert log_share_e([Cell(0, 10**9, 0.1)]) < 0
    low, high = share_interval(5 * 10**8, 10**9, 0.05)
    assert 0.499 < low < 0.5 < high < 0.501


def test_a_fair_bet_keeps_its_expected_wealth_and_no_bettor_is_ruined():
    share, losses = 0.1, (0.0, 1.0)
    usual, chances = 0.3, {0.0: 0.7, 1.0: 0.3}
    worst = max(usual / share, (1 - usual) / (1 - share))
    means = [0.0] * len(FRACTIONS)
    for taken, loss in itertools.product((True, False), losses):
        chance = (share if taken else 1 - share) * chances[loss]
        gain = (1 / share if taken else -1 / (1 - share)) * (loss - usual)
        wealth = [math.exp(each) for each in bets([0.0] * len(FRACTIONS), gain, worst)]
        assert min(wealth) > 0
        means = [mean + chance * each for mean, each in zip(means, wealth, strict=True)]
    assert means == pytest.approx([1.0] * len(FRACTIONS))


def test_the_mean_of_exponentials_overflows_nowhere():
    assert log_mean_exp([1_000.0, 1_000.0]) == pytest.approx(1_000.0)
    assert log_mean_exp([-2_000.0, 0.0]) == pytest.approx(math.log(0.5))


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 40), (20, 40)])
def test_the_interval_of_a_share_ends_where_the_mixture_rejects(hits, trials):
    low, high = share_interval(hits, trials, 0.05)
    assert 0 <= low <= hits / trials <= high <= 1
    mixture = 1 / ((trials + 1) * math.comb(trials, hits))
    for edge in (low, high):
        if 0 < edge < 1:
            assert mixture / (edge**hits * (1 - edge) ** (trials - hits)) == pytest.approx(20)
    assert (low == 0) == (hits == 0) or trials == 1
    assert (high == 1) == (hits == trials) or trials == 1


def test_the_interval_of_a_mean_closes_around_it(rng):
    mean, widths = BoundedMean(0.05), []
    for number, value in enumerate(rng.beta(2, 5, size=4_000), start=1):
        mean.add(value)
        if number in (10, 200, 4_000):
            low, high = mean.interval()
            assert low <= 2 / 7 <= high
            widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.05


def test_constant_observations_break_nothing():
    for value in (0.0, 1.0):
        mean = BoundedMean(0.05)
        for _ in range(2_000):
            mean.add(value)
        low, high = mean.interval()
        assert low <= value <= high
        assert high - low < 0.05
