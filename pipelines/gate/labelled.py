"""What labels on request say: a test on live questions that may be looked at after every label.

Both models have answered a pool of live questions, put into a random order. The gain of a question
is +1 where the challenger alone is right, -1 where the champion alone is, else 0; so it is known
to be 0 wherever the two agree, and only the others need a person. Bets against "the mean gain is
at most the null" go along the order. A question that waits for its label counts as the worst that
it can be, whoever labels what first: stakes never change, so this wealth is at most the true one,
and Ville's inequality holds for it at every moment (`features.betting`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.betting import BoundedMean, most_ever
from pipelines.gate.checks import SIGNIFICANCE, figure_sentence, worst_margin
from pipelines.gate.primary import Outcome, Part, Primary, interesting_gain
from pipelines.gate.verdict import Check, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.gate.comparison import Figure
    from pipelines.gate.policy import Policy
    from pipelines.metrics import Metric

Floats = NDArray[np.float64]
COMPARED = frozenset({"actual", "predicted", "correct"})
"""Columns that a labelled question has; metrics of others are those of the test set alone."""
INTERVAL_ALPHA = 0.05
STAKES: Final = (0.125, 0.25, 0.5)
"""Parts of the largest safe stake: labels are few, so only gains worth a promotion are bet on."""


@dataclass(frozen=True)
class Labelled:
    """A campaign's pool in its random order, with the labels that have come.

    `rows`: `champion`, `challenger` and, where there is one, `anchor` answer; `asked` for a label
    or not; `actual` where the label has come, else None. `final` when no further label can come.
    """

    campaign: str
    rows: pd.DataFrame
    final: bool


@dataclass(frozen=True)
class LabelFigures:
    """What the labels say. `log_e` is the logarithm of the evidence, promoting from `needed`.

    `gain` is that of accuracy on live questions, with bounds that hold at 95 % at every moment.
    """

    campaign: str
    questions: int
    disagree: int
    asked: int
    labelled: int
    challenger_only: int
    champion_only: int
    neither_or_both: int
    log_e: float
    needed: float
    log_e_against: float
    needed_against: float
    gain: float
    lower: float
    upper: float
    final: bool

    @property
    def settled(self) -> bool:
        """Return whether the labels are enough to promote or to refuse."""
        return self.log_e >= self.needed or self.log_e_against >= self.needed_against


class Bets(NamedTuple):
    """Nulls of the two bets: the gain is at most `null`; the gain is at least `interesting`."""

    null: float
    interesting: float


def judge_labels(
    policy: Policy,
    metric: Metric,
    parts: Sequence[Part],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    labelled: Labelled,
    rule: Rule,
    alpha: float,
) -> tuple[Primary, LabelFigures]:
    """Judge the live gain by a rule at the alpha of the look that the campaign has paid for.

    `metric` is the share of right answers, `tables` are the two models' on the test set. Promotes
    when the live gain is credible and no judged figure is worse beyond its margin: on the test set
    and the labels together than the champion's, on the test set than the anchor's.
    """
    champion = metric.value(tables[0])
    found = evidence(policy, metric, champion, labelled, rule, alpha)
    p = math.exp(-max(found.log_e, 0.0))
    checks = [Check("labels", p, alpha, found.log_e >= found.needed, _sentence(found))]
    checks += [_kept(policy, part, tables, labelled.rows) for part in parts]
    checks += [_kept_anchor(policy, part, part.anchor) for part in parts if part.anchor is not None]
    if parts[0].anchor is not None and "anchor" not in labelled.rows:
        note = "the last champion that won by superiority was not asked about the live questions"
        checks.append(Check("anchor", "not asked", None, False, note))
    kept = all(check.passed for check in checks[1:])
    verdict = _outcome(found, kept=kept)
    reason = f"labels on request: {_sentence(found)}: {_ending(found, verdict, p, alpha, kept)}"
    return Primary(verdict, p, tuple(checks), reason, parts[0]), found


def evidence(
    policy: Policy, metric: Metric, champion: float, labelled: Labelled, rule: Rule, alpha: float
) -> LabelFigures:
    """Return what the labels say by themselves; `champion` is its share of right answers."""
    return _figures(labelled, _nulls(policy, metric, champion, rule), alpha, rule)


def disagreeing(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which questions have to be labelled: the challenger stands alone against another."""
    differ = (rows["champion"] != rows["challenger"]).to_numpy(bool)
    if "anchor" in rows:
        differ = differ | (rows["anchor"] != rows["challenger"]).to_numpy(bool)
    return differ


