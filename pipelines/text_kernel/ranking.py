"""From scores to answers: probabilities, the best labels first, ties broken for ever alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Row

Floats = NDArray[np.float64]

ALTERNATIVES = 5
STEPS = 10_007
PHASE = 0.3137
LEAST = 1e-300
"""Probabilities are ranked by their logarithm in steps of a ten-thousandth, so the last digits of
two forms of one model cannot order a tie differently, and small ones still have an order. The odd
step and phase keep the fractions that forests answer away from the edges of the steps."""
TWO_STEPS_BELOW = math.exp(-2.0 / STEPS)
SMALLEST_SHARE = 0.9973e-4
"""A smaller share of the trees' votes counts as none: of two labels ONNX Runtime answers one as
1 - p, whose rounding (1e-7) a root would blow up. Odd, so that no fraction of votes equals it."""


def softmax(scores: Floats, temperature: float) -> Floats:
    """Return each row of `scores`, divided by `temperature`, as probabilities."""
    scaled = scores / temperature
    odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def sharpened(probabilities: Floats, temperature: float) -> Floats:
    """Return each row raised to the power 1 / `temperature`, as probabilities again."""
    counted = np.where(probabilities < SMALLEST_SHARE, 0.0, probabilities)
    powers = (counted / counted.max(axis=1, keepdims=True)) ** (1.0 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def answers(probabilities: Floats, labels: Sequence[str], target: str) -> list[Row]:
    """Return one response row for each row of `probabilities`: the best label and the next ones."""
    places = firsts(probabilities, ALTERNATIVES)
    values = np.take_along_axis(probabilities, places, axis=1)
    rows: list[Row] = []
    for named, told in zip(places.tolist(), values.tolist(), strict=True):
        ranked = [
            {target: labels[place], "confidence": value}
            for place, value in zip(named, told, strict=True)
        ]
        rows.append({**ranked[0], "alternatives": ranked})
    return rows


def firsts(probabilities: Floats, count: int) -> NDArray[np.intp]:
    """Return the places of each row's `count` most probable labels, of equal ones the first.

    Shape (rows, count), or as many columns as there are labels.
    """
    count = min(count, probabilities.shape[1])
    last = np.partition(probabilities, -count, axis=1)[:, -count, None]
    # Two steps below the last of them nothing can rank as high; so few are looked at closer.
    near = (probabilities >= last * TWO_STEPS_BELOW) | (last < LEAST / TWO_STEPS_BELOW)
    rows, places = near.nonzero()
    # Sorted by row, then by rank; what is equal in both stays in the order of its place.
    order = np.lexsort((_ranks(probabilities[rows, places]), rows))
    starts = rows.searchsorted(np.arange(len(probabilities)))
    return np.asarray(places[order[starts[:, None] + np.arange(count)]])


def _ranks(probabilities: Floats) -> Floats:
    return np.asarray(-np.floor(np.log(np.maximum(probabilities, LEAST)) * STEPS + PHASE))
