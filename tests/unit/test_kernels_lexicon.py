"""A saved lexicon knows what the libraries know, and loads none of their dictionaries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import text
from features.lexicon import Lexicon, WordForms

FORMS = {
    "llaves": "llave",
    "tuberías": "tubería",
    "was": "be",
    "ñus": "ñu",
    "a": "a",
    "Ábaco": "ábaco",
    "日本": "日本",
    **{f"palabra{number}": f"palabro{number % 7}" for number in range(5_000)},
}
SENTENCES = (
    "Tuberías para brocas de los fontaneros",
    "running hammers and abrazaderas galvanizadas",
    "superconductividad rebetorcín xqzzt ñ a ½ 3/8",
    "Ex-presidente d'agua anti-oxidante contrapuertas",
    "日本 電線 кран STRASSE ﬁltros é\u0301",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lexicon")
    Lexicon.installed().save(folder)
    return folder


@pytest.fixture
def forms(tmp_path: Path) -> WordForms:
    WordForms.of(FORMS).save(tmp_path, "es")
    return WordForms.open(tmp_path, "es")


def test_every_word_has_its_form(forms: WordForms) -> None:
    assert dict(forms) == FORMS
    assert list(forms) == sorted(FORMS, key=str.encode)
    assert len(forms) == len(FORMS)


@given(st.text(max_size=12))
def test_other_words_have_none(word: str) -> None:
    forms = WordForms.of({"llaves": "llave", "mesas": "mesa", "sillas": "silla"})
    assert forms.get(word) == {"llaves": "llave", "mesas": "mesa", "sillas": "silla"}.get(word)


@pytest.mark.parametrize("word", ["", "\0", "palabra", "palabra5000", "zzz", "\ud800", "llaves\n"])
def test_what_lies_before_between_or_behind_the_words_is_not_found(
    forms: WordForms, word: str
) -> None:
    assert word not in forms


@pytest.mark.parametrize("sentence", SENTENCES)
def test_texts_are_cut_as_by_the_libraries(saved: Path, sentence: str) -> None:
    lexicon = Lexicon.open(saved)
    assert text.lemmas(sentence, lexicon) == text.lemmas(sentence)
    assert text.tokens(sentence, lexicon) == text.tokens(sentence)


def test_a_saved_lexicon_loads_neither_dictionaries_nor_word_lists(saved: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from features.lexicon import Lexicon; from features.text import lemmas\n"
        f"assert lemmas('las llaves', Lexicon.open(Path({str(saved)!r}))) == ['llave']\n"
        "from simplemma.strategies.dictionaries import DEFAULT_DICTIONARY_FACTORY as libraries\n"
        "print(libraries._get_dictionary.cache_info().currsize, 'stopwordsiso' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0", "False"]
