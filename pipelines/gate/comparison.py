"""Champion against challenger on the same requests: figures, slices, witnesses.

Pure: two tables of per-request predictions and a policy go in, numbers come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.resampling import Plan, plan
from features.statistics import (
    DieboldMariano,
    Estimate,
    McNemar,
    diebold_mariano,
    holm,
    mcnemar,
)
from pipelines.metrics import Metric

if TYPE_CHECKING:
    from pipelines.gate.policy import Policy

FACTS = ("group", "stratum", "actual")
"""Columns that belong to the request, not to the model: they must agree."""
DISAGREEMENTS_SHOWN = 200
BEYOND = 1e100
"""The gain over a model whose figure is no number: more than any that can be measured."""
MANY_GROUPS = 20_000
"""From here on resampling a root tells nothing but its closed form, and takes minutes."""
DEPENDENT_DAYS = 7
"""Losses of days up to a week apart are taken to depend on each other."""


class NotComparable(ValueError):
    """The two tables do not answer the same requests with the same truth."""


@dataclass(frozen=True)
class Figure:
    """One metric of both models. `lower` and `upper` bound the gain at 95 %."""

    metric: str
    champion: float
    challenger: float
    estimate: Estimate
    lower: float
    upper: float


@dataclass(frozen=True)
class SliceFigure:
    """A figure on some of the rows; `p_worse` is Holm's, None where the rows are too few."""

    name: str
    rows: int
    figure: Figure | None
    p_worse: float | None


@dataclass(frozen=True)
class Comparison:
    """Everything that the two tables say about each other."""

    rows: int
    identical: bool
    """True when no answer differs, not even in its confidence."""
    primary: Figure
    components: tuple[Figure, ...]
    """The figures of the version's other parts, which decide along with the primary one."""
    others: tuple[Figure, ...]
    guardrails: tuple[Figure, ...]
    slices: tuple[SliceFigure, ...]
    news: SliceFigure | None
    """Rows of classes that the champion never answers: they count as its errors."""
    mcnemar: McNemar | None
    diebold_mariano: DieboldMariano | None
    disagreements: int
    disagreeing: tuple[str, ...]
    """Requests that the models answer differently, the first ones by name."""

    @property
    def judged(self) -> tuple[Figure, ...]:
        """Return the figures that decide, in the order of the policy's judged metrics."""
        return (self.primary, *self.components)


def compare(champion: pd.DataFrame, challenger: pd.DataFrame, policy: Policy) -> Comparison:
    """Compare two tables of per-request predictions. Raises `NotComparable`."""
    old, new = aligned(champion, challenger)
    settings = policy.settings

    def figure(metric: Metric) -> Figure:
        return figure_of(metric, old, new, settings.resamples, settings.seed)

    differ = _differing_rows(old, new, _answer_columns(old, policy))
    shared = [str(name) for name in old.columns.intersection(new.columns)]
    return Comparison(
        rows=len(old),
        identical=not _differing_rows(old, new, shared).any(),
        primary=figure(policy.primary),
        components=tuple(figure(metric) for metric in policy.components),
        others=tuple(figure(m) for m in policy.metrics if m not in policy.judged),
        guardrails=tuple(figure(rail.metric) for rail in policy.guardrails),
        slices=_slices(old, new, policy),
        news=_news(old, new, policy),
        mcnemar=_mcnemar(old, new),
        diebold_mariano=_diebold_mariano(old, new),
        disagreements=int(differ.sum()),
        disagreeing=tuple(str(name) for name in old.index[differ][:DISAGREEMENTS_SHOWN]),
    )


