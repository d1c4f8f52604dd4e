"""Texts as sparse vectors: counts or TF-IDF over blocks of word and character n-grams.

`Terms` is the one definition of a text's terms: scikit-learn's vectorisers call it when a model is
fitted, `Block` when a request is answered, so the two cannot cut a text differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from features.text import (
    char_ngrams,
    fold,
    lemmas,
    normalise,
    openings,
    tokens,
    word_ngrams,
    words,
)

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]
Unit = Literal["words", "tokens", "lemmas", "characters", "opening"]
"""`words` are all of them, `tokens` and `lemmas` leave the stop words out."""
Weighting = Literal["count", "tfidf"]

BLOCKS_FILE = "blocks.json"

SEQUENCES: Mapping[str, Callable[[str], list[str]]] = {
    "words": lambda text: words(fold(text)),
    "tokens": tokens,
    "lemmas": lemmas,
}


@dataclass(frozen=True)
class Terms:
    """Cuts a raw text into terms: n-grams of words, of lemmas, of characters, or its opening."""

    unit: Unit
    shortest: int
    longest: int

    def __call__(self, text: str) -> list[str]:
        """Return the terms of `text`, each as often as it occurs."""
        if self.unit == "characters":
            return char_ngrams(normalise(text), self.shortest, self.longest)
        if self.unit == "opening":
            return openings(text, self.longest)
        return word_ngrams(SEQUENCES[self.unit](text), self.longest)


@dataclass(frozen=True)
class Block:
    """One fitted vectoriser: its terms, their columns, and how a count becomes a weight."""

    terms: Terms
    vocabulary: dict[str, int]
    weighting: Weighting
    sublinear: bool
    idf: Floats
    scale: float = 1.0
    """The length that the block's part of a row is given."""

    def row(self, text: str) -> tuple[Columns, Floats]:
        """Return the columns that `text` touches and their weights; both empty if it has none."""
        known = self.vocabulary
        counts = Counter(
            column for term in self.terms(text) if (column := known.get(term, -1)) >= 0
        )
        columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        return columns, self._weights(columns, values)

    def _weights(self, columns: Columns, counts: Floats) -> Floats:
        if self.weighting == "count" or not counts.size:
            return counts * self.scale
        values = (1.0 + np.log(counts)) if self.sublinear else counts
        values = values * self.idf[columns]
        return np.asarray(values / np.sqrt(values @ values) * self.scale)


class Vectors:
    """Blocks side by side: one sparse row a text."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        self.starts = np.cumsum([0, *(len(block.vocabulary) for block in blocks)])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.starts[-1])

    def row(self, text: str) -> tuple[Columns, Floats]:
        """Return the columns that `text` touches and their weights."""
        parts = [block.row(text) for block in self.blocks]
        columns = [part[0] + start for part, start in zip(parts, self.starts, strict=False)]
        return np.concatenate(columns), np.concatenate([part[1] for part in parts])

    def save(self, directory: Path) -> None:
        """Write the blocks: what they are as JSON, their inverse document frequencies as arrays."""
        described = []
        for place, block in enumerate(self.blocks):
            np.save(directory / f"idf-{place}.npy", block.idf, allow_pickle=False)
            ordered = sorted(block.vocabulary, key=block.vocabulary.__getitem__)
            described.append(
                {
                    "unit": block.terms.unit,
                    "shortest": block.terms.shortest,
                    "longest": block.terms.longest,
                    "weighting": block.weighting,
                    "sublinear": block.sublinear,
                    "scale": block.scale,
                    "vocabulary": ordered,
                }
            )
        (directory / BLOCKS_FILE).write_bytes(orjson.dumps(described))

    @classmethod
    def open(cls, directory: Path) -> Vectors:
        """Read what `save` wrote."""
        described = orjson.loads((directory / BLOCKS_FILE).read_bytes())
        return cls(
            [
                Block(
                    terms=Terms(entry["unit"], entry["shortest"], entry["longest"]),
                    vocabulary={term: column for column, term in enumerate(entry["vocabulary"])},
                    weighting=entry["weighting"],
                    sublinear=entry["sublinear"],
                    idf=np.load(directory / f"idf-{place}.npy", allow_pickle=False),
                    scale=entry["scale"],
                )
                for place, entry in enumerate(described)
            ]
        )
