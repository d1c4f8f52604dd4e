"""What the search leaves out of the comparison could not have been among the best."""

from __future__ import annotations

import random

import numpy as np
import pytest
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from serving.catalogue.search import SMALLEST_SCORE, Match, SearchIndex, fold
from serving.catalogue.spoken_words import SMALLEST_LIKENESS, SpokenWords

WORDS = [
    *("tornillo", "hexagonal", "llave", "ajustable", "broca", "cincel", "rojo"),
    *("1/2", "3/4", "10", "mm", "de"),
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rng = random.Random(7)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 9))) + f" {n % 90}" for n in range(600)]


@pytest.mark.parametrize(
    "query", ["tornilo", "llabe ajustavle 10", "broca 1/2 de cincel rojo", "1"]
)
@pytest.mark.parametrize("limit", [1, 5, 40])
def test_the_best_are_those_of_comparing_every_candidate(
    texts: list[str], query: str, limit: int
) -> None:
    index = SearchIndex(texts)
    positions = index._candidates(fold(query))
    everything = sorted(
        (Match(int(position), _score(fold(query), texts[position])) for position in positions),
        key=lambda match: -match.score,
    )
    wanted = [match for match in everything if match.score >= SMALLEST_SCORE][:limit]
    found = index.search(query, limit=limit)
    assert [match.score for match in found] == pytest.approx([m.score for m in wanted], abs=0.02)
    assert len({match.position for match in found}) == len(found)
    for match in found:
        assert match.score == pytest.approx(_score(fold(query), texts[match.position]), abs=0.02)


def _score(wanted: str, text: str) -> float:
    words, spoken = wanted.split(), fold(text).split()
    alike = [max(_alike(word, other) for other in spoken) for word in words]
    by_word = np.average(alike, weights=[len(word) for word in words])
    return float(80 * by_word + 0.2 * fuzz.token_set_ratio(wanted, fold(text)))


def _alike(word: str, other: str) -> float:
    return JaroWinkler.normalized_similarity(word, other, score_cutoff=SMALLEST_LIKENESS)


def test_texts_come_back_as_they_were_added() -> None:
    texts = ["llave 1/2", "", "tornillo llave tornillo"]
    spoken = SpokenWords()
    spoken.add(texts[:1])
    spoken.add(texts[1:])
    spoken.seal()
    assert [spoken.text(position) for position in range(3)] == texts


def test_more_words_than_two_bytes_can_count_are_told_apart() -> None:
    texts = [f"w{number} x{number}" for number in range(40_000)]
    spoken = SpokenWords()
    spoken.add(texts)
    spoken.seal()
    assert spoken.text(39_999) == "w39999 x39999"
    assert spoken.likeness(["x39999"], np.array([39_998, 39_999]))[0, 1] == 1.0
