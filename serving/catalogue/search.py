"""Fuzzy search of the catalogue: typos, missing accents, half words, codes.

Two steps: character trigrams pick a few hundred of all products (numpy, under a millisecond or
two), RapidFuzz ranks those. Scoring every product with RapidFuzz alone costs some ten times the
20 ms that a search may take at 50,000 products; `benchmarks/search.py` measures both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from serving.catalogue.spoken_words import FEW, SpokenWords

ALPHABET = " /0123456789abcdefghijklmnopqrstuvwxyz"
BASE = len(ALPHABET)
CANDIDATES = 300
PIECE = 500
"""Texts indexed at once: numpy lets no request through while it sorts, so it sorts little."""
QUERY_CHARACTERS = 200
SMALLEST_SCORE = 45.0
BY_WORD, WHOLE = np.float32(80.0), np.float32(0.2)
"""What each word found and what the likeness of the whole, 0 to 100, are worth: 100 together."""

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
    """An immutable index over texts; safe to use from many threads. It keeps no text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._spoken = SpokenWords()
        pieces = []
        total, coming = 0, iter(texts)
        while folded := [fold(text) for text in islice(coming, PIECE)]:
            self._spoken.add(folded)
            pieces.append((total, len(folded), *_postings(folded)))
            total += len(folded)
        self._spoken.seal()
        counts = np.zeros(BASE**3, dtype=np.int64)
        for _, _, grams, _ in pieces:
            counts += np.bincount(grams, minlength=BASE**3)
        self._starts = np.concatenate(([0], np.cumsum(counts)))
        # Rare trigrams say more; the square root of a document's weight keeps long texts from
        # winning by length alone.
        self._weight = np.log1p(total / np.maximum(counts, 1)).astype(np.float32)
        # Two bytes where they suffice: of all there is to keep, these are most.
        self._documents = np.empty(int(counts.sum()), dtype=np.uint16 if total <= FEW else np.int32)
        self._length = np.empty(total, dtype=np.float32)
        free = self._starts[:-1].copy()
        for first, size, grams, documents in pieces:
            here, places, times = np.unique(grams, return_index=True, return_counts=True)
            rank = np.arange(len(grams)) - np.repeat(places, times)
            self._documents[free[grams] + rank] = documents + first
            free[here] += times
            totals = np.bincount(documents, weights=self._weight[grams], minlength=size)
            self._length[first : first + size] = np.sqrt(totals + 1.0)

    def __len__(self) -> int:
        return len(self._length)

    def search(self, query: str, *, limit: int = 10) -> list[Match]:
        """Return the best matches, best first; none where nothing is similar."""
        wanted = fold(query[:QUERY_CHARACTERS])
        if not wanted or not len(self):
            return []
        positions = self._candidates(wanted)
        if not len(positions):
            return []
        places, scores = self._best(wanted, positions, limit)
        return [
            Match(int(positions[place]), round(float(score), 2))
            for place, score in zip(places, scores, strict=True)
            if score >= SMALLEST_SCORE
        ]

    def closest(self, query: str, positions: Sequence[int]) -> int:
        """Return which of the indexed texts at `positions` resembles `query` most."""
        if len(positions) == 1:
            return positions[0]
        alike = self._as_a_whole(fold(query[:QUERY_CHARACTERS]), positions)
        return positions[int(np.argmax(alike))]

    def _best(
        self, wanted: str, positions: NDArray[np.integer], limit: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return places among `positions` with their scores, the best first, at most `limit`.

        A text's score is how well each word of the query is found in it, then the whole; only
        texts that the whole could still bring among the best are compared with it.
        """
        by_word = self._by_word(wanted.split(), positions)
        order = np.argsort(-by_word, kind="stable")
        first, rest = order[: 2 * limit], order[2 * limit :]
        scores = np.full(len(positions), -1.0, dtype=np.float32)
        scores[first] = self._scored(by_word, wanted, positions, first)
        if len(rest):
            bar = max(np.sort(scores[first])[-limit], SMALLEST_SCORE)
            rest = np.sort(rest[by_word[rest] + WHOLE * 100 >= bar])
            scores[rest] = self._scored(by_word, wanted, positions, rest)
        best = np.argsort(-scores, kind="stable")[:limit]
        return best, scores[best]

    def _scored(
        self,
        by_word: NDArray[np.float32],
        wanted: str,
        positions: NDArray[np.integer],
        places: NDArray[np.integer],
    ) -> NDArray[np.float32]:
        whole = self._as_a_whole(wanted, positions[places].tolist())
        scores: NDArray[np.float32] = by_word[places] + WHOLE * whole
        return scores

    def _as_a_whole(self, wanted: str, positions: Sequence[int]) -> NDArray[np.float32]:
        texts = [self._spoken.text(position) for position in positions]
        alike: NDArray[np.float32] = process.cdist([wanted], texts, scorer=fuzz.token_set_ratio)[0]
        return alike

    def _by_word(self, words: Sequence[str], positions: NDArray[np.integer]) -> NDArray[np.float32]:
        # A long word says more about what is wanted than "de" or "a".
        weights = np.array([len(word) for word in words], dtype=np.float32)
        weights /= weights.sum()
        found = np.zeros(len(positions), dtype=np.float32)
        for weight, alike in zip(weights, self._spoken.likeness(words, positions), strict=True):
            found += weight * alike
        return BY_WORD * found

    def _candidates(self, wanted: str) -> NDArray[np.int32]:
        grams, _ = _postings([wanted])
        postings = [self._documents[self._starts[g] : self._starts[g + 1]] for g in grams]
        found = np.concatenate(postings) if postings else np.empty(0, dtype=np.int32)
        if not len(found):
            return found
        weights = np.repeat(self._weight[grams], [len(posting) for posting in postings])
        overlap = np.bincount(found, weights=weights, minlength=len(self)) / self._length
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
