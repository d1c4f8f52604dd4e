"""A simulated stream of answered questions: a text, a channel, and a truthful confidence."""

from __future__ import annotations

from itertools import count

import numpy as np
import pandas as pd

from pipelines.monitoring.served import Answer

SYLLABLES = [a + b for a in "bdfglmnprst" for b in "aeiou"]
OLD_WORDS = [first + second for first in SYLLABLES for second in SYLLABLES[:8]]
NEW_WORDS = ["x" + word for word in OLD_WORDS[:60]]
CODES = tuple(f"code {number}" for number in range(12))
_numbers = count()


class Stream:
    """Draws answers of a calibrated classifier; hard questions have low confidences.

    `hard` is the share of hard questions, `new` the share of texts with a word never seen before,
    `channel` the share that comes by mail. With `fooled` an answer is right less often than its
    confidence says, by that much.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def answers(
        self,
        rows: int,
        *,
        hard: float = 0.3,
        new: float = 0.0,
        channel: float = 0.5,
        fooled: float = 0.0,
        told: float = 0.0,
        version: str = "1",
    ) -> list[Answer]:
        confidence, correct = self._marks(rows, hard, fooled)
        return [
            self._answer(float(sure), bool(right), new, channel, told, version)
            for sure, right in zip(confidence, correct, strict=True)
        ]

    def tested(self, rows: int) -> pd.DataFrame:
        """The champion's table on its test set, drawn like the usual stream."""
        confidence, correct = self._marks(rows, 0.3, 0.0)
        return pd.DataFrame({"confidence": confidence, "correct": correct.astype(float)})

    def _marks(self, rows: int, hard: float, fooled: float) -> tuple[np.ndarray, np.ndarray]:
        difficult = self._rng.random(rows) < hard
        confidence = np.where(
            difficult, self._rng.beta(5, 5, rows), self._rng.beta(18, 2, rows)
        ).round(3)
        return confidence, self._rng.random(rows) < confidence - fooled

    def _answer(
        self, sure: float, right: bool, new: float, channel: float, told: float, version: str
    ) -> Answer:
        rng, number = self._rng, next(_numbers)
        words = [OLD_WORDS[min(int(rng.exponential(60)), len(OLD_WORDS) - 1)] for _ in range(5)]
        if rng.random() < new:
            words.append(NEW_WORDS[int(rng.integers(len(NEW_WORDS)))])
        code = CODES[min(int(rng.exponential(3)), len(CODES) - 1)]
        truth = code if right else "something else"
        return Answer(
            prediction_id=f"p{number}",
            version=version,
            instance={
                "text": " ".join(words),
                "channel": "mail" if rng.random() < channel else "desk",
                "quantity": int(rng.poisson(4)),
            },
            row={"code": code, "confidence": sure},
            created_at="2026-11-01T00:00:00+00:00",
            actual=truth if rng.random() < told else None,
        )
