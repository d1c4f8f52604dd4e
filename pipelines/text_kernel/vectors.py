"""Texts as sparse vectors: counts or TF-IDF over blocks of word and character n-grams.

`Terms` is the one definition of a text's terms: scikit-learn's vectorisers call it when a model is
fitted, `Block` when a request is answered, so the two cannot cut a text differently.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from features.lexicon import Lexicon
from features.text import (
    char_ngrams,
    folded_words,
    grams_of_word,
    lemmas,
    normalise,
    openings,
    tokens,
    word_ngrams,
)

Floats = NDArray[np.float64]
Columns = NDArray[np.intp]
Unit = Literal["words", "tokens", "lemmas", "characters", "opening"]
"""`words` are all of them, `tokens` and `lemmas` leave the stop words out."""
Weighting = Literal["count", "tfidf"]

BLOCKS_FILE = "blocks.json"
PIECE_CHARACTERS = 200_000
"""Vocabulary read at once: whoever answers meanwhile waits for one piece at most."""
WORDS_REMEMBERED = 20_000
LONGEST_REMEMBERED = 30
"""Characters of a word whose runs of characters are remembered, so that memory is bounded."""

SEQUENCES: Mapping[str, Callable[[str, Lexicon | None], Sequence[str]]] = {
    "words": lambda text, _lexicon: folded_words(text),
    "tokens": tokens,
    "lemmas": lemmas,
}


@dataclass(frozen=True)
class Terms:
    """Cuts a raw text into terms: n-grams of words, of lemmas, of characters, or its opening."""

    unit: Unit
    shortest: int
    longest: int

    def __call__(self, text: str, lexicon: Lexicon | None = None) -> list[str]:
        """Return the terms of `text`, each as often as it occurs.

        Stop words and dictionary forms are those of `lexicon`, else of the installed libraries.
        """
        if self.unit == "characters":
            return char_ngrams(normalise(text), self.shortest, self.longest)
        if self.unit == "opening":
            return openings(text, self.longest)
        return word_ngrams(SEQUENCES[self.unit](text, lexicon), self.longest)


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

    lexicon: Lexicon | None = None

    def row(self, text: str) -> tuple[Columns, Floats]:
        """Return the columns that `text` touches and their weights; both empty if it has none."""
        found = self._columns(text)
        if len(set(found)) == len(found):
            # As in most short texts, each term is there once: nothing to count.
            columns = np.array(found, dtype=np.intp)
            return columns, self._weights(columns, np.ones(len(found)))
        counts = Counter(found)
        columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        return columns, self._weights(columns, values)

    def _columns(self, text: str) -> Sequence[int]:
        """Return the column of every known term, each as often as it occurs."""
        if self.terms.unit != "characters":
            return self._known(self.terms(text, self.lexicon))
        found: list[int] = []
        for word in folded_words(text):
            # Words come again and again, and their runs of characters are many.
            short = len(word) <= LONGEST_REMEMBERED
            found += self._remembered(word) if short else self._of_word(word)
        return found

    def _known(self, terms: Sequence[str]) -> tuple[int, ...]:
        known = map(self.vocabulary.get, terms)
        return tuple([column for column in known if column is not None])

    def _of_word(self, word: str) -> tuple[int, ...]:
        return self._known(grams_of_word(word, self.terms.shortest, self.terms.longest))

    @cached_property
    def _remembered(self) -> Callable[[str], tuple[int, ...]]:
        # Of a copy: what holds itself is not released when a version is.
        return lru_cache(WORDS_REMEMBERED)(replace(self)._of_word)

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
        if len(self.blocks) == 1:
            return self.blocks[0].row(text)
        parts = [block.row(text) for block in self.blocks]
        columns = [part[0] + start for part, start in zip(parts, self.starts, strict=False)]
        return np.concatenate(columns), np.concatenate([part[1] for part in parts])

    def save(self, directory: Path) -> None:
        """Write the blocks: what they are, their terms, a line each, and their weights.

        What they know of a language goes with them, if they use it.
        """
        described = []
        for place, block in enumerate(self.blocks):
            np.save(directory / f"idf-{place}.npy", block.idf, allow_pickle=False)
            ordered = sorted(block.vocabulary, key=block.vocabulary.__getitem__)
            (directory / _terms_file(place)).write_text("\n".join(ordered), encoding="utf-8")
            described.append(
                {
                    "unit": block.terms.unit,
                    "shortest": block.terms.shortest,
                    "longest": block.terms.longest,
                    "weighting": block.weighting,
                    "sublinear": block.sublinear,
                    "scale": block.scale,
                }
            )
        (directory / BLOCKS_FILE).write_bytes(orjson.dumps(described))
        if {block.terms.unit for block in self.blocks} & {"tokens", "lemmas"}:
            Lexicon.installed().save(directory)

    @classmethod
    def open(cls, directory: Path) -> Vectors:
        """Read what `save` wrote."""
        described = orjson.loads((directory / BLOCKS_FILE).read_bytes())
        lexicon = Lexicon.open(directory) if Lexicon.is_in(directory) else None
        return cls(
            [
                Block(
                    terms=Terms(entry["unit"], entry["shortest"], entry["longest"]),
                    vocabulary=_vocabulary(directory, place, entry),
                    weighting=entry["weighting"],
                    sublinear=entry["sublinear"],
                    idf=np.load(directory / f"idf-{place}.npy", allow_pickle=False),
                    scale=entry["scale"],
                    lexicon=lexicon,
                )
                for place, entry in enumerate(described)
            ]
        )


def _terms_file(place: int) -> str:
    return f"terms-{place}.txt"


def _vocabulary(directory: Path, place: int, entry: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the column of each term, read piece by piece so that no other thread waits for long.

    Versions of old have their terms in `entry`.
    """
    file = directory / _terms_file(place)
    if "vocabulary" in entry:
        return {term: column for column, term in enumerate(entry["vocabulary"])}
    found: dict[str, int] = {}
    for terms in _pieces(file.read_text(encoding="utf-8")):
        found.update(zip(terms, range(len(found), len(found) + len(terms)), strict=True))
        time.sleep(0)  # whoever waits for the interpreter has it now
    return found


def _pieces(text: str) -> Iterator[list[str]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE_CHARACTERS)
        end = len(text) if end < 0 else end
        yield text[start:end].split("\n")
        start = end + 1
