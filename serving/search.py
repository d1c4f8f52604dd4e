"""Fuzzy search of the catalogue: typos, missing accents, half words, codes.

Two steps: character trigrams pick a few hundred of all products (numpy, under a millisecond or
two), RapidFuzz ranks those. Scoring every product with RapidFuzz alone costs some ten times the
20 ms that a search may take at 50,000 products; `benchmarks/search.py` measures both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

ALPHABET = " /0123456789abcdefghijklmnopqrstuvwxyz"
BASE = len(ALPHABET)
CANDIDATES = 300
PIECE = 500
"""Texts indexed at once: numpy lets no request through while it sorts, so it sorts little."""
QUERY_CHARACTERS = 200
SMALLEST_SCORE = 45.0
SMALLEST_LIKENESS = 0.75
"""Below it two words have letters in common and nothing else, so they count as strangers."""

_FOREIGN = re.compile(r"[^a-z0-9/]+")
_SYMBOL = np.zeros(128, dtype=np.int32)
_SYMBOL[[ord(character) for character in ALPHABET]] = np.arange(BASE, dtype=np.int32)


@dataclass(frozen=True)
class Match:
    """One product found: its position among the indexed texts, and a score from 0 to 100."""

    position: int
    score: float


def fold(text: str) -> str:
    """Return `text` without accents, case and punctuation: what two spellings have in common.

    The slash stays, because 1/2 and 12 are two sizes.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _FOREIGN.sub(" ", plain.lower()).strip()


class SearchIndex:
    """An immutable index over texts; safe to use from many threads."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._folded = [fold(text) for text in texts]
        pieces = [
            (first, *_postings(self._folded[first : first + PIECE]))
            for first in range(0, len(texts), PIECE)
        ]
        counts = np.zeros(BASE**3, dtype=np.int64)
        for _, grams, _ in pieces:
            counts += np.bincount(grams, minlength=BASE**3)
        self._starts = np.concatenate(([0], np.cumsum(counts)))
        # Rare trigrams say more; the square root of a document's weight keeps long texts from
        # winning by length alone.
        self._weight = np.log1p(len(texts) / np.maximum(counts, 1)).astype(np.float32)
        self._documents = np.empty(int(counts.sum()), dtype=np.int32)
        self._length = np.empty(len(texts), dtype=np.float32)
        free = self._starts[:-1].copy()
        for first, grams, documents in pieces:
            here, places, times = np.unique(grams, return_index=True, return_counts=True)
            rank = np.arange(len(grams)) - np.repeat(places, times)
            self._documents[free[grams] + rank] = documents + first
            free[here] += times
            size = len(self._folded[first : first + PIECE])
            totals = np.bincount(documents, weights=self._weight[grams], minlength=size)
            self._length[first : first + size] = np.sqrt(totals + 1.0)

    def __len__(self) -> int:
        return len(self._folded)

    def search(self, query: str, *, limit: int = 10) -> list[Match]:
        """Return the best matches, best first; none where nothing is similar."""
        wanted = fold(query[:QUERY_CHARACTERS])
        if not wanted or not self._folded:
            return []
        positions = self._candidates(wanted)
        if not len(positions):
            return []
        scores = _scores(wanted, [self._folded[position] for position in positions])
        order = np.argsort(-scores, kind="stable")[:limit]
        return [
            Match(int(positions[place]), round(float(scores[place]), 2))
            for place in order
            if scores[place] >= SMALLEST_SCORE
        ]

    def closest(self, query: str, positions: Sequence[int]) -> int:
        """Return which of the indexed texts at `positions` resembles `query` most."""
        if len(positions) == 1:
            return positions[0]
        texts = [self._folded[position] for position in positions]
        alike = process.cdist([fold(query[:QUERY_CHARACTERS])], texts, scorer=fuzz.token_set_ratio)
        return positions[int(np.argmax(alike[0]))]

    def _candidates(self, wanted: str) -> NDArray[np.int32]:
        grams, _ = _postings([wanted])
        postings = [self._documents[self._starts[g] : self._starts[g + 1]] for g in grams]
        found = np.concatenate(postings) if postings else np.empty(0, dtype=np.int32)
        if not len(found):
            return found
        weights = np.repeat(self._weight[grams], [len(posting) for posting in postings])
        overlap = np.bincount(found, weights=weights, minlength=len(self._folded)) / self._length
        if len(overlap) > CANDIDATES:
            best = np.argpartition(-overlap, CANDIDATES)[:CANDIDATES]
        else:
            best = np.arange(len(overlap))
        best = best[overlap[best] > 0]
        ordered: NDArray[np.int32] = best[np.argsort(-overlap[best], kind="stable")].astype(
            np.int32
        )
        return ordered


def _postings(folded: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return trigram and document of every distinct pair, sorted by trigram then document."""
    texts = [f" {text} " for text in folded]
    symbols = _SYMBOL[np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8)]
    if len(symbols) < 3:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), [len(text) for text in texts])
    grams = (symbols[:-2] * BASE + symbols[1:-1]) * BASE + symbols[2:]
    # A trigram belongs to one text and to one word (a space in its middle spans two).
    whole = (owners[:-2] == owners[2:]) & (symbols[1:-1] != 0)
    pairs = np.unique(grams[whole].astype(np.int64) * len(texts) + owners[:-2][whole])
    return (pairs // len(texts)).astype(np.int32), (pairs % len(texts)).astype(np.int32)


def _scores(wanted: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Score texts by how well each word of the query is found in them, then by the whole."""
    words = wanted.split()
    spoken = [text.split() for text in texts]
    vocabulary = sorted({word for text in spoken for word in text})
    place = {word: number for number, word in enumerate(vocabulary)}
    alike = process.cdist(
        words, vocabulary, scorer=JaroWinkler.normalized_similarity, score_cutoff=SMALLEST_LIKENESS
    )
    # A long word says more about what is wanted than "de" or "a".
    weights = np.array([len(word) for word in words], dtype=np.float32)
    weights /= weights.sum()
    by_word = np.array(
        [float(weights @ alike[:, [place[w] for w in text]].max(axis=1)) for text in spoken],
        dtype=np.float32,
    )
    whole = process.cdist([wanted], texts, scorer=fuzz.token_set_ratio)[0]
    scores: NDArray[np.float32] = 80.0 * by_word + 0.2 * whole
    return scores
