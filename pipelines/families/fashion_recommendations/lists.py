"""What ranks a list: a weighted sum of what is known of an item before a customer. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.families.fashion_recommendations.taste import Inputs

Floats = NDArray[np.floating]

SIGNALS = ("popularity", "rating", "usual_look", "usual_wording")
USUAL_LOOK, USUAL_WORDING = 4, 5
"""Their places among the affinities, with which the context begins."""


@dataclass(frozen=True)
class Ranker:
    """One weight a signal."""

    weights: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Popularity alone, until more is shown to be better."""

    @property
    def personal(self) -> bool:
        """Whether anything but popularity counts."""
        return any(self.weights[1:])

    def scores(self, popularity: Floats, expected: Floats, inputs: Inputs) -> Floats:
        """Return the items' scores, (n,); larger comes first."""
        signals = signals_of(popularity, expected, inputs)
        return np.asarray(signals @ np.array(self.weights))


def signals_of(popularity: Floats, expected: Floats, inputs: Inputs) -> Floats:
    """Return (n, 4): the log of the popularity, the rating and how usual look and wording are."""
    least = popularity[popularity > 0].min(initial=1.0) / 2
    columns = [
        np.log(np.maximum(popularity, least).astype(np.float64)),
        expected,
        inputs.context[:, USUAL_LOOK],
        inputs.context[:, USUAL_WORDING],
    ]
    return np.stack(columns, axis=1)
