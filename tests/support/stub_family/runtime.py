"""Answers from the compiled form; numpy only, as every family's runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pipelines.contract import RequestRefused, Row
from stub_family.words import words


class StubRuntime:
    """Answers by one look-up and one sum."""

    def __init__(self, directory: Path) -> None:
        with np.load(directory / "weights.npz", allow_pickle=False) as stored:
            self.weights = stored["weights"]
            self.topics = stored["topics"].tolist()
            self.places = {word: place for place, word in enumerate(stored["vocabulary"].tolist())}

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one row for each instance."""
        return [[self._answer(number, instance)] for number, instance in enumerate(instances)]

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, number: int, instance: Mapping[str, object]) -> Row:
        text = instance.get("text")
        if not isinstance(text, str) or not text.strip():
            raise RequestRefused(f"instance {number}: text must be a text that is not empty")
        found = [self.places[word] for word in words(text) if word in self.places]
        scores = self.weights[-1] + self.weights[found].sum(axis=0)
        odds = np.exp(scores - scores.max())
        best = int(scores.argmax())
        return {"topic": self.topics[best], "confidence": float(odds[best] / odds.sum())}


def open_runtime(directory: Path) -> StubRuntime:
    """Open the compiled form."""
    return StubRuntime(directory)
