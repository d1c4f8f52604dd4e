"""Temperature scaling: one number, fitted on held-out texts, that makes confidences true.

It leaves the order of the labels as it is, so calibrating never costs accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipelines.text_kernel.ranking import Floats

COLDEST = -4.0
"""Logarithm of the lowest temperature that is tried."""
SMALLEST = 1e-9
"""A forest may answer exactly 0 for the true label; its logarithm must stay finite."""
FEWEST = 10
"""Held-out texts below which a temperature would be noise."""


def fitted_temperature(
    probabilities_at: Callable[[float], Floats],
    labels: Sequence[str],
    actual: Sequence[str],
    warmest: float = 3.0,
) -> float:
    """Return the temperature that makes `actual` likeliest; 1 where there is too little of it.

    `warmest` is the logarithm of the highest one tried. Texts of a label that the model does not
    know are left out: no temperature can help them.
    """
    from scipy.optimize import minimize_scalar

    place = {label: column for column, label in enumerate(labels)}
    rows = [row for row, label in enumerate(actual) if label in place]
    if len(rows) < FEWEST:
        return 1.0
    columns = [place[actual[row]] for row in rows]

    def surprise(logarithm: float) -> float:
        likelihood = probabilities_at(float(np.exp(logarithm)))[rows, columns]
        return float(-np.log(np.maximum(likelihood, SMALLEST)).mean())

    found = minimize_scalar(
        surprise, bounds=(COLDEST, warmest), method="bounded", options={"xatol": 1e-3}
    )
    return float(np.exp(found.x))
