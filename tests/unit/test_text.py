from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from features import text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Tubería  PVC ", "tuberia pvc"),
        ("TUBERIA\tpvc", "tuberia pvc"),
        ("Ñandú ÜBER", "nandu uber"),
        ("Llave 3/8' p/tubo", "llave 3/8 p tubo"),
        ("8mmblanca 2.5 kg", "8 mmblanca 2.5 kg"),
        ("½ pulgada", "1/2 pulgada"),
        ('!!! "" --', ""),
        ("", ""),
    ],
)
def test_a_text_is_normalised_to_its_folded_words_and_numbers(raw: str, expected: str) -> None:
    assert text.normalise(raw) == expected


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    assert text.normalise(text.normalise(raw)) == text.normalise(raw)


def test_near_duplicates_share_a_group_and_other_sizes_do_not() -> None:
    assert text.group_key("Tubo PVC, 1/2'") == text.group_key("tubo pvc 1/2")
    assert text.group_key("Tubo PVC 1/2") != text.group_key("Tubo PVC 3/4")


def test_texts_without_a_word_do_not_all_fall_into_one_group() -> None:
    assert text.group_key("!!!") != text.group_key("???")


def test_stop_words_go_but_negations_and_words_of_the_trade_stay() -> None:
    kept = text.tokens("Dado de impacto para la llave, sin estuche, con mango, no incluye broca")
    assert {"dado", "sin", "con", "no"} <= set(kept)
    assert not {"de", "para", "la"} & set(kept)


def test_numbers_letters_are_and_units_are_never_stop_words() -> None:
    assert text.tokens("1 x 10 cm kg T") == ["1", "x", "10", "cm", "kg", "t"]


def test_lemmas_join_the_forms_of_a_word_in_both_languages() -> None:
    assert text.lemmas("Tuberías para brocas") == ["tuberia", "broca"]
    assert text.lemmas("hammers and screws") == ["hammer", "screw"]


def test_a_word_longer_than_any_dictionary_word_is_left_as_it_is() -> None:
    assert text.lemma("á" * 5000) == "a" * 5000


def test_word_ngrams_hold_every_run_up_to_the_longest() -> None:
    assert text.word_ngrams(["a", "b", "c"], 2) == ["a", "b", "c", "a b", "b c"]
    assert text.word_ngrams([], 3) == []


def test_openings_are_the_first_words_of_a_name() -> None:
    assert text.openings("Llave de paso, 1/2'", 2) == ["llave", "llave de"]
    assert text.openings("Llave", 3) == ["llave"]
    assert text.openings("!!!", 3) == []


@given(st.text(alphabet="abñ1/ ", max_size=30), st.integers(1, 3), st.integers(3, 6))
def test_char_ngrams_are_those_of_scikit_learn(raw: str, shortest: int, longest: int) -> None:
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(shortest, longest)).build_analyzer()
    assert sorted(text.char_ngrams(raw, shortest, longest)) == sorted(theirs(raw))


def test_importing_the_vocabulary_loads_neither_pandas_nor_dictionaries() -> None:
    code = "import features.text, sys; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"pandas", "numpy", "simplemma", "stopwordsiso"} & set(answer.stdout.split())
