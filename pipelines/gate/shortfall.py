"""What an undecided verdict lacks: how many labels, and of which requests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.statistics import items_needed
from pipelines.gate.checks import worst_margin
from pipelines.gate.primary import interesting_gain

if TYPE_CHECKING:
    from pipelines.gate.comparison import Comparison
    from pipelines.gate.policy import Policy
    from pipelines.gate.primary import Doubt

POWER = 0.8


@dataclass(frozen=True)
class Shortfall:
    """How many requests would settle it, and how many of them need a label.

    Only requests on which the two models disagree can tell them apart, so of `requests` fresh ones
    only the disagreeing share needs a reviewer.
    """

    effect: float
    requests: int
    labels: int
    have: int
    disagreeing: tuple[str, ...]
    sentence: str


def shortfall(policy: Policy, comparison: Comparison, doubt: Doubt) -> Shortfall | None:
    """Return what would find, with 80 % power at this alpha, a gain worth finding in a figure.

    That is the observed one, should it be true, or the smallest interesting one where the
    observed gain is smaller. None where nothing can be told: no such request, no margin.
    """
    estimate, champion = doubt.figure.estimate, doubt.figure.champion
    margin = worst_margin(policy, doubt.metric, champion)
    if doubt.rule == "superiority":
        null = policy.settings.minimum_effect
        worth = interesting_gain(policy, doubt.metric, champion) - null or margin
    else:
        null, worth = -margin, margin
    # One request's variance; for a share of right answers this is the discordant share.
    variance = estimate.standard_error**2 * estimate.units
    observed = estimate.gain - null
    worth = max(worth, observed)
    if not (math.isfinite(variance) and math.isfinite(worth) and worth > 0):
        return None
    needed = items_needed(variance, worth, doubt.alpha, POWER)
    if needed <= estimate.units and 0 < observed < worth:
        worth, needed = observed, items_needed(variance, observed, doubt.alpha, POWER)
    more = max(needed - estimate.units, 1)
    labels = max(round(more * comparison.disagreements / comparison.rows), 1)
    sentence = (
        f"to tell a true difference of {worth:.4f} from chance takes about {needed:,} requests "
        f"(there are {estimate.units:,}): {more:,} more, of which only the about {labels:,} on "
        "which the two models disagree need a label"
    )
    return Shortfall(worth, needed, labels, estimate.units, comparison.disagreeing, sentence)
