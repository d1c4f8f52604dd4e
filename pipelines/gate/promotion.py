"""The gate's decision: a pure function of stored predictions, a policy and recorded measurements.

`decide` is what a judgement calls and what a replay calls again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from features.statistics import alpha_at, alpha_left
from pipelines.gate import checks
from pipelines.gate.business import priced
from pipelines.gate.case import Case, Ruling
from pipelines.gate.comparison import Comparison, aligned, compare, figure_of, slice_metric
from pipelines.gate.components import judge
from pipelines.gate.labelled import judge_labels
from pipelines.gate.primary import Part, Primary, rule_for
from pipelines.gate.shortfall import Shortfall, shortfall
from pipelines.gate.verdict import PROMOTING, Check, Contestant, Rule, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.gate.comparison import Figure
    from pipelines.gate.labelled import LabelFigures
    from pipelines.gate.policy import Policy


def spent(policy: Policy, look: int) -> bool:
    """Return whether that look at a test set would have too little alpha to decide anything."""
    if policy.settings.rule == "better_figure":
        return False
    return alpha_at(policy.settings.alpha, look) < policy.settings.smallest_alpha


def decide(case: Case) -> Ruling:
    """Decide. Raises `NotComparable` when the tables do not belong together."""
    ruling = _ruling(case.with_tables(priced(case.tables, case.policy.settings)))
    if ruling.verdict not in PROMOTING or case.policy.settings.approval == "none":
        return ruling
    waits = "the policy wants a named person's approval before it is champion"
    return replace(ruling, verdict="awaiting_approval", reasons=(*ruling.reasons, waits))


def _ruling(case: Case) -> Ruling:
    obstacle = case.obstacle
    if obstacle is not None and obstacle.verdict == "incomparable":
        return Ruling(obstacle.verdict, (obstacle.reason,))
    blessing = checks.blessing_check(case.challenger)
    if not blessing.passed:
        return Ruling("rejected", (blessing.note,), (blessing,))
    if case.challenger_rows is None:
        reason = f"version {case.challenger.version} gave no predictions on the test set"
        return Ruling("rejected", (reason,), (blessing,))
    if case.champion is None:
        welcome = f"there is no champion yet, and version {case.challenger.version} is fit to be it"
        return _alone(case, case.challenger_rows, "first_champion", welcome)
    if obstacle is not None or case.champion_rows is None:
        reason = f"champion {case.champion.version} gave no predictions to compare with"
        reason = obstacle.reason if obstacle else reason
        return _alone(case, case.challenger_rows, "champion_unloadable", reason)
    return _against_champion(case, case.champion, case.champion_rows, case.challenger_rows)


def _alone(case: Case, rows: pd.DataFrame, verdict: Verdict, reason: str) -> Ruling:
    """Judge a challenger that can be held against no champion: floor and limits decide."""
    floors = _against(case, case.floor_rows, rows)
    lines = [checks.blessing_check(case.challenger), checks.leakage_check(case.leakage)]
    lines += [checks.floor_check(case.policy, floors)] if floors else []
    lines += [
        checks.limit_check(rail.metric, rail.metric.value(rows), rail.limit)
        for rail in case.policy.guardrails
        if rail.limit is not None
    ]
    lines += checks.resource_checks(case.policy, None, case.challenger)
    lines += checks.business_alone(case.policy, rows, case.revenue)
    lines += filter(
        None,
        (checks.suspicion_check(each, None, each.value(rows)) for each in case.policy.judged),
    )
    failed = [line.note for line in lines if line.passed is False]
    fit = [reason, *(line.note for line in lines if line.name == "floor")]
    warnings = [line.note for line in lines if line.passed is None]
    return Ruling(
        "rejected" if failed else verdict,
        tuple((failed or fit) + warnings),
        tuple(lines),
        rule="floor",
        floors=floors,
    )


def _against_champion(
    case: Case, champion: Contestant, old: pd.DataFrame, new: pd.DataFrame
) -> Ruling:
    if spent(case.policy, case.place):
        return _spent(case)
    comparison = compare(old, new, case.policy)
    if comparison.identical:
        return _identical(case, champion, comparison)
    rule, why = rule_for(case.policy.settings.rule, champion, case.challenger, case.trigger)
    alpha = alpha_at(case.policy.settings.alpha, case.place)
    left = alpha_left(case.policy.settings.alpha, case.place)
    anchors = _against(case, case.anchor_rows, new) if rule == "non_inferiority" else ()
    floors = _against(case, case.floor_rows, new)
    parts = _parts(case, comparison, anchors)
    primary, found = _judged(case, parts, (old, new), rule, alpha)
    side = _side_checks(case, champion, comparison, floors)
    failed = [line for line in side if line.passed is False]
    lines = [*primary.checks, *side]
    verdict: Verdict = "rejected" if failed else primary.verdict
    missing = None
    if verdict == "undecided" and primary.doubt is not None:
        missing = shortfall(case.policy, comparison, primary.doubt)
    budget = f"look {case.look} at this test set{_peeks(case)}, alpha left {left:.2g}"
    return Ruling(
        verdict,
        tuple(_reasons(primary, why, failed, lines, comparison, missing, budget)),
        tuple(lines),
        rule=rule,
        look=case.look,
        alpha=alpha,
        alpha_left=left,
        p=primary.p,
        floors=floors,
        anchors=anchors,
        comparison=comparison,
        shortfall=missing,
        labels=found,
    )


def _judged(
    case: Case,
    parts: list[Part],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    rule: Rule,
    alpha: float,
) -> tuple[Primary, LabelFigures | None]:
    """Judge by the labels that were asked for, where there are any, else by the test set alone."""
    if case.labels is None:
        return judge(case.policy, parts, rule, alpha), None
    metric = slice_metric(case.policy)
    return judge_labels(case.policy, metric, parts, tables, case.labels, rule, alpha)


def _parts(case: Case, comparison: Comparison, anchors: tuple[Figure, ...]) -> list[Part]:
    judged = zip(case.policy.judged, comparison.judged, strict=True)
    return [
        Part(metric, figure, anchors[place] if anchors else None)
        for place, (metric, figure) in enumerate(judged)
    ]


def _side_checks(
    case: Case, champion: Contestant, comparison: Comparison, floors: tuple[Figure, ...]
) -> list[Check]:
    lines = [checks.blessing_check(case.challenger), checks.leakage_check(case.leakage)]
    if floors:
        lines.append(checks.floor_check(case.policy, floors))
    lines += checks.guardrail_checks(case.policy, comparison.guardrails)
    lines += checks.slice_checks(case.policy, comparison)
    lines += checks.news_checks(comparison)
    lines += checks.resource_checks(case.policy, champion, case.challenger)
    lines += checks.business_checks(case.policy, comparison, case.revenue)
    suspicions = (
        checks.suspicion_check(metric, figure.champion, figure.challenger)
        for metric, figure in zip(case.policy.judged, comparison.judged, strict=True)
    )
    return [*lines, *filter(None, suspicions)]


def _reasons(
    primary: Primary,
    why: str,
    failed: list[Check],
    lines: list[Check],
    comparison: Comparison,
    missing: Shortfall | None,
    budget: str,
) -> Iterator[str]:
    yield from (line.note for line in failed)
    yield primary.reason
    yield f"rule: {why}"
    if missing is not None:
        yield missing.sentence
    yield from _contradictions(primary, comparison)
    yield from (line.note for line in lines if line.passed is None)
    yield budget


def _contradictions(primary: Primary, comparison: Comparison) -> Iterator[str]:
    """Say where a second witness credibly points the other way than the primary figure."""
    gain, pairs, losses = (
        primary.part.figure.estimate.gain,
        comparison.mcnemar,
        comparison.diebold_mariano,
    )
    if pairs is not None and pairs.p <= checks.SIGNIFICANCE:
        won = pairs.challenger_only - pairs.champion_only
        if won * gain < 0:
            yield (
                f"contradiction: by McNemar's test the {'challenger' if won > 0 else 'champion'} "
                f"is right more often ({pairs.challenger_only} against {pairs.champion_only} "
                f"requests that only one gets right, p = {pairs.p:.2g}), but "
                f"{primary.part.figure.metric} says the opposite"
            )
    if losses is not None and losses.p <= checks.SIGNIFICANCE and losses.statistic * gain < 0:
        yield f"contradiction: the Diebold-Mariano test says the opposite (p = {losses.p:.2g})"
    if primary.verdict == "promoted" and pairs is not None and pairs.p > checks.SIGNIFICANCE:
        yield (
            f"McNemar's test of the share of right answers sees no difference (p = {pairs.p:.2g})"
        )


def _against(case: Case, baseline: pd.DataFrame | None, rows: pd.DataFrame) -> tuple[Figure, ...]:
    """Return each judged figure of `rows` against a baseline's; none without a baseline."""
    if baseline is None:
        return ()
    old, new = aligned(baseline, rows)
    settings = case.policy.settings
    return tuple(
        figure_of(metric, old, new, settings.resamples, settings.seed)
        for metric in case.policy.judged
    )


def _peeks(case: Case) -> str:
    if not case.unjudged:
        return ""
    return f" (counted as {case.place}: {case.unjudged} more versions were measured, not judged)"


def _spent(case: Case) -> Ruling:
    settings = case.policy.settings
    alpha = alpha_at(settings.alpha, case.place)
    reason = (
        f"the test set is spent: look {case.look}{_peeks(case)} would have alpha {alpha:.2g}, "
        f"under the policy's smallest {settings.smallest_alpha:g}; freeze its next generation "
        "and judge again"
    )
    check = Check("alpha", alpha, settings.smallest_alpha, False, reason)
    return Ruling("undecided", (reason,), (check,), alpha=alpha)


def _identical(case: Case, champion: Contestant, comparison: Comparison) -> Ruling:
    reason = (
        f"nothing to promote: version {case.challenger.version} answers all {comparison.rows} "
        f"requests exactly as champion {champion.version} does"
    )
    check = Check("difference", 0, 1, False, reason)
    return Ruling("rejected", (reason,), (check,), comparison=comparison)