def aligned(champion: pd.DataFrame, challenger: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables in the order of their requests. Raises `NotComparable`."""
    old, new = champion.sort_index(), challenger.sort_index()
    if old.empty or not old.index.is_unique or not old.index.equals(new.index):
        raise NotComparable("the two models did not answer the same requests, each once")
    for column in FACTS:
        if column in old and (column not in new or not old[column].equals(new[column])):
            raise NotComparable(f"the two tables hold different values of {column!r}")
    return old, new


def plan_of(rows: pd.DataFrame) -> Plan:
    """Return how rows are resampled: whole groups, within strata, where they name them."""
    groups = rows["group"].to_numpy() if "group" in rows else np.arange(len(rows))
    return plan(groups, rows["stratum"].to_numpy() if "stratum" in rows else None)


def figure_of(
    metric: Metric, old: pd.DataFrame, new: pd.DataFrame, resamples: int, seed: int
) -> Figure:
    """Return one metric of both aligned tables with the gain's resampling error.

    Of a mean the error is known in closed form, and of its root where groups are many; every other
    kind is resampled: a root by the sums of each group, what is not made of sums row by row. A
    model whose figure is no number where the other one has one is worse than any. Raises
    `NotComparable`.
    """
    if metric.where is not None and not old[metric.where].equals(new[metric.where]):
        raise NotComparable(f"the two tables hold different values of {metric.where!r}")
    old, new = metric.concerned(old), metric.concerned(new)
    design = plan_of(old)
    before, after = stated(metric, old), stated(metric, new)
    with np.errstate(invalid="ignore"):
        gain = float(metric.gain(np.array(after), np.array(before)))
    differ = _differing_rows(old, new, list(metric.columns))
    if not (math.isfinite(before) and math.isfinite(after)):
        centre = BEYOND * (math.isfinite(after) - math.isfinite(before))
        error = 0.0 if centre else math.inf
    elif not differ.any() or design.units < 2:
        centre, error = gain, 0.0 if design.units > 1 else math.inf
    elif metric.kind == "mean" or (metric.kind == "root_mean" and design.units >= MANY_GROUPS):
        centre, error = gain, _closed_form(metric, old, new, design)
    else:
        centre, error = _resampled(metric, old, new, design, resamples, seed)
    groups = len(np.unique(design.group_of_row[differ]))
    found = Estimate(gain, centre, error, design.units, groups)
    return Figure(metric.name, before, after, found, found.lower(0.025), found.upper(0.025))


def stated(metric: Metric, rows: pd.DataFrame) -> float:
    """Return a figure: NaN where no row states it, the worst there is where only some rows do."""
    with np.errstate(over="ignore"):
        value = metric.value(rows)
    if abs(value) < BEYOND or rows[list(metric.columns)].isna().any(axis=1).all():
        return value
    return -math.inf if metric.direction == "up" else math.inf


def _closed_form(metric: Metric, old: pd.DataFrame, new: pd.DataFrame, design: Plan) -> float:
    left, right = (rows[metric.columns[0]].to_numpy(np.float64) for rows in (old, new))
    if metric.kind == "root_mean":
        # A root moves by 1 / (2 root) of what its mean moves by; none moves where all are zero.
        left, right = (each / (2 * max(np.sqrt(each.mean()), 1e-300)) for each in (left, right))
    return design.error_of_mean(metric.gain(right, left))


def _resampled(
    metric: Metric, old: pd.DataFrame, new: pd.DataFrame, design: Plan, resamples: int, seed: int
) -> tuple[float, float]:
    if metric.kind != "root_mean":
        return design.spread(
            lambda weights: metric.gain(
                metric.resampled(new, weights), metric.resampled(old, weights)
            ),
            resamples,
            seed,
        )
    column = metric.columns[0]
    mine, theirs = (design.sums(rows[column].to_numpy(np.float64)) for rows in (new, old))
    counts = design.sums(np.ones(len(old)))
    return design.spread_by_group(
        lambda weights: metric.gain(
            np.sqrt(weights @ mine / (weights @ counts)),
            np.sqrt(weights @ theirs / (weights @ counts)),
        ),
        resamples,
        seed,
    )


def _differing_rows(
    old: pd.DataFrame, new: pd.DataFrame, columns: list[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    differ = np.zeros(len(old), dtype=bool)
    for column in columns:
        left, right = _hashable(old[column]), _hashable(new[column])
        differ |= ((left != right) & ~(left.isna() & right.isna())).to_numpy(dtype=bool)
    return differ


def _hashable(column: pd.Series) -> pd.Series:
    """Return a column of lists, which a file gives back as arrays, as one of their texts."""
    if column.dtype != object:
        return column
    listed = column.map(lambda value: str(list(value)) if np.ndim(value) else value)
    return listed.astype(object)


def _answer_columns(rows: pd.DataFrame, policy: Policy) -> list[str]:
    if "correct" in rows:
        return ["predicted"]  # a label is another answer only where it is another label
    return sorted({column for metric in policy.judged for column in metric.columns})


def slice_metric(policy: Policy) -> Metric:
    """Return what slices are judged by: the first declared mean, else the primary metric.

    A macro average over a slice's few rows mostly measures which classes happen to be in it.
    """
    return next((m for m in (policy.primary, *policy.metrics) if m.kind == "mean"), policy.primary)


def _slices(old: pd.DataFrame, new: pd.DataFrame, policy: Policy) -> tuple[SliceFigure, ...]:
    metric, settings = slice_metric(policy), policy.settings
    found = []
    for name in policy.slices:
        if f"slice:{name}" not in old:
            raise NotComparable(f"the tables do not say which rows are in slice {name!r}")
        inside = old[f"slice:{name}"].to_numpy(dtype=bool)
        rows, figure = len(metric.concerned(old[inside])), None
        if rows >= settings.slices.minimum_rows:
            figure = figure_of(metric, old[inside], new[inside], settings.resamples, settings.seed)
        found.append(SliceFigure(name, rows, figure, None))
    raw = {s.name: s.figure.estimate.p_below(0.0) for s in found if s.figure}
    corrected = holm(raw)
    return tuple(replace(s, p_worse=corrected.get(s.name)) for s in found)


def _news(old: pd.DataFrame, new: pd.DataFrame, policy: Policy) -> SliceFigure | None:
    if not {"actual", "predicted", "correct"} <= set(old.columns):
        return None  # numbers are no classes
    unknown = ~old["actual"].isin(old["predicted"]).to_numpy()
    if not unknown.any():
        return None
    part, other = old[unknown], new[unknown]
    settings = policy.settings
    figure = figure_of(slice_metric(policy), part, other, settings.resamples, settings.seed)
    return SliceFigure("classes that the champion never answers", len(part), figure, None)


def _mcnemar(old: pd.DataFrame, new: pd.DataFrame) -> McNemar | None:
    if "correct" not in old or "correct" not in new:
        return None
    return mcnemar(old["correct"].to_numpy(dtype=bool), new["correct"].to_numpy(dtype=bool))


def _diebold_mariano(old: pd.DataFrame, new: pd.DataFrame) -> DieboldMariano | None:
    """Test forecasts by the mean loss of each day over all series, in order of time."""
    if "losses" not in old or "losses" not in new or "origin" not in old:
        return None
    before, after = daily_losses(old), daily_losses(new)
    if not before.index.equals(after.index):
        return None
    return diebold_mariano(before.to_numpy(), after.to_numpy(), DEPENDENT_DAYS)


def daily_losses(rows: pd.DataFrame) -> pd.Series:
    """Return the mean loss of each forecast day, from the lists of `losses` that begin at `origin`.

    A day that is not scored is NaN in a list, and absent here where no series scores it.
    """
    first = pd.to_datetime(rows["origin"]).to_numpy().astype("datetime64[D]")
    days = np.concatenate(
        [
            start + np.arange(len(losses))
            for start, losses in zip(first, rows["losses"], strict=True)
        ]
    )
    losses = np.concatenate([np.asarray(each, dtype=np.float64) for each in rows["losses"]])
    return pd.Series(losses).groupby(days).mean().dropna().sort_index()
