"""Metrics as data: computed from a per-request table alone, so a replay needs no model.

A `Metric` names a kind and the columns it reads. Each kind knows how to compute the figure under
integer or real row weights, which is all that a value (weights of one) and a bootstrap resample
(multinomial weights) need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Direction = Literal["up", "down"]


class UnknownMetric(ValueError):
    """A metric's kind is not one of those that can be recomputed from stored predictions."""


@dataclass(frozen=True)
class Metric:
    """One figure: its name, how it is computed, which way is better, what it reads.

    `where` names a boolean column: the figure is that of those rows alone. A family whose requests
    ask different things (a rating, a list) says so with one such column for each.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    direction: Direction = "up"
    where: str | None = None

    def concerned(self, per_request: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that the figure is about."""
        if self.where is None:
            return per_request
        return per_request[per_request[self.where].to_numpy(dtype=bool)]

    def value(self, per_request: pd.DataFrame) -> float:
        """Return the figure over the rows it is about; NaN where there are none."""
        rows = self.concerned(per_request)
        if rows.empty:
            return float("nan")
        return float(self.resampled(rows, np.ones((1, len(rows))))[0])

    def resampled(self, per_request: pd.DataFrame, weights: Floats) -> Floats:
        """Return the figure under each row of `weights`, shape (resamples, rows).

        Of exactly the rows given: whoever resamples chooses the concerned ones first.
        """
        try:
            kind = KINDS[self.kind]
        except KeyError:
            message = f"metric {self.name!r} has kind {self.kind!r}; known: {', '.join(KINDS)}"
            raise UnknownMetric(message) from None
        return kind(*(per_request[column].to_numpy() for column in self.columns), weights)

    def gain(self, challenger: Floats, champion: Floats) -> Floats:
        """Return how much better the challenger is, positive meaning better."""
        return challenger - champion if self.direction == "up" else champion - challenger

    def as_json(self) -> dict[str, object]:
        """Return the specification as it stands in a decision record."""
        spec = asdict(self) | {"columns": list(self.columns)}
        if self.where is None:
            del spec["where"]  # records written before there were such columns keep their hash
        return spec

    @classmethod
    def from_json(cls, spec: Mapping[str, object]) -> Metric:
        """Rebuild a metric from a decision record."""
        return cls(
            name=str(spec["name"]),
            kind=str(spec["kind"]),
            columns=tuple(str(column) for column in spec["columns"]),  # type: ignore[attr-defined]
            direction="up" if spec["direction"] == "up" else "down",
            where=None if spec.get("where") is None else str(spec["where"]),
        )


def mean(values: NDArray[np.generic], weights: Floats) -> Floats:
    """Return the weighted mean of `values` for each row of `weights`."""
    return np.asarray(weights @ values.astype(np.float64) / weights.sum(axis=1))


def root_mean(values: NDArray[np.generic], weights: Floats) -> Floats:
    """Return the square root of the weighted mean: RMSE when `values` are squared errors."""
    return np.sqrt(mean(values, weights))


def macro_f1(
    actual: NDArray[np.generic], predicted: NDArray[np.generic], weights: Floats
) -> Floats:
    """Return the unweighted mean of the classes' F1, as scikit-learn's `average="macro"` does.

    Classes that a resample holds neither as truth nor as answer are left out of its mean.
    """
    f1, _, support = _by_class(actual, predicted, weights)
    return np.asarray(f1.sum(axis=1) / (support > 0).sum(axis=1))


def weighted_mean(
    values: NDArray[np.generic], amounts: NDArray[np.generic], weights: Floats
) -> Floats:
    """Return the mean of `values`, each counted by its amount; 0 where no amount was drawn."""
    sums = weights @ amounts.astype(np.float64)
    parts = weights @ (values.astype(np.float64) * amounts.astype(np.float64))
    return np.asarray(np.divide(parts, sums, out=np.zeros_like(sums), where=sums != 0))


def weighted_f1(
    actual: NDArray[np.generic],
    predicted: NDArray[np.generic],
    amounts: NDArray[np.generic],
    weights: Floats,
) -> Floats:
    """Return the mean of the classes' F1, rows and classes counted by their amounts.

    As scikit-learn's `f1_score(average="weighted", sample_weight=amounts)`; 0 where no amount was
    drawn.
    """
    f1, truth, _ = _by_class(actual, predicted, weights * amounts.astype(np.float64))
    sums = truth.sum(axis=1)
    means = np.divide((f1 * truth).sum(axis=1), sums, out=np.zeros_like(sums), where=sums != 0)
    return np.asarray(means)


def _by_class(
    actual: NDArray[np.generic], predicted: NDArray[np.generic], weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return each class's F1, its weight as truth, and as truth and answer: (resamples, classes).

    The F1 of a class that a resample holds in neither role is 0.
    """
    labels, codes = np.unique(
        np.concatenate([actual.astype(str), predicted.astype(str)]), return_inverse=True
    )
    true, answer = codes[: len(actual)], codes[len(actual) :]
    hits = class_weights(true, weights * (true == answer), len(labels))
    truth = class_weights(true, weights, len(labels))
    support = truth + class_weights(answer, weights, len(labels))
    f1 = np.divide(2 * hits, support, out=np.zeros_like(hits), where=support > 0)
    return f1, truth, support


def class_weights(codes: NDArray[np.intp], weights: Floats, classes: int) -> Floats:
    """Sum the columns of `weights` by class: shape (resamples, classes)."""
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    sums = np.zeros((len(weights), classes))
    sums[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums


KINDS: Mapping[str, Callable[..., Floats]] = {
    "mean": mean,
    "root_mean": root_mean,
    "macro_f1": macro_f1,
    "weighted_mean": weighted_mean,
    "weighted_f1": weighted_f1,
}
