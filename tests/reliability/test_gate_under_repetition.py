"""What the gate promises over a test set's life, by simulation of the functions it decides with."""

from __future__ import annotations

import numpy as np
import pytest
from rivals import MACRO_F1, answers, contestant, policy, right_answers, rivals

from features.resampling import plan
from features.statistics import Estimate, alpha_at
from pipelines.gate.case import Case
from pipelines.gate.comparison import compare
from pipelines.gate.primary import interesting_gain, superiority
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import Trigger

ROWS = 1_000
LOOKS = 200
POLICY = policy(rule="superiority", smallest_alpha=1e-9)
EVERY_REQUEST = plan(np.arange(ROWS))


def estimate_of(champion, challenger):
    """The gain in accuracy as `compare` estimates it, without making tables of it."""
    losses = challenger.astype(float) - champion
    gain = float(losses.mean())
    error = EVERY_REQUEST.error_of_mean(losses)
    return Estimate(gain, gain, error, ROWS, int(np.sum(losses != 0)))


def first_promotion(rng, rule):
    """Return the look at which a challenger exactly as good as the champion is promoted."""
    right = right_answers(rng, (0.85,) * (LOOKS + 1), ROWS)
    for look in range(1, LOOKS + 1):
        if rule(estimate_of(right[0], right[look]), look) == "promoted":
            return look
    return None


def by_policy(estimate, look):
    alpha = alpha_at(POLICY.settings.alpha, look)
    null, worth = POLICY.settings.minimum_effect, interesting_gain(POLICY, POLICY.primary, 0.85)
    return superiority(estimate, null, worth, alpha)


def case(champion, challenger, look, chosen=POLICY):
    return Case(
        policy=chosen,
        trigger=Trigger("manual", "simulation"),
        look=look,
        challenger=contestant("2", params={"trees": 300}),
        champion=contestant("1"),
        challenger_rows=challenger,
        champion_rows=champion,
    )


def test_the_simulated_test_is_the_one_that_decides(rng):
    actual = np.zeros(ROWS, dtype=int)
    for _ in range(20):
        champion, challenger = right_answers(rng, (0.85, 0.87), ROWS)
        tables = answers(champion, actual), answers(challenger, actual)
        found = compare(*tables, POLICY).primary.estimate
        # One class only makes a single stratum, as in the simulation.
        expected = estimate_of(champion, challenger)
        assert vars(found) == pytest.approx(vars(expected), rel=1e-9)


@pytest.mark.slow
def test_at_most_one_in_twenty_sequences_of_200_null_looks_promotes_at_all(rng):
    sequences = 1_000
    promoted = [first_promotion(rng, by_policy) is not None for _ in range(sequences)]
    assert np.mean(promoted) <= 0.05


@pytest.mark.slow
def test_the_better_figure_rule_would_promote_noise_in_nearly_every_sequence(rng):
    def better(estimate, look):
        return "promoted" if estimate.gain > 0 else "rejected"

    promoted = [first_promotion(rng, better) is not None for _ in range(100)]
    assert np.mean(promoted) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("look", "share"), [(1, 0.95), (10, 0.70)])
def test_a_planted_gain_of_five_points_is_found(rng, look, share):
    verdicts = [decide(case(*rivals(rng, 0.85, 0.90, rows=ROWS), look)).verdict for _ in range(400)]
    assert np.mean([verdict == "promoted" for verdict in verdicts]) >= share


@pytest.mark.slow
def test_a_planted_loss_of_five_points_is_rejected_and_never_promoted(rng):
    verdicts = {decide(case(*rivals(rng, 0.85, 0.80, rows=ROWS), 1)).verdict for _ in range(200)}
    assert verdicts == {"rejected"}


@pytest.mark.slow
def test_macro_f1_over_rare_classes_keeps_its_level(rng):
    """Where resampling is biased: 150 classes of a long tail, two thirds with under six rows."""
    share = 1 / np.arange(1, 151) ** 0.9
    chosen = policy(primary=MACRO_F1, rule="superiority", resamples=1_000)
    promoted = []
    for _ in range(300):
        actual = rng.choice(150, size=800, p=share / share.sum())
        champion, challenger = right_answers(rng, (0.85, 0.85), 800)
        tables = answers(champion, actual), answers(challenger, actual)
        promoted.append(decide(case(*tables, 1, chosen)).verdict == "promoted")
    # alpha at the first look is 0.0304; three standard errors above it is 0.060
    assert np.mean(promoted) <= 0.060


@pytest.mark.slow
def test_a_retraining_worse_by_the_whole_margin_is_seldom_promoted(rng):
    chosen = policy(rule="non_inferiority")
    verdicts = [
        decide(case(*rivals(rng, 0.85, 0.84, rows=ROWS), 1, chosen)).verdict for _ in range(500)
    ]
    # alpha at the first look is 0.0304; three standard errors above it is 0.053
    assert np.mean([verdict == "promoted" for verdict in verdicts]) <= 0.053
