"""What turned out true of each version's answers: figures with intervals, whatever it answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.metrics import macro_f1, root_mean
from pipelines.monitoring.accuracy import measured
from pipelines.monitoring.served import Answer
from pipelines.rollouts.losses import CHOSEN, ITEMS

Weighted = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A figure under each row of weights, shape (resamples, answers)."""
RESAMPLES = 500
SEED = 20_261_121
FEWEST = 2
"""Truths without which a figure has no interval."""


@dataclass(frozen=True)
class LiveFigure:
    """A figure of one version's answers with its 95 % interval, from `answers` known truths."""

    version: str
    name: str
    value: float
    lower: float
    upper: float
    answers: int


def live_figures(found: Iterable[Answer], target: str) -> tuple[LiveFigure, ...]:
    """Return the figures of each version: of labels, of numbers, or of lists chosen from."""
    versions: dict[str, list[Answer]] = {}
    for answer in found:
        versions.setdefault(answer.version, []).append(answer)
    return tuple(
        figure
        for version in sorted(versions, key=lambda name: (len(name), name))
        for figure in (
            *_of_labels(version, versions[version], target),
            *_of_numbers(version, versions[version], target),
            *_of_lists(version, versions[version]),
        )
    )


def _of_labels(version: str, found: Sequence[Answer], target: str) -> list[LiveFigure]:
    told = [answer for answer in found if isinstance(answer.actual, str)]
    if len(told) < FEWEST:
        return []
    truth = np.array([answer.actual for answer in told], dtype=str)
    given = np.array([str(answer.row.get(target)) for answer in told], dtype=str)
    share = measured([bool(right) for right in truth == given])
    accuracy = LiveFigure(version, "accuracy", share.value, share.lower, share.upper, len(told))
    return [
        accuracy,
        _resampled(version, "macro_f1", len(told), lambda w: macro_f1(truth, given, w)),
    ]


def _of_numbers(version: str, found: Sequence[Answer], target: str) -> list[LiveFigure]:
    pairs = [(_number(answer.actual), _number(answer.row.get(target))) for answer in found]
    errors = [a - b for a, b in pairs if a is not None and b is not None]
    if len(errors) < FEWEST:
        return []
    squared = np.square(errors)
    return [_resampled(version, "rmse", len(errors), lambda w: root_mean(squared, w))]


def _of_lists(version: str, found: Sequence[Answer]) -> list[LiveFigure]:
    """Return the share of the shown lists from which something was chosen."""
    shown = [answer for answer in found if answer.row.get(ITEMS)]
    chosen = [isinstance(answer.actual, Mapping) and CHOSEN in answer.actual for answer in shown]
    if len(shown) < FEWEST or not any(chosen):
        return []
    share = measured(chosen)
    return [LiveFigure(version, "chosen", share.value, share.lower, share.upper, len(shown))]


def _resampled(version: str, name: str, rows: int, figure: Weighted) -> LiveFigure:
    """Return a figure with the percentile interval of its bootstrap (Efron 1979)."""
    drawn = np.random.default_rng(SEED).multinomial(rows, [1 / rows] * rows, size=RESAMPLES)
    values = figure(drawn.astype(np.float64))
    lower, upper = np.quantile(values, [0.025, 0.975])
    value = figure(np.ones((1, rows)))[0]
    return LiveFigure(version, name, float(value), float(lower), float(upper), rows)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
