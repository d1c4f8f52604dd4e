"""The text kernel's short cuts change no answer: pieces, remembered words, the first few ranks."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text import char_ngrams, fold, normalise, words
from pipelines.text_kernel import vectors as kernel
from pipelines.text_kernel.ranking import ALTERNATIVES, answers
from pipelines.text_kernel.vectors import Block, Terms, Vectors

CHARACTERS = Terms("characters", 2, 4)
NAMES = ("Tubería de PVC", "tubo corrugado 3/8", "Llave ñandú", "日本 電線", "x")
LONG_WORD = "supercalifragilistico" * 5


def vocabulary() -> dict[str, int]:
    terms = {term for name in (*NAMES, LONG_WORD) for term in CHARACTERS(name)}
    return {term: place for place, term in enumerate(sorted(terms))}


@pytest.fixture
def block() -> Block:
    known = vocabulary()
    return Block(CHARACTERS, known, "count", False, np.ones(len(known)))


def counted(block: Block, text: str) -> dict[int, float]:
    columns, values = block.row(text)
    return dict(zip(columns.tolist(), values.tolist(), strict=True))


@pytest.mark.parametrize("text", [*NAMES, "tubo tubo tubo", LONG_WORD, "", "!!!", "\0", "e\u0301"])
def test_a_remembered_word_counts_as_one_that_is_cut_anew(block: Block, text: str) -> None:
    known = block.vocabulary
    expected: dict[int, float] = {}
    for term in char_ngrams(normalise(text), CHARACTERS.shortest, CHARACTERS.longest):
        if term in known:
            expected[known[term]] = expected.get(known[term], 0.0) + 1.0
    assert counted(block, text) == expected
    assert counted(block, text) == expected


def test_what_is_remembered_does_not_grow_without_end(
    block: Block, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "WORDS_REMEMBERED", 50)
    for number in range(500):
        block.row(f"palabra{number} otra")
    block.row(LONG_WORD)
    kept = block._remembered.cache_info()  # type: ignore[attr-defined]
    assert kept.currsize <= 50


@pytest.mark.parametrize("characters", [1, 7, 1_000_000])
def test_a_vocabulary_is_the_same_in_pieces_of_any_size(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    Vectors([block]).save(tmp_path)
    monkeypatch.setattr(kernel, "PIECE_CHARACTERS", characters)
    assert Vectors.open(tmp_path).blocks[0].vocabulary == block.vocabulary


def test_a_vocabulary_that_stands_among_the_blocks_is_read_as_before(
    block: Block, tmp_path: Path
) -> None:
    Vectors([block]).save(tmp_path)
    (tmp_path / "terms-0.txt").unlink()
    file = tmp_path / "blocks.json"
    [described] = orjson.loads(file.read_bytes())
    file.write_bytes(orjson.dumps([described | {"vocabulary": list(block.vocabulary)}]))

    opened = Vectors.open(tmp_path)

    assert opened.blocks[0].vocabulary == block.vocabulary
    assert counted(opened.blocks[0], "tubo") == counted(block, "tubo")


@given(st.lists(st.sampled_from([0.0, 1e-12, 0.1, 0.2, 0.2 + 1e-12, 0.4]), min_size=1, max_size=40))
def test_the_first_few_are_those_of_a_full_sort(shares: list[float]) -> None:
    labels = [f"label{place}" for place in range(len(shares))]
    keys = [-np.floor(np.log(max(share, 1e-300)) * 10_007 + 0.3137) for share in shares]
    expected = np.argsort(keys, kind="stable")[:ALTERNATIVES]

    [row] = answers(np.array([shares]), labels, "label")

    found = [entry["label"] for entry in row["alternatives"]]  # type: ignore[attr-defined]
    assert found == [labels[place] for place in expected]


@given(
    st.lists(
        st.lists(
            st.sampled_from([0.0, 1e-310, 1e-299, 0.1, 0.2, 0.2 + 1e-12]), min_size=9, max_size=9
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_first_few_of_many_texts_are_those_of_each_alone(shares: list[list[float]]) -> None:
    labels = [f"label{place}" for place in range(9)]
    alone = [row for line in shares for row in answers(np.array([line]), labels, "label")]
    assert answers(np.array(shares), labels, "label") == alone


@given(st.text(alphabet="aÁñ½ µ3/8.º×ÿİ日e\u0301\u034f", max_size=30) | st.text(max_size=30))
def test_the_short_cuts_of_cutting_words_change_no_word(text: str) -> None:
    folded = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.lower())
        if not unicodedata.combining(letter)
    )
    unified = unicodedata.normalize("NFKC", folded).replace("\u2044", "/").lower()
    assert fold(text) == folded
    assert words(fold(text)) == re.findall(r"[^\W\d_]+|\d+(?:[./]\d+)*", unified)


def test_terms_that_come_again_are_counted() -> None:
    block = Block(
        Terms("words", 1, 2), {"de": 0, "tubo": 1, "tubo de": 2}, "count", False, np.ones(3)
    )
    assert counted(block, "tubo de tubo de PVC") == {0: 2.0, 1: 2.0, 2: 2.0}
    assert counted(block, "tubo de PVC") == {0: 1.0, 1: 1.0, 2: 1.0}
