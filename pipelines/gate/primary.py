"""The primary test: which rule applies, and whether the gain passes it.

Promotion errors are paid for by alpha spending; refusals are not, since refusing promotes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipelines.gate.checks import SIGNIFICANCE, figure_sentence, worst_margin
from pipelines.gate.verdict import UNKNOWN, Check, Contestant, Rule, Trigger
from pipelines.metrics import Metric

if TYPE_CHECKING:
    from features.statistics import Estimate
    from pipelines.gate.comparison import Figure
    from pipelines.gate.policy import Policy

Outcome = Literal["promoted", "rejected", "undecided"]
RETRAININGS = frozenset({"manual", "scheduled", "drift", "live_metric", "label_volume", "new_data"})


@dataclass(frozen=True)
class Part:
    """One judged figure: its metric, both models' values, and the anchor's where there is one."""

    metric: Metric
    figure: Figure
    anchor: Figure | None = None


@dataclass(frozen=True)
class Doubt:
    """A test that the data cannot settle: more evidence would have to be about this figure."""

    metric: Metric
    figure: Figure
    rule: Rule
    alpha: float


@dataclass(frozen=True)
class Primary:
    """What the primary test says by itself, before any other check has its say.

    `part` is the one that decided, or that came nearest; `doubt` is there when undecided.
    """

    verdict: Outcome
    p: float | None
    checks: tuple[Check, ...]
    reason: str
    part: Part
    doubt: Doubt | None = None


def rule_for(
    wanted: str, champion: Contestant, challenger: Contestant, trigger: Trigger
) -> tuple[Rule, str]:
    """Return the rule that applies and, in a sentence, why."""
    if wanted == "superiority":
        return "superiority", "superiority, as the policy says"
    if wanted == "non_inferiority":
        return "non_inferiority", "non-inferiority, as the policy says"
    if wanted == "better_figure":
        return "better_figure", (
            "the better figure wins, as the policy says: no test was asked for, so over repeated "
            "retrainings this promotes noise"
        )
    if _retrained_on_newer_data(champion, challenger, trigger):
        return "non_inferiority", (
            f"non-inferiority, because this is a {trigger.kind} retraining with the champion's own "
            "parameters on newer data"
        )
    return "superiority", (
        "superiority, because the challenger is not just the champion's parameters on newer data"
    )


def _retrained_on_newer_data(
    champion: Contestant, challenger: Contestant, trigger: Trigger
) -> bool:
    sources = [side.fingerprints.get("source", UNKNOWN) for side in (champion, challenger)]
    return (
        trigger.kind in RETRAININGS
        and champion.origin == challenger.origin == "contender"
        and champion.params is not None
        and champion.params == challenger.params
        and UNKNOWN not in sources
        and sources[0] != sources[1]
    )


def judge_part(policy: Policy, part: Part, rule: Rule, alpha: float) -> Primary:
    """Judge one figure by a rule at the alpha of this look."""
    if rule == "better_figure":
        return _better_figure(policy, part)
    if rule == "superiority":
        return _superiority(policy, part, alpha)
    return _non_inferiority(policy, part, alpha)


def interesting_gain(policy: Policy, metric: Metric, champion: float) -> float:
    """Return the smallest gain that would be worth a promotion.

    The border between `rejected` and `undecided`: when the 95 % bound of the gain is below it,
    no amount of labels can be expected to turn up anything worth having.
    """
    return max(policy.settings.minimum_effect, worst_margin(policy, metric, champion))


def superiority(estimate: Estimate, null: float, interesting: float, alpha: float) -> Outcome:
    """Promote when the gain is credibly above `null`, reject when credibly not interesting."""
    if estimate.p_above(null) <= alpha:
        return "promoted"
    return "rejected" if estimate.upper(SIGNIFICANCE) < interesting else "undecided"


def non_inferiority(estimate: Estimate, margin: float, alpha: float) -> Outcome:
    """Promote when the loss is credibly below `margin`, reject when credibly worse at all."""
    if estimate.p_above(-margin) <= alpha:
        return "promoted"
    return "rejected" if estimate.upper(SIGNIFICANCE) < 0 else "undecided"


def _superiority(policy: Policy, part: Part, alpha: float) -> Primary:
    null, figure = policy.settings.minimum_effect, part.figure
    interesting = interesting_gain(policy, part.metric, figure.champion)
    verdict = superiority(figure.estimate, null, interesting, alpha)
    p = figure.estimate.p_above(null)
    limit = f"more than {null:g}" if null else "better"
    ending = {
        "promoted": f"credibly {limit} (p = {p:.2g}, limit {alpha:.2g})",
        "rejected": f"not worth a promotion: at best {figure.estimate.upper(SIGNIFICANCE):+.4f}",
        "undecided": f"the data cannot tell (p = {p:.2g}, limit {alpha:.2g})",
    }[verdict]
    check = Check("superiority", p, alpha, verdict == "promoted", figure_sentence(figure))
    doubt = Doubt(part.metric, figure, "superiority", alpha) if verdict == "undecided" else None
    return Primary(verdict, p, (check,), f"{figure_sentence(figure)}: {ending}", part, doubt)


def _non_inferiority(policy: Policy, part: Part, alpha: float) -> Primary:
    figure, anchor = part.figure, part.anchor
    margin = worst_margin(policy, part.metric, figure.champion)
    verdict = non_inferiority(figure.estimate, margin, alpha)
    p = figure.estimate.p_above(-margin)
    lines = [Check("non_inferiority", p, alpha, p <= alpha, figure_sentence(figure))]
    ending = {
        "promoted": f"credibly not worse by {margin:.4g} (p = {p:.2g}, limit {alpha:.2g})",
        "rejected": "credibly worse",
        "undecided": f"may be worse by {margin:.4g} or more (p = {p:.2g}, limit {alpha:.2g})",
    }[verdict]
    reason = f"{figure_sentence(figure)}: {ending}"
    doubt = Doubt(part.metric, figure, "non_inferiority", alpha)
    if anchor is not None:
        against = non_inferiority(anchor.estimate, margin, alpha)
        p_anchor = anchor.estimate.p_above(-margin)
        note = f"against the last champion that won by superiority: {figure_sentence(anchor)}"
        lines.append(Check("anchor", p_anchor, alpha, against == "promoted", note))
        if verdict == "promoted" and against != "promoted":
            word = "credibly worse" if against == "rejected" else "not shown to be as good"
            reason, verdict = f"{reason}, but {note}: {word}", against
            doubt = replace(doubt, figure=anchor)
    missing = doubt if verdict == "undecided" else None
    return Primary(verdict, p, tuple(lines), reason, part, missing)


def _better_figure(policy: Policy, part: Part) -> Primary:
    figure = part.figure
    better = figure.estimate.gain > policy.settings.minimum_effect
    note = figure_sentence(figure)
    check = Check(
        "better_figure", figure.estimate.gain, policy.settings.minimum_effect, better, note
    )
    ending = "the better figure" if better else "not the better figure"
    verdict: Outcome = "promoted" if better else "rejected"
    return Primary(verdict, None, (check,), f"{note}: {ending}", part)