def _nulls(policy: Policy, metric: Metric, champion: float, rule: Rule) -> Bets:
    if rule == "non_inferiority":
        return Bets(-worst_margin(policy, metric, champion), 0.0)
    return Bets(policy.settings.minimum_effect, interesting_gain(policy, metric, champion))


def _figures(labelled: Labelled, bets: Bets, alpha: float, rule: Rule) -> LabelFigures:
    rows = _in_turn(labelled.rows)
    gains = _gains(rows, "champion")
    log_e = most_ever(_known(gains, -1.0) - bets.null, 1 + bets.null, STAKES)
    if rule == "non_inferiority" and "anchor" in rows:
        against_anchor = _known(_gains(rows, "anchor"), -1.0)
        log_e = min(log_e, most_ever(against_anchor - bets.null, 1 + bets.null, STAKES))
    against = -math.inf
    if bets.interesting < 1:
        losses = bets.interesting - _known(gains, 1.0)
        against = most_ever(losses, 1 - bets.interesting, STAKES)
    differ = (rows["champion"] != rows["challenger"]).to_numpy(bool)
    told = gains[differ & ~np.isnan(gains)]
    whole = labelled.rows
    share = float((whole["champion"] != whole["challenger"]).mean())
    lower, upper = _bounds(told)
    return LabelFigures(
        campaign=labelled.campaign,
        questions=len(whole),
        disagree=round(share * len(whole)),
        asked=int(whole["asked"].sum()),
        labelled=int(whole["actual"].notna().sum()),
        challenger_only=int((told > 0).sum()),
        champion_only=int((told < 0).sum()),
        neither_or_both=int((told == 0).sum()),
        log_e=log_e,
        needed=-math.log(alpha),
        log_e_against=against,
        needed_against=-math.log(SIGNIFICANCE),
        gain=share * float(told.mean()) if len(told) else 0.0,
        lower=share * lower,
        upper=share * upper,
        final=labelled.final,
    )


