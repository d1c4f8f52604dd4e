"""Champion against challenger on the same requests: figures, slices, witnesses.

Pure: two tables of per-request predictions and a policy go in, numbers come out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

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
    import pandas as pd

    from pipelines.gate.policy import Policy

FACTS = ("group", "stratum", "actual")
"""Columns that belong to the request, not to the model: they must agree."""
DISAGREEMENTS_SHOWN = 200


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


def compare(champion: pd.DataFrame, challenger: pd.DataFrame, policy: Policy) -> Comparison:
    """Compare two tables of per-request predictions. Raises `NotComparable`."""
    old, new = aligned(champion, challenger)
    design = plan_of(old)
    settings = policy.settings

    def figure(metric: Metric) -> Figure:
        return figure_of(metric, old, new, design, settings.resamples, settings.seed)

    primary = figure(policy.primary)
    differ = _differing_rows(old, new, _answer_columns(old, policy))
    shared = [str(name) for name in old.columns.intersection(new.columns)]
    return Comparison(
        rows=len(old),
        identical=not _differing_rows(old, new, shared).any(),
        primary=primary,
        others=tuple(figure(m) for m in policy.metrics if m.name != policy.primary.name),
        guardrails=tuple(figure(rail.metric) for rail in policy.guardrails),
        slices=_slices(old, new, policy),
        news=_news(old, new, policy),
        mcnemar=_mcnemar(old, new),
        diebold_mariano=_diebold_mariano(old, new, policy.primary),
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
    metric: Metric, old: pd.DataFrame, new: pd.DataFrame, design: Plan, resamples: int, seed: int
) -> Figure:
    """Return one metric of both tables with the gain's resampling error.

    Of a mean the error is known in closed form; every other kind is resampled.
    """
    before, after = metric.value(old), metric.value(new)
    gain = float(metric.gain(np.array(after), np.array(before)))
    differ = _differing_rows(old, new, list(metric.columns))
    if not differ.any() or design.units < 2:
        centre, error = gain, 0.0 if design.units > 1 else math.inf
    elif metric.kind == "mean":
        left, right = (rows[metric.columns[0]].to_numpy(np.float64) for rows in (old, new))
        centre, error = gain, design.error_of_mean(metric.gain(right, left))
    else:
        centre, error = design.spread(
            lambda weights: metric.gain(
                metric.resampled(new, weights), metric.resampled(old, weights)
            ),
            resamples,
            seed,
        )
    groups = len(np.unique(design.group_of_row[differ]))
    found = Estimate(gain, centre, error, design.units, groups)
    return Figure(metric.name, before, after, found, found.lower(0.025), found.upper(0.025))


def _differing_rows(
    old: pd.DataFrame, new: pd.DataFrame, columns: list[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    differ = np.zeros(len(old), dtype=bool)
    for column in columns:
        left, right = old[column], new[column]
        differ |= ((left != right) & ~(left.isna() & right.isna())).to_numpy(dtype=bool)
    return differ


def _answer_columns(rows: pd.DataFrame, policy: Policy) -> list[str]:
    return ["predicted"] if "predicted" in rows else list(policy.primary.columns)


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
        rows, figure = int(inside.sum()), None
        if rows >= settings.slices.minimum_rows:
            part, other = old[inside], new[inside]
            figure = figure_of(
                metric, part, other, plan_of(part), settings.resamples, settings.seed
            )
        found.append(SliceFigure(name, rows, figure, None))
    raw = {s.name: s.figure.estimate.p_below(0.0) for s in found if s.figure}
    corrected = holm(raw)
    return tuple(replace(s, p_worse=corrected.get(s.name)) for s in found)


def _news(old: pd.DataFrame, new: pd.DataFrame, policy: Policy) -> SliceFigure | None:
    if "actual" not in old or "predicted" not in old:
        return None
    unknown = ~old["actual"].isin(old["predicted"]).to_numpy()
    if not unknown.any():
        return None
    part, other = old[unknown], new[unknown]
    settings = policy.settings
    figure = figure_of(
        slice_metric(policy), part, other, plan_of(part), settings.resamples, settings.seed
    )
    return SliceFigure("classes that the champion never answers", len(part), figure, None)


def _mcnemar(old: pd.DataFrame, new: pd.DataFrame) -> McNemar | None:
    if "correct" not in old or "correct" not in new:
        return None
    return mcnemar(old["correct"].to_numpy(dtype=bool), new["correct"].to_numpy(dtype=bool))


def _diebold_mariano(
    old: pd.DataFrame, new: pd.DataFrame, primary: Metric
) -> DieboldMariano | None:
    """Test time series by the mean loss of each forecast origin, in order of time."""
    if "origin" not in old or "horizon" not in old:
        return None
    column = primary.columns[0]
    losses = [rows[column].groupby(old["origin"].to_numpy()).mean() for rows in (old, new)]
    horizon = int(old["horizon"].max())
    return diebold_mariano(losses[0].to_numpy(), losses[1].to_numpy(), horizon)
