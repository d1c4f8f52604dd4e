"""The words of many texts, each word held once: what a search ranks by, in little memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

SMALLEST_LIKENESS = 0.75
"""Below it two words have letters in common and nothing else, so they count as strangers."""
FEW = np.iinfo(np.uint16).max


class SpokenWords:
    """Folded texts as numbers of their words. `add` as often as needed, then `seal`."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []
        self._parts: list[NDArray[np.integer]] = []
        self._counts: list[NDArray[np.integer]] = []

    def add(self, folded: Sequence[str]) -> None:
        """Take texts whose words are parted by one space each."""
        split = [text.split() for text in folded]
        numbers = self._numbers
        spoken = [numbers.setdefault(word, len(numbers)) for text in split for word in text]
        self._parts.append(np.array(spoken, dtype=np.int32))
        self._counts.append(np.array([len(text) for text in split], dtype=np.int32))

    def seal(self) -> None:
        """Take no more texts: keep what is asked for and nothing else."""
        none = np.empty(0, dtype=np.int32)
        self._words = list(self._numbers)
        small = len(self._words) <= FEW
        self._spoken = np.concatenate([none, *self._parts]).astype(np.uint16 if small else np.int32)
        counts = np.concatenate([none, *self._counts])
        self._ends = np.cumsum(counts, dtype=np.int32)
        self._starts = self._ends - counts
        self._numbers, self._parts, self._counts = {}, [], []

    def text(self, position: int) -> str:
        """Return a text as it was added."""
        spoken = self._spoken[self._starts[position] : self._ends[position]]
        return " ".join([self._words[number] for number in spoken.tolist()])

    def likeness(
        self, wanted: Sequence[str], positions: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """Return for each text how alike its likest word is to each wanted one, 0 to 1.

        Shape (wanted words, texts). Every text at `positions` has a word.
        """
        starts = self._starts[positions]
        counts = self._ends[positions] - starts
        begins = np.cumsum(counts) - counts
        spoken = self._spoken[np.arange(counts.sum()) + np.repeat(starts - begins, counts)]
        place = np.zeros(len(self._words), dtype=np.int32)
        place[spoken] = 1
        known = np.flatnonzero(place)
        place[known] = np.arange(len(known))
        alike = process.cdist(
            wanted,
            [self._words[number] for number in known.tolist()],
            scorer=JaroWinkler.normalized_similarity,
            score_cutoff=SMALLEST_LIKENESS,
        )
        best: NDArray[np.float32] = np.maximum.reduceat(alike[:, place[spoken]], begins, axis=1)
        return best
