"""How right a classifier is: estimated from its confidences, and measured where truth is told.

The estimate holds while a confidence means what it meant on the test set (no concept drift); the
measurement holds where those who tell the truth pick no special cases. Shown side by side, each
guards against the other's assumption.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from features.statistics import upper_tail

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
_REACH = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Share:
    """A share of right answers with its 95 % interval, from `rows` answers."""

    value: float
    lower: float
    upper: float
    error: float
    rows: int

    def p_below(self, floor: float, floor_error: float = 0.0) -> float:
        """Return the one-sided p of "the share is at least `floor`"; small: it is below.

        `floor_error` is the standard error of a floor that was itself measured, on other answers.
        """
        error = math.hypot(self.error, floor_error)
        if error == 0.0:
            return 0.0 if self.value < floor else 1.0
        return upper_tail((floor - self.value) / error)


class Calibration:
    """What a confidence is worth, learnt from answers whose truth is known.

    Isotonic regression by pooling adjacent violators (Ayer et al. 1955). One usual answer is
    added to each block, so that a block of few is not held to be certain.
    """

    def __init__(self, confidence: Floats, correct: Floats) -> None:
        self._confidence, self._correct = confidence, correct
        self._blocks = _pooled(self._confidence, self._correct)
        self.rows = len(confidence)

    def worth(self, confidence: Floats) -> Floats:
        """Return the probability that answers of these confidences are right."""
        starts, shares = self._blocks
        places = np.searchsorted(starts, confidence, side="right") - 1
        return shares[np.maximum(places, 0)]

    def estimate(self, confidence: Floats, *, resamples: int = 60, seed: int = 0) -> Share:
        """Return the estimated share of right answers.

        Its error is that of the answers themselves and of what the calibration was learnt from,
        the latter by resampling it.
        """
        worth = self.worth(confidence)
        value, rows = float(worth.mean()), len(confidence)
        rng = np.random.default_rng(seed)
        draws = (rng.integers(self.rows, size=self.rows) for _ in range(resamples))
        again = [
            Calibration(self._confidence[drawn], self._correct[drawn]).worth(confidence).mean()
            for drawn in draws
        ]
        error = math.sqrt(float((worth * (1 - worth)).mean()) / rows + float(np.var(again)))
        return Share(
            value, max(0.0, value - _REACH * error), min(1.0, value + _REACH * error), error, rows
        )


def measured(correct: Sequence[bool]) -> Share:
    """Return the share of right answers with Wilson's interval (1927)."""
    rows, value = len(correct), sum(correct) / len(correct)
    squared = _REACH**2
    middle = (value + squared / (2 * rows)) / (1 + squared / rows)
    half = _REACH * math.sqrt(value * (1 - value) / rows + squared / (4 * rows**2))
    half /= 1 + squared / rows
    # Of all right or all wrong answers the plain error is nothing; the interval's never is.
    return Share(value, max(0.0, middle - half), min(1.0, middle + half), half / _REACH, rows)


def _pooled(confidence: Floats, correct: Floats) -> tuple[Floats, Floats]:
    """Return where each block of equal worth begins, and its worth."""
    starts, codes = np.unique(confidence, return_inverse=True)
    right = np.bincount(codes, weights=correct)
    count = np.bincount(codes).astype(np.float64)
    blocks: list[list[float]] = []
    for place in range(len(starts)):
        blocks.append([float(right[place]), float(count[place]), float(starts[place])])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            rights, rows, _ = blocks.pop()
            blocks[-1][0] += rights
            blocks[-1][1] += rows
    usual = float(correct.mean())
    shares = [(rights + usual) / (rows + 1) for rights, rows, _ in blocks]
    return np.array([block[2] for block in blocks]), np.array(shares)
