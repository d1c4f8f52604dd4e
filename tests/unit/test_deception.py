"""What looks like another text is told from it, and ordinary texts of any language are not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipelines.deception import BREAKS, as_drawn, mistakable, unseen
from pipelines.labels import LabelRefused, Labels
from pipelines.store import Store
from serving.schemas.generic import Actor, Reason

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize(
    "text",
    [
        *("ana\u202egnp.exe", "ana\u200b", "\ufeffana", "a\0", "a\u00adna"),
        *("ana\u2066", "a\x1b[31m", "\ue000"),
        *("ana\u3164", "a\u034fna", "ana\u2800"),
    ],
)
def test_what_is_not_seen_is_found(text: str) -> None:
    assert unseen(text)
    assert mistakable(text)


@pytest.mark.parametrize(
    "name",
    [
        *("Ana Peña", "Дмитрий", "Ελένη", "محمد", "می\u200cخواهم", "山田太郎"),
        *("O'Brien-Šimić", "👩\u200d🔧", "葛\U000e0100飾"),
    ],
)
def test_names_of_people_are_names(name: str) -> None:
    assert unseen(name) is None


@pytest.mark.parametrize(
    "code",
    ["А-1", "27\ufe0f", "27АВ", "２７", "𝟐𝟕", "pіntura", "сор", "Ｂ-1", "ΑΒ"],
)
def test_a_code_that_passes_for_another_is_found(code: str) -> None:
    assert not code.isascii()
    assert mistakable(code)


@pytest.mark.parametrize(
    "code",
    [
        *("27110001", "A-1", "Pintura n.º 1", "Cable 2×1,5 mm²", "Señalización", "½ pulgada"),
        *("Ofertas ❤\ufe0f", "Краска", "Ελαιόχρωμα", "塗料 A", "Tubo Ø12", "naïve", "ПВХ труба"),
    ],
)
def test_codes_and_categories_of_shops_are_not(code: str) -> None:
    assert mistakable(code) is None


@pytest.mark.parametrize("name", ["ana", " ANA ", "аna", "Αna", "ａｎａ", "an\u200da", "ana\ufe0f"])
def test_names_that_look_alike_are_one(name: str) -> None:
    assert as_drawn(name) == as_drawn("Ana")
    assert as_drawn(name) != as_drawn("Anna")


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=32)))
def test_plain_text_never_is(text: str) -> None:
    assert unseen(text) is None
    assert mistakable(text) is None


@given(st.text(max_size=12))
def test_any_text_is_judged_and_an_unseen_character_always_found(text: str) -> None:
    hidden = [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    assert bool(hidden) <= bool(mistakable(text))


def test_names_and_reasons_of_requests_are_held_to_it() -> None:
    actor, reason = TypeAdapter(Actor), TypeAdapter(Reason)
    assert actor.validate_python("ana@shop.example") == "ana@shop.example"
    assert reason.validate_python("two\nlines\tof it")
    for adapter in (actor, reason):
        with pytest.raises(ValidationError, match="not seen"):
            adapter.validate_python("ana\u202e")
    with pytest.raises(ValidationError, match="not seen"):
        actor.validate_python("ana\nroot")
    assert frozenset("\n") <= BREAKS


def test_a_label_that_passes_for_another_is_not_learnt_from(store: Store) -> None:
    labels = Labels(store)
    for value in ("А-1", "A-1\u200b", "2７"):
        with pytest.raises(LabelRefused, match="the value"):
            labels.add("product_codes", "martillo", value, shown={}, reviewer="ana")
    assert labels.confirmed("product_codes") == {}


def test_a_label_is_kept_in_one_form_however_its_accents_were_typed(store: Store) -> None:
    labels = Labels(store)
    typed = unicodedata.normalize("NFD", "Señalización")
    labels.add("product_categories", "letrero", typed, shown={}, reviewer="ana")
    [label] = labels.confirmed("product_categories").values()
    assert label.value == "Señalización"
