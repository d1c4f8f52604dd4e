"""Rollouts looked at after every unit: how often they err, and how soon they are right.

Thousands of rollouts at once, in arrays; that the arrays say what the product says is tested
first, on single rollouts.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from rollout_arrays import (
    alarms,
    feedback_paths,
    found_by,
    log_share_paths,
    normal_paths,
    ramp,
    scaled,
)

from features.betting import log_mean_exp
from pipelines.rollouts.evidence import SCALING, nothing_yet
from pipelines.rollouts.plan import Guardrails, Plan, Rollout, Step
from pipelines.rollouts.sequential import Cell, log_share_e

ALPHA = 0.05
RUNS = 1_000
RAILS = 3
"""Guardrails that are on by default: errors, latency, metric."""


SHARES = {"half": np.full(2_000, 0.5), "tenth": np.full(2_000, 0.1), "ramp": ramp(2_000)}


def rollout(metric="zero_one"):
    plan = Plan(
        model="codes",
        challenger="2",
        mode="ab",
        metric=metric,
        target="code",
        seconds=60.0,
        actor="ana",
        reason="try it",
        share=0.5,
        ramp=(Step(0.02, 10), Step(0.1, 10)),
        guardrails=Guardrails(),
    )
    return Rollout("d1", plan, "1", "a1", 1, "a2", "salt", 0.0, 60.0)


@pytest.mark.parametrize("metric", ["zero_one", "squared_error"])
def test_the_arrays_say_what_the_product_says(rng, metric):
    shares = ramp(600)
    taken = rng.random((3, 600)) < shares
    losses = rng.standard_normal((3, 600)) ** 2
    if metric == "zero_one":
        losses = (losses > 1).astype(float)
        harm, gain = feedback_paths(taken, losses, shares)
    else:
        harm, gain = feedback_paths(taken[:, SCALING:], scaled(losses), shares[SCALING:])
    for run in range(3):
        evidence = nothing_yet(rollout(metric))
        for is_challenger, share, loss in zip(taken[run], shares, losses[run], strict=True):
            evidence.lost("challenger" if is_challenger else "champion", share, loss)
        assert log_mean_exp(evidence.worse) == pytest.approx(harm[run, -1])
        assert log_mean_exp(evidence.better) == pytest.approx(gain[run, -1])


def test_the_arrays_of_shares_say_what_the_product_says(rng):
    shares = ramp(300)
    hits = rng.random((2, 300)) < shares
    paths = log_share_paths(hits, shares)
    for run in range(2):
        cells = [
            Cell(int(hits[run][shares == share].sum()), 100, share) for share in (0.02, 0.1, 0.5)
        ]
        assert log_share_e(cells) == pytest.approx(paths[run, -1])


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_a_harmless_challenger_is_seldom_blamed_for_errors_or_slowness(rng, shares):
    hits = rng.random((RUNS, len(shares))) < shares
    assert alarms(log_share_paths(hits, shares), 1 / ALPHA) <= ALPHA


@pytest.mark.parametrize("tolerated", [0.005, 0.1])
def test_what_is_tolerated_is_seldom_an_alarm(rng, tolerated):
    hits = rng.random((RUNS, 2_000)) < tolerated
    assert alarms(log_share_paths(hits, np.full(2_000, tolerated)), 1 / ALPHA) <= ALPHA


LOSSES = {
    "one in twenty wrong": lambda rng, size: (rng.random(size) < 0.05).astype(float),
    "a third wrong": lambda rng, size: (rng.random(size) < 0.33).astype(float),
    "squared errors": lambda rng, size: rng.standard_normal(size) ** 2,
    "squared errors with wild ones": lambda rng, size: (
        (rng.standard_normal(size) * np.exp(rng.standard_normal(size))) ** 2
    ),
}


@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
def test_an_equal_challenger_is_seldom_called_worse_or_better(rng, shares, losses):
    seen = losses(rng, (RUNS, len(shares) + SCALING))
    seen = seen[:, SCALING:] if seen.max() == 1.0 else scaled(seen)
    taken = rng.random(seen.shape) < shares
    harm, gain = feedback_paths(taken, seen, shares)
    assert alarms(harm, 1 / ALPHA) <= ALPHA
    assert alarms(gain, 1 / ALPHA) <= ALPHA


def test_a_normal_curve_would_call_equal_challengers_better_too_often(rng):
    """Why squared errors are cut and bet on: rare large ones have not come yet, and then do."""
    losses = LOSSES["squared errors with wild ones"](rng, (RUNS, 2_000))
    shares = SHARES["tenth"]
    taken = rng.random(losses.shape) < shares
    _, normal = normal_paths(taken, losses, shares)
    _, bets = feedback_paths(taken[:, SCALING:], scaled(losses), shares[SCALING:])
    assert alarms(normal, 1 / ALPHA) > 2 * ALPHA
    assert alarms(bets, 1 / ALPHA) <= ALPHA


def test_all_guardrails_together_seldom_blame_a_harmless_challenger(rng):
    shares, runs = SHARES["tenth"], RUNS
    limit = RAILS / ALPHA
    losses = LOSSES["a third wrong"](rng, (runs, len(shares)))
    harm, _ = feedback_paths(rng.random(losses.shape) < shares, losses, shares)
    errors = log_share_paths(rng.random((runs, len(shares))) < shares, shares)
    slow = log_share_paths(rng.random((runs, len(shares))) < 0.1, np.full(len(shares), 0.1))
    reached = [(paths >= math.log(limit)).any(axis=1) for paths in (harm, errors, slow)]
    assert float(np.logical_or.reduce(reached).mean()) <= ALPHA


def test_rankers_that_are_equal_are_seldom_told_apart(rng):
    wins = rng.random((RUNS, 2_000)) < 0.5
    fair = np.full(2_000, 0.5)
    assert alarms(log_share_paths(wins, fair), 1 / ALPHA) <= ALPHA
    assert alarms(log_share_paths(~wins, fair), 1 / ALPHA) <= ALPHA


@pytest.mark.parametrize(
    ("share", "times_as_often", "failures"), [(0.1, 10, 26), (0.1, 3, 145), (0.5, 10, 26)]
)
def test_a_challenger_that_fails_more_often_is_found_within_so_many_failures(
    rng, share, times_as_often, failures
):
    """Ninety-five of a hundred such rollouts end by then; all three guardrails are on."""
    true = times_as_often * share / (1 - share + times_as_often * share)
    hits = rng.random((RUNS, 400)) < true
    paths = log_share_paths(hits, np.full(400, share))
    assert found_by(paths, RAILS / ALPHA, 0.95) <= failures


@pytest.mark.parametrize(("true", "answers"), [(0.2, 310), (0.5, 28), (1.0, 4)])
def test_a_slow_challenger_is_found_within_so_many_answers(rng, true, answers):
    """A tenth of slow answers is tolerated."""
    hits = rng.random((RUNS, 600)) < true
    paths = log_share_paths(hits, np.full(600, 0.1))
    assert found_by(paths, RAILS / ALPHA, 0.95) <= answers


@pytest.mark.parametrize(
    ("share", "before", "after", "units"), [(0.5, 0.2, 0.4, 600), (0.1, 0.2, 0.4, 1_550)]
)
def test_a_worse_challenger_is_found_by_feedback(rng, share, before, after, units):
    shares = np.full(2_500, share)
    taken = rng.random((500, 2_500)) < shares
    losses = (rng.random(taken.shape) < np.where(taken, after, before)).astype(float)
    harm, gain = feedback_paths(taken, losses, shares)
    assert found_by(harm, RAILS / ALPHA, 0.95) <= units
    assert alarms(gain, 1 / ALPHA) == 0


@pytest.mark.parametrize(("before", "after", "units"), [(0.3, 0.2, 1_400), (0.3, 0.15, 600)])
def test_a_better_challenger_wins_an_ab_test(rng, before, after, units):
    shares = np.full(2_500, 0.5)
    taken = rng.random((500, 2_500)) < shares
    losses = (rng.random(taken.shape) < np.where(taken, after, before)).astype(float)
    _, gain = feedback_paths(taken, losses, shares)
    assert found_by(gain, 1 / ALPHA, 0.9) <= units


@pytest.mark.parametrize(("preferred", "choices"), [(0.6, 450), (0.7, 110)])
def test_a_preferred_ranker_wins_an_interleaving(rng, preferred, choices):
    wins = rng.random((RUNS, 600)) < preferred
    assert found_by(log_share_paths(wins, np.full(600, 0.5)), 1 / ALPHA, 0.9) <= choices
