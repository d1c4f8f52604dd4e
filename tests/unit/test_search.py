"""Search of the catalogue: what a person types finds what was meant."""

from __future__ import annotations

import random
import time

import pytest

from serving.catalogue import search
from serving.catalogue.search import SearchIndex, fold

CATALOGUE = [
    "1001 - Tornillo hexagonal galvanizado 1/2 x 2 pulgadas",
    "1002 - Tornillo hexagonal galvanizado 12 mm",
    "2001 - Llave ajustable (perico) 10 pulgadas cromada",
    "3001 - Taladro inalámbrico 20V con dos baterías",
    "4001 - Cincel de corte frío",
    "5001 - Cable eléctrico calibre 12 rojo, rollo de 100 m",
    "6001 - Pintura vinílica blanca, cubeta de 19 litros",
    "7001 - Caña de pescar",
]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return SearchIndex(CATALOGUE)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("tornilo exagonal 1/2", "1001"),
        ("TORNILLO HEXAGONAL 12 MM", "1002"),
        ("llabe ajustavle", "2001"),
        ("taladro inalambrico", "3001"),
        ("taladro inalámbrico", "3001"),
        ("inalambrico taladro", "3001"),
        ("sincel frio", "4001"),
        ("cable electrico", "5001"),
        ("pintura binilica", "6001"),
        ("cana pescar", "7001"),
        ("talad", "3001"),
        ("4001", "4001"),
    ],
)
def test_typos_accents_word_order_prefixes_and_codes_are_forgiven(
    index: SearchIndex, query: str, code: str
) -> None:
    best = index.search(query)[0]
    assert CATALOGUE[best.position].startswith(code)


def test_an_exact_name_scores_highest_and_scores_fall(index: SearchIndex) -> None:
    found = index.search(CATALOGUE[4])
    assert found[0].position == 4
    assert found[0].score == 100.0
    assert [match.score for match in found] == sorted((m.score for m in found), reverse=True)


@pytest.mark.parametrize("query", ["", "   ", "¿?!", "日本語", "zzqqxx"])
def test_what_resembles_nothing_finds_nothing(index: SearchIndex, query: str) -> None:
    assert index.search(query) == []


def test_no_more_matches_than_asked_for(index: SearchIndex) -> None:
    assert len(index.search("tornillo", limit=1)) == 1


@pytest.mark.parametrize("texts", [[], [""], ["", "a", "日本"], ["a"]])
def test_empty_and_tiny_catalogues_are_searched_without_complaint(texts: list[str]) -> None:
    assert [m.position for m in SearchIndex(texts).search("a")] in (
        [],
        [texts.index("a")] if "a" in texts else [],
    )


def test_a_very_long_query_is_answered(index: SearchIndex) -> None:
    assert index.search("cincel " * 20_000)[0].position == 4


def test_folding_keeps_sizes_apart_and_drops_accents() -> None:
    assert fold("Ñandú, Eléctrico 1/2'") == "nandu electrico 1/2"
    assert fold("1/2") != fold("12")


def test_fifty_thousand_products_are_searched_within_20_ms() -> None:
    rng = random.Random(3)
    nouns = ["tornillo", "tuerca", "llave", "martillo", "taladro", "broca", "cincel", "pinza"]
    kinds = ["hexagonal", "ajustable", "inalámbrico", "galvanizado", "plano", "cromado"]
    texts = [
        f"{n} - {rng.choice(nouns)} {rng.choice(kinds)} {rng.randint(1, 64)}/{rng.randint(2, 8)} x"
        f" {rng.randint(1, 999)} mm"
        for n in range(50_000)
    ]
    index = SearchIndex(texts)
    times = []
    for _ in range(60):
        start = time.process_time()
        index.search("tornilo exagonal galbanizado 1/2")
        times.append(time.process_time() - start)
    assert sorted(times)[len(times) // 2] < 0.020


def test_an_index_made_in_pieces_is_the_index(monkeypatch):
    texts = [f"tornillo {number % 37} x {number}/{number % 7} galvanizado" for number in range(900)]
    whole = SearchIndex(texts)
    for piece in (1, 7, 899, 900, 5_000):
        monkeypatch.setattr(search, "PIECE", piece)
        again = SearchIndex(texts)
        for name in ("_starts", "_documents", "_weight", "_length"):
            assert (getattr(again, name) == getattr(whole, name)).all()
