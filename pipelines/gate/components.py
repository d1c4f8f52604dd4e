"""Versions of several parts (ratings and lists): better in one, and in none worse.

One part alone is judged as it is. Of k parts each is tested for superiority at alpha / k, so that
chance makes a worthless version better somewhere with probability alpha at most (Bonferroni);
that no other part is worse has to hold for all of them, which needs no correction (Berger's
intersection-union test, 1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.gate.checks import SIGNIFICANCE, worst_margin
from pipelines.gate.primary import Doubt, Part, Primary, judge_part
from pipelines.gate.verdict import Check, Rule

if TYPE_CHECKING:
    from pipelines.gate.policy import Policy
    from pipelines.gate.primary import Outcome


def judge(policy: Policy, parts: Sequence[Part], rule: Rule, alpha: float) -> Primary:
    """Judge the parts of a version by a rule at the alpha of this look.

    A part that no request of the test set asks for has no say.
    """
    parts = [part for part in parts if part.figure.estimate.units] or parts[:1]
    if len(parts) == 1:
        return judge_part(policy, parts[0], rule, alpha)
    if rule == "non_inferiority":
        return _none_worse(policy, parts, alpha)
    return _one_better(policy, parts, rule, alpha)


def _none_worse(policy: Policy, parts: Sequence[Part], alpha: float) -> Primary:
    """Promote when every part is credibly not worse."""
    found = [judge_part(policy, part, "non_inferiority", alpha) for part in parts]
    worst = max(found, key=lambda each: (_RANK[each.verdict], each.p or 0.0))
    checks = [
        replace(check, name=f"{check.name}:{each.part.metric.name}")
        for each in found
        for check in each.checks
    ]
    return replace(worst, checks=tuple(checks), reason=_sentences(found))


_RANK = {"promoted": 0, "undecided": 1, "rejected": 2}


def _one_better(policy: Policy, parts: Sequence[Part], rule: Rule, alpha: float) -> Primary:
    """Promote when one part is better and every other one is not worse beyond its margin."""
    found = [judge_part(policy, part, rule, alpha / len(parts)) for part in parts]
    kept = [_not_worse(policy, part, rule, alpha) for part in parts]
    lost = [_worse(policy, part, rule) for part in parts]
    outcomes = [
        _outcome(own.verdict, kept[:place] + kept[place + 1 :], lost[:place] + lost[place + 1 :])
        for place, own in enumerate(found)
    ]
    verdict = min(outcomes, key=_RANK.__getitem__)
    place = min(
        (place for place, outcome in enumerate(outcomes) if outcome == verdict),
        key=lambda place: (found[place].p is not None, found[place].p or 0.0),
    )
    checks = [
        replace(check, name=f"{check.name}:{own.part.metric.name}")
        for own in found
        for check in own.checks
    ]
    p = found[place].p
    return Primary(
        verdict,
        None if p is None else min(1.0, p * len(parts)),
        (*checks, *kept),
        f"{_sentences(found)}; {_conclusion(found, kept, verdict)}",
        found[place].part,
        _doubt(found, kept, place, alpha) if verdict == "undecided" else None,
    )


def _outcome(own: Outcome, others: Sequence[Check], worse: Sequence[bool]) -> Outcome:
    if own == "rejected" or any(worse):
        return "rejected"
    return own if all(check.passed for check in others) else "undecided"


def _not_worse(policy: Policy, part: Part, rule: Rule, alpha: float) -> Check:
    figure = part.figure
    margin = worst_margin(policy, part.metric, figure.champion)
    name, note = f"not_worse:{part.metric.name}", f"{part.metric.name} worse by {margin:.4g}"
    if rule == "better_figure":
        passed = figure.estimate.gain >= -margin
        return Check(name, figure.estimate.gain, -margin, passed, f"{note} or less")
    p = figure.estimate.p_above(-margin)
    word = "credibly not" if p <= alpha else "possibly"
    return Check(name, p, alpha, p <= alpha, f"{word} {note} (p = {p:.2g}, limit {alpha:.2g})")


def _worse(policy: Policy, part: Part, rule: Rule) -> bool:
    """Return whether a part is credibly worse than its margin allows."""
    margin = worst_margin(policy, part.metric, part.figure.champion)
    if rule == "better_figure":
        return part.figure.estimate.gain < -margin
    return part.figure.estimate.upper(SIGNIFICANCE) < -margin


def _doubt(
    found: Sequence[Primary], kept: Sequence[Check], place: int, alpha: float
) -> Doubt | None:
    """Return the test that lacks evidence: of one that is better, that no other is worse."""
    if found[place].verdict != "promoted":
        return found[place].doubt
    doubtful = [own for at, own in enumerate(found) if at != place and not kept[at].passed]
    part = doubtful[0].part
    return Doubt(part.metric, part.figure, "non_inferiority", alpha)


def _conclusion(found: Sequence[Primary], kept: Sequence[Check], verdict: Outcome) -> str:
    if verdict == "promoted":
        return "one part is better and no other is worse"
    better = [own.part.metric.name for own in found if own.verdict == "promoted"]
    doubtful = [check.note for check in kept if not check.passed]
    if better and doubtful:
        return f"better in {', '.join(better)}, but {'; '.join(doubtful)}"
    return "no part is credibly better" if not better else f"better in {', '.join(better)} alone"


def _sentences(found: Sequence[Primary]) -> str:
    return "; ".join(each.reason for each in found)
