"""How often labels on request promote what is no better, looked at after every single label."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from rivals import ACCURACY, policy

from features.statistics import alpha_at
from pipelines.gate.labelled import STAKES, Labelled, evidence

pytestmark = pytest.mark.slow

ALPHA = alpha_at(0.05, 2)
"""What the first campaign of a test set has: the look after an undecided first one."""
LABELS = 160
"""Labels of questions on which the models differ, of the 200 that are asked for by default."""


def outcomes(seed: int, runs: int, labels: int, better: float, worse: float) -> np.ndarray:
    """Gains of `runs` campaigns: +1, -1 or 0, label by label."""
    drawn = np.random.default_rng(seed).random((runs, labels))
    return (drawn < better).astype(float) - (drawn > 1 - worse)


def wealth(gains: np.ndarray, null: float = 0.0) -> np.ndarray:
    """The log of the bettors' mean wealth after each observation of each campaign."""
    worst = 1 + null
    every = np.stack(
        [np.cumsum(np.log1p(part / worst * (gains - null)), axis=1) for part in STAKES]
    )
    top = every.max(axis=0)
    return top + np.log(np.exp(every - top).mean(axis=0))


def promoted(gains: np.ndarray, alpha: float = ALPHA, null: float = 0.0) -> float:
    """The share of campaigns that promote at any label."""
    return float((wealth(gains, null).max(axis=1) >= -math.log(alpha)).mean())


def labels_needed(gains: np.ndarray) -> tuple[float, float]:
    """The share of campaigns that promote, and the median of labels that those took."""
    reached = wealth(gains) >= -math.log(ALPHA)
    found = reached.any(axis=1)
    return float(found.mean()), float(np.median(reached[found].argmax(axis=1) + 1))


def test_these_arrays_are_the_gates_own_evidence():
    for gains in outcomes(1, 5, 40, 0.4, 0.3):
        rows = pd.DataFrame(
            {
                "champion": "a",
                "challenger": "b",
                "asked": True,
                "actual": np.select([gains > 0, gains < 0], ["b", "a"], "c"),
            }
        )
        labelled = Labelled("d1", rows, final=False)
        found = evidence(policy(), ACCURACY, 0.8, labelled, "superiority", ALPHA)
        assert found.log_e == pytest.approx(wealth(gains[None, :]).max())


@pytest.mark.parametrize(("better", "worse"), [(0.5, 0.5), (0.25, 0.25), (0.05, 0.05), (0.3, 0.4)])
@pytest.mark.parametrize("alpha", [0.05, ALPHA])
def test_peeking_at_every_label_promotes_a_challenger_that_is_no_better_at_most_alpha_often(
    better: float, worse: float, alpha: float
) -> None:
    runs = 4_000
    rate = promoted(outcomes(7, runs, 400, better, worse), alpha)
    assert rate <= alpha + 2 * math.sqrt(alpha / runs)


def test_a_sign_test_at_every_label_would_promote_noise_several_times_as_often():
    gains = outcomes(7, 4_000, LABELS, 0.3, 0.3)
    count = np.cumsum(gains != 0, axis=1)
    z = np.cumsum(gains, axis=1) / np.sqrt(np.maximum(count, 1))
    peeked = ((z > 1.645) & (count >= 10)).any(axis=1).mean()
    assert peeked > 3 * 0.05
    assert promoted(gains, 0.05) <= 0.05


def test_a_small_pool_that_is_labelled_to_its_end_proves_nothing_about_questions_to_come():
    gains = outcomes(7, 4_000, 40, 0.3, 0.3)
    assert (gains.sum(axis=1) > 0).mean() > 0.4  # "the challenger was right more often in it"
    assert promoted(gains) <= ALPHA


def test_labels_that_come_in_any_order_promote_no_more_often():
    """A reviewer begins where he likes; whoever waits counts as the worst."""
    rng = np.random.default_rng(11)
    gains = outcomes(5, 400, LABELS, 0.5, 0.5)
    false = 0
    for each in gains:
        # the least honest order: all that speak for the challenger first, after each label a look
        order = np.argsort(-each + rng.random(LABELS) / 10, kind="stable")
        shown = np.full((len(range(0, LABELS, 8)), LABELS), -1.0)
        for look, upto in enumerate(range(0, LABELS, 8)):
            shown[look, order[: upto + 8]] = each[order[: upto + 8]]
        false += promoted(shown) > 0
    assert false / len(gains) <= ALPHA + 2 * math.sqrt(ALPHA / len(gains))


def test_a_retraining_that_is_worse_by_the_whole_margin_is_promoted_at_most_alpha_often():
    """Of 5 % of the questions on which they differ, 3 in 5 are the champion's: worse by a point."""
    gains = outcomes(3, 1_000, 4_000, 0.02, 0.03)
    assert promoted(gains, ALPHA, null=-0.01) <= ALPHA + 2 * math.sqrt(ALPHA / len(gains))


@pytest.mark.parametrize(
    ("better", "worse", "power", "labels"),
    [(0.7, 0.2, 0.99, 40), (0.6, 0.25, 0.92, 75), (0.5, 0.3, 0.35, 110)],
)
def test_a_challenger_that_is_better_is_found_within_the_labels_asked_for(
    better: float, worse: float, power: float, labels: float
) -> None:
    found, median = labels_needed(outcomes(9, 2_000, LABELS, better, worse))
    assert found >= power
    assert median <= labels


def test_a_retraining_that_is_as_good_is_found_not_to_be_worse():
    gains = outcomes(4, 500, 10_000, 0.01, 0.01)
    assert promoted(gains, ALPHA, null=-0.01) >= 0.8
