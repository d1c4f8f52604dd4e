"""Both forms of a model are asked what nobody foresaw, before one stands in for the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest
from pydantic import BaseModel, Field
from stub_family import FAMILY, texts

from pipelines.arena.arena import silent
from pipelines.contract import RequestRefused, Row
from pipelines.families.product_categories.family import FAMILY as CATEGORIES
from pipelines.families.product_codes.family import FAMILY as CODES
from pipelines.versions.artifact import Agreement
from pipelines.versions.odd_requests import odd_requests
from pipelines.versions.packaging import Facts, build


class Asked(BaseModel):
    name: str = Field(max_length=100)
    colour: str | None = None
    size: int = 3


GOLDEN: list[Row] = [{"name": "Tubo", "size": 1}, {"name": "Foco", "colour": "rojo", "size": 2}]


def names(real: Sequence[Row] = ()) -> list[str]:
    return [str(row["name"]) for row in odd_requests(Asked, GOLDEN, real)]


@pytest.mark.parametrize("text", ["", "a", "ñ", "\0", "😀", "\u0301", "½", "3/8", "a " * 50])
def test_there_are_empty_texts_single_letters_emoji_and_bare_accents(text: str) -> None:
    assert text in names()


def test_letters_and_accents_come_in_one_piece_and_apart() -> None:
    assert any(normalize("NFC", text) != text for text in names())
    assert any(normalize("NFD", text) != text for text in names())


def test_every_text_of_a_request_is_replaced_and_nothing_else() -> None:
    made = odd_requests(Asked, GOLDEN, [])
    assert {row["size"] for row in made} == {1, 2}
    assert {row["name"] for row in made} - {"Tubo", "Foco"} <= {row.get("colour") for row in made}


def test_what_the_schema_refuses_is_not_asked() -> None:
    assert max(len(name) for name in names()) == 100
    assert all(Asked.model_validate(row) for row in odd_requests(Asked, GOLDEN, []))


def test_real_requests_are_asked_in_other_forms() -> None:
    assert {"TUBERÍA", normalize("NFD", "Tubería"), "Tubería a"} <= set(
        names([{"name": "Tubería"}])
    )


def test_without_a_text_nothing_is_odd() -> None:
    class Numbers(BaseModel):
        size: int

    assert odd_requests(Numbers, [{"size": 1}], [{"size": 2}]) == []


# --- packaging -------------------------------------------------------------------------------


class Twisted:
    """The fitted stub, whose plain form treats some texts as `twist` says."""

    def __init__(self, twist: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]) -> None:
        frame = texts(rows=200, seed=1)
        self._fitted = FAMILY.fit(frame, frame, FAMILY.Params(), 1, silent)
        self._twist = twist
        self.history = self._fitted.history
        self.save, self.compile = self._fitted.save, self._fitted.compile

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        return self._twist(requests, self._fitted.predict(requests))


def agreement_of(model: Twisted, folder: Path) -> Agreement:
    facts = Facts(
        params=FAMILY.Params(),
        fingerprints={},
        training_window={},
        code={},
        libraries={},
        training_keys=frozenset(),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    frame = texts(rows=20, seed=2)
    requests = FAMILY.examples(frame).requests
    package = build(folder, FAMILY, model, requests, facts)
    found = package.contract.agreement
    assert found is not None
    assert (package.contract.form == "compiled") is found.accepted
    return found


def test_odd_requests_are_counted_apart(tmp_path: Path) -> None:
    found = agreement_of(Twisted(lambda _asked, answered: answered), tmp_path)
    assert found.accepted
    assert found.requests == 20 + len(FAMILY.golden)
    assert found.odd_requests > 100


def test_one_letter_that_is_read_otherwise_refuses_the_compiled_form(tmp_path: Path) -> None:
    def twist(asked: pd.DataFrame, answered: pd.DataFrame) -> pd.DataFrame:
        return answered.mask(asked["text"] == "7", "a seven")

    found = agreement_of(Twisted(twist), tmp_path)

    assert not found.accepted
    assert "'7'" in found.reason
    assert "a seven" in found.reason


def test_a_compiled_form_that_answers_what_the_plain_one_refuses_is_refused(tmp_path: Path) -> None:
    def twist(asked: pd.DataFrame, answered: pd.DataFrame) -> pd.DataFrame:
        if "😀" in set(asked["text"]):
            raise RequestRefused("no faces")
        return answered

    found = agreement_of(Twisted(twist), tmp_path)

    assert not found.accepted
    assert "answers what the plain one refuses: no faces" in found.reason


@pytest.mark.parametrize("family", [CODES, CATEGORIES], ids=lambda family: family.name)
def test_of_a_long_text_field_the_longest_allowed_is_asked(family) -> None:
    made = odd_requests(family.Request, family.golden, [])
    assert max(len(str(value)) for row in made for value in row.values()) > 19_000
