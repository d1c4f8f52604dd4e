"""The named checks beside the primary test; any one that fails refuses the challenger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pipelines.gate.business import REVENUE
from pipelines.gate.comparison import Comparison, Figure
from pipelines.gate.leakage import Leakage
from pipelines.gate.policy import Policy
from pipelines.gate.verdict import Check, Contestant
from pipelines.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANCE = 0.05
"""One-sided level at which a guardrail, a slice or the floor is believed to be crossed."""
SMALL_SCORE = 0.1
"""Scores below this have a margin that is a share of them."""
SUSPICIOUS_ERROR_SHARE = 0.1
"""A challenger with less than this share of the champion's errors deserves a second look."""


def worst_margin(policy: Policy, metric: Metric, champion: float) -> float:
    """Return the non-inferiority margin in the metric's own unit.

    Of a score it is absolute (0.01: one point), of an error a share of the champion's. Of a
    champion's score under 0.1 it is a share, too: where lists among half a million items hit once
    in a hundred, a version without lists is worse by a point at most.
    """
    margin = policy.settings.non_inferiority_margin
    if not math.isfinite(champion):
        return margin
    if metric.direction == "up":
        return margin * min(1.0, abs(champion) / SMALL_SCORE)
    return margin * champion


def figure_sentence(figure: Figure) -> str:
    """Return a figure of both models and its gain as words."""
    return (
        f"{figure.metric} {figure.champion:.4f} -> {figure.challenger:.4f}, gain "
        f"{figure.estimate.gain:+.4f} (95 % interval {figure.lower:+.4f} to {figure.upper:+.4f})"
    )


def leakage_check(leakage: Leakage) -> Check:
    """Return whether the challenger has seen rows of the test set."""
    if leakage.status == "leaked":
        note = (
            f"{leakage.shared} of the test set's {leakage.of} keys are among the rows that the "
            "challenger was trained on"
        )
        return Check("leakage", leakage.shared, 0, False, note)
    if leakage.status == "clean":
        return Check("leakage", 0, 0, True, "no row of the test set was trained on")
    note = "leakage check not possible: nobody recorded what this version was trained on"
    return Check("leakage", "not possible", 0, None, note)


def blessing_check(challenger: Contestant) -> Check:
    """Return whether the real serving code could load and ask the challenger."""
    blessing = challenger.blessing
    if blessing.passed:
        note = f"loaded in a fresh process and answered {blessing.golden} golden requests"
        return Check("blessing", "passed", "passed", True, note)
    note = f"the serving code could not serve version {challenger.version}: {blessing.reason}"
    return Check("blessing", "failed", "passed", False, note)


def floor_check(policy: Policy, floors: tuple[Figure, ...]) -> Check:
    """Return whether the challenger is credibly better than the trivial baseline.

    Of several parts one has to be, and none may be credibly worse by more than its margin.
    """
    asked = [(m, f) for m, f in zip(policy.judged, floors, strict=True) if f.estimate.units]
    level = SIGNIFICANCE / max(len(asked), 1)
    beaten = [floor.estimate.p_above(0.0) <= level for _, floor in asked]
    behind = [
        floor.estimate.p_below(-worst_margin(policy, metric, floor.champion)) <= SIGNIFICANCE
        for metric, floor in asked
    ]
    note = "; ".join(map(_floor_sentence, [floor for _, floor in asked], beaten, behind))
    first = floors[0]
    passed = any(beaten) and not any(behind)
    note = note or "the test set asks for nothing that is judged"
    return Check("floor", first.challenger, first.champion, passed, note)


def _floor_sentence(floor: Figure, beaten: bool, behind: bool) -> str:
    word = "beats" if beaten else "does not credibly beat"
    word = "is credibly worse than" if behind else word
    return (
        f"{floor.metric} {floor.challenger:.4f} {word} the trivial baseline's "
        f"{floor.champion:.4f} (p = {floor.estimate.p_above(0.0):.2g})"
    )


def guardrail_checks(policy: Policy, figures: tuple[Figure, ...]) -> Iterator[Check]:
    """Yield, for each guardrail, whether the challenger is within its margin and its limit."""
    for rail, figure in zip(policy.guardrails, figures, strict=True):
        name = f"guardrail:{rail.metric.name}"
        gain = figure.estimate.gain
        note = (
            f"{rail.metric.name} {figure.champion:.4f} -> {figure.challenger:.4f}, "
            f"may get worse by {rail.margin:g}"
        )
        if math.isnan(gain):
            note = f"{rail.metric.name} cannot be compared: one of the two does not state it"
            yield Check(name, "not possible", -rail.margin, None, note)
        else:
            worse = gain < -rail.margin and figure.estimate.p_below(0.0) <= SIGNIFICANCE
            yield Check(name, figure.challenger, figure.champion, not worse, note)
        if rail.limit is not None:
            yield limit_check(rail.metric, figure.challenger, rail.limit)


def limit_check(metric: Metric, value: float, limit: float) -> Check:
    """Return whether a figure keeps the limit that holds whoever is champion."""
    name = f"limit:{metric.name}"
    if math.isnan(value):
        note = f"{metric.name} cannot be held to its limit: the challenger does not state it"
        return Check(name, "not possible", limit, None, note)
    within = value >= limit if metric.direction == "up" else value <= limit
    side = "at least" if metric.direction == "up" else "at most"
    return Check(name, value, limit, within, f"{metric.name} {value:.4f}, must be {side} {limit:g}")