def _in_turn(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the pool up to the first question that needs a label and was not asked for."""
    beyond = disagreeing(rows) & ~rows["asked"].to_numpy(bool)
    return rows.iloc[: int(np.argmax(beyond))] if beyond.any() else rows


def _gains(rows: pd.DataFrame, rival: str) -> Floats:
    """Return each question's gain over a rival; NaN where it waits for a label."""
    mine, theirs = rows["challenger"], rows[rival]
    actual = rows["actual"]
    gains: Floats = (mine == actual).to_numpy(float) - (theirs == actual).to_numpy(float)
    waits = ((mine != theirs) & actual.isna()).to_numpy(bool)
    return np.where(waits, np.nan, gains)


def _known(gains: Floats, otherwise: float) -> Floats:
    return np.where(np.isnan(gains), otherwise, gains)


def _bounds(told: Floats) -> tuple[float, float]:
    """Return bounds of the mean gain where the two differ, right at every moment at once."""
    mean = BoundedMean(INTERVAL_ALPHA)
    for gain in told:
        mean.add((float(gain) + 1) / 2)
    lower, upper = mean.interval()
    return 2 * lower - 1, 2 * upper - 1


def _kept(
    policy: Policy, part: Part, tables: tuple[pd.DataFrame, pd.DataFrame], rows: pd.DataFrame
) -> Check:
    """Return whether a judged figure, labels included, is within its margin of the champion's."""
    metric = part.metric
    before, after = with_labels(metric, tables, rows)
    margin = worst_margin(policy, metric, before)
    gain = float(metric.gain(np.array(after), np.array(before)))
    note = (
        f"{metric.name} on the test set and the labels {before:.4f} -> {after:.4f}, "
        f"may be worse by {margin:.4g}"
    )
    return Check(f"with_labels:{metric.name}", gain, -margin, gain >= -margin, note)


def _kept_anchor(policy: Policy, part: Part, anchor: Figure) -> Check:
    """Return whether a judged figure is within its margin of the anchor's on the test set: without
    it, labels would let steps downhill through that each are small."""
    margin = worst_margin(policy, part.metric, part.figure.champion)
    note = (
        f"against the last champion that won by superiority: {figure_sentence(anchor)}, may be "
        f"worse by {margin:.4g}"
    )
    gain = anchor.estimate.gain
    return Check(f"anchor:{part.metric.name}", gain, -margin, gain >= -margin, note)


def with_labels(
    metric: Metric, tables: tuple[pd.DataFrame, pd.DataFrame], rows: pd.DataFrame
) -> tuple[float, float]:
    """Return a metric of both models over the test set's rows and the labelled live questions.

    Each stratum's labels stand for all its live questions, and the labels together count as many
    rows as they are. Without labels of both strata, or for a metric that reads more than answers,
    it is that of the test set.
    """
    told = rows[rows["actual"].notna()]
    weights = _weights(rows, told)
    if weights is None or not set(metric.columns) <= COMPARED or metric.where is not None:
        return metric.value(tables[0]), metric.value(tables[1])
    found = []
    for table, side in zip(tables, ("champion", "challenger"), strict=True):
        live = pd.DataFrame({"actual": told["actual"], "predicted": told[side]})
        live["correct"] = (live["actual"] == live["predicted"]).astype(float)
        joined = pd.concat([table[list(metric.columns)], live[list(metric.columns)]])
        every = np.concatenate([np.ones(len(table)), weights])
        found.append(float(metric.resampled(joined, every[None, :])[0]))
    return found[0], found[1]


def _weights(rows: pd.DataFrame, told: pd.DataFrame) -> Floats | None:
    differ, differ_told = disagreeing(rows), disagreeing(told)
    sizes = [int((~differ).sum()), int(differ.sum())]
    counts = [int((~differ_told).sum()), int(differ_told.sum())]
    if any(size and not count for size, count in zip(sizes, counts, strict=True)):
        return None
    each = [size / count if count else 0.0 for size, count in zip(sizes, counts, strict=True)]
    weights = np.where(differ_told, each[1], each[0])
    return np.asarray(weights * len(told) / weights.sum(), dtype=np.float64)


def _outcome(found: LabelFigures, *, kept: bool) -> Outcome:
    if found.log_e >= found.needed and kept:
        return "promoted"
    return "rejected" if found.log_e_against >= found.needed_against else "undecided"


def _sentence(found: LabelFigures) -> str:
    return (
        f"of {found.challenger_only + found.champion_only + found.neither_or_both} labelled live "
        f"questions on which the two differ ({found.disagree:,} of {found.questions:,} do) the "
        f"challenger alone is right in {found.challenger_only}, the champion alone in "
        f"{found.champion_only}: gain in accuracy {found.gain:+.4f} "
        f"(95 % bounds that hold at any time {found.lower:+.4f} to {found.upper:+.4f})"
    )


def _ending(found: LabelFigures, verdict: Outcome, p: float, alpha: float, kept: bool) -> str:
    if verdict == "promoted":
        return f"credible at any time (p = {p:.2g}, limit {alpha:.2g})"
    if verdict == "rejected":
        return "a gain worth a promotion is credibly not there"
    if found.log_e >= found.needed and not kept:
        return "credible, but another figure is worse beyond its margin"
    more = "no further label will come" if found.final else "more labels may tell"
    return f"not credible yet (p = {p:.2g}, limit {alpha:.2g}); {more}"
