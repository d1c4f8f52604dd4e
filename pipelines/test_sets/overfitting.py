"""How far the gate was fitted to its test set: the champion's figure there and on the sealed one.

Measured once, when a generation retires. The sealed rows chose nothing, so a champion that was
picked for its luck on the test set falls back to its true figure on them.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.decisions.log import NewDecision
from pipelines.gate.comparison import plan_of
from pipelines.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.gate.policy import Policy
    from pipelines.test_sets.frozen import TestSet

QUANTILE = 1.96


@dataclass(frozen=True)
class Overfitting:
    """One model's figure on two sets of rows; `excess`, positive where the first flatters it."""

    metric: str
    test: float
    sealed: float
    excess: float
    lower: float
    upper: float
    """95 % bounds of the excess."""
    sentence: str


def measure_overfitting(
    metric: Metric, test: pd.DataFrame, sealed: pd.DataFrame, *, resamples: int, seed: int
) -> Overfitting:
    """Compare a champion's per-request predictions on the test set and on the sealed set."""
    here, there = metric.value(test), metric.value(sealed)
    errors = [_error(metric, rows, resamples, seed) for rows in (test, sealed)]
    excess = float(metric.gain(np.array(here), np.array(there)))
    reach = QUANTILE * math.hypot(*errors)
    finding = "the gate was fitted to its test set" if excess - reach > 0 else "within chance"
    finding = "nothing to compare" if math.isnan(excess) else finding
    sentence = (
        f"{metric.name} {here:.4f} on the test set and {there:.4f} on the sealed set: {finding}"
    )
    return Overfitting(metric.name, here, there, excess, excess - reach, excess + reach, sentence)


def opening(
    policy: Policy, test_set: TestSet, version: str, test: pd.DataFrame, sealed: pd.DataFrame
) -> NewDecision:
    """Return the record of a sealed set's opening, for champion `version`, to be appended."""
    settings = policy.settings
    found = measure_overfitting(
        policy.primary, test, sealed, resamples=settings.resamples, seed=settings.seed
    )
    return NewDecision(
        kind="test_set",
        model=test_set.model,
        version=version,
        test_set_id=test_set.test_set_id,
        record={
            "event": "opened",
            "sealed_sha256": test_set.sealed_sha256,
            "sealed_rows": len(sealed),
            "overfitting": asdict(found),
        },
    )


def _error(metric: Metric, rows: pd.DataFrame, resamples: int, seed: int) -> float:
    rows = metric.concerned(rows)
    design = plan_of(rows)
    if design.units < 2:
        return math.inf
    return design.spread(lambda weights: metric.resampled(rows, weights), resamples, seed)[1]