def slice_checks(policy: Policy, comparison: Comparison) -> Iterator[Check]:
    """Yield, for each slice, whether the challenger is credibly worse there beyond the margin.

    Credibly: Holm's p over the slices. A slice of too few rows is shown and decides nothing.
    """
    margin, minimum = policy.settings.slices.margin, policy.settings.slices.minimum_rows
    for part in comparison.slices:
        name = f"slice:{part.name}"
        if part.figure is None or part.p_worse is None:
            note = f"slice {part.name}: {part.rows} rows, fewer than {minimum}: not judged"
            yield Check(name, None, -margin, None, note)
            continue
        gain = part.figure.estimate.gain
        failed = gain < -margin and part.p_worse <= SIGNIFICANCE
        note = (
            f"slice {part.name}: {part.figure.metric} {part.figure.champion:.4f} -> "
            f"{part.figure.challenger:.4f} on {part.rows} rows "
            f"(p of being worse, Holm: {part.p_worse:.2g})"
        )
        yield Check(name, gain, -margin, not failed, note)


def news_checks(comparison: Comparison) -> Iterator[Check]:
    """Show how both models do on classes that the champion never answers; decides nothing."""
    news = comparison.news
    if news is None or news.figure is None:
        return
    note = (
        f"{news.rows} rows of classes that the champion never answers count as its errors: "
        f"{news.figure.metric} {news.figure.champion:.4f} -> {news.figure.challenger:.4f} there"
    )
    yield Check("classes_new_to_champion", news.figure.estimate.gain, None, None, note)


def resource_checks(
    policy: Policy, champion: Contestant | None, challenger: Contestant
) -> Iterator[Check]:
    """Yield latency against budget and champion, and size against the champion's."""
    new = challenger.blessing
    if new.latency_ms is not None:
        budget = policy.latency_budget_ms
        note = f"{new.latency_ms:.3g} ms a request, budget {budget:g} ms"
        yield Check("latency_budget", new.latency_ms, budget, new.latency_ms <= budget, note)
    if champion is None:
        return
    old, settings = champion.blessing, policy.settings
    if new.latency_ms is not None and old.latency_ms is not None:
        # Below the grace a ratio would compare two clocks' noise, not two models.
        limit = max(settings.latency_ratio * old.latency_ms, settings.latency_grace_ms)
        note = (
            f"{new.latency_ms:.3g} ms against the champion's {old.latency_ms:.3g} ms, "
            f"may take {limit:.3g} ms"
        )
        yield Check("latency", new.latency_ms, limit, new.latency_ms <= limit, note)
    if new.size_bytes is not None and old.size_bytes is not None:
        allowed = max(settings.size_ratio * old.size_bytes, settings.size_grace_bytes)
        note = f"{new.size_bytes:,} bytes against {old.size_bytes:,}, may have {allowed:,.0f}"
        yield Check("size", new.size_bytes, allowed, new.size_bytes <= allowed, note)


def suspicion_check(metric: Metric, champion: float | None, challenger: float) -> Check | None:
    """Return a warning when a score between 0 and 1 is too good to be believed unseen."""
    if metric.direction != "up" or not 0 <= challenger <= 1:
        return None
    limit = 0.999
    if champion is not None:
        limit = min(limit, 1 - SUSPICIOUS_ERROR_SHARE * (1 - champion))
    if challenger < limit:
        return None
    note = (
        f"suspicious: {metric.name} {challenger:.4f} leaves almost no error; look for "
        "the answer among the features, or for leaked rows"
    )
    return Check("suspicious_score", challenger, limit, None, note)


def business_checks(
    policy: Policy, comparison: Comparison, revenue: Mapping[str, str] | None
) -> Iterator[Check]:
    """Show the figures in money that do not decide; those that do are among the judged ones."""
    money = {metric.name for metric in policy.money}
    for figure in comparison.others:
        if figure.metric in money:
            known, note = math.isfinite(figure.challenger), f"in money: {figure_sentence(figure)}"
            value = figure.challenger if known else "not possible"
            note = _of_revenue(figure.metric, note, known, revenue)
            yield Check(f"business:{figure.metric}", value, figure.champion, None, note)


def business_alone(
    policy: Policy, rows: pd.DataFrame, revenue: Mapping[str, str] | None
) -> Iterator[Check]:
    """Show the figures in money of a challenger that is held against no champion."""
    for metric in policy.money:
        found = metric.value(rows)
        known, note = math.isfinite(found), f"in money: {metric.name} {found:.4f}"
        value = found if known else "not possible"
        note = _of_revenue(metric.name, note, known, revenue)
        yield Check(f"business:{metric.name}", value, None, None, note)


def _of_revenue(name: str, note: str, known: bool, revenue: Mapping[str, str] | None) -> str:
    if not known:
        return f"{name} cannot be told: {(revenue or {}).get('unknown', 'nothing was stated')}"
    if revenue is None or "rows" not in revenue or not name.startswith(REVENUE):
        return note
    return f"{note}; revenue stands behind {revenue['rows']} questions"
