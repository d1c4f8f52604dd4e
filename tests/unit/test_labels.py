"""Reviewed labels: kept at once, in one pool for ever, the latest one counts."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.splits import pool_of
from features.text import group_key
from pipelines import changes
from pipelines.labels import LabelRefused, Labels, exact
from pipelines.store import Store

pytestmark = pytest.mark.both_databases

MODEL = "product_codes"


@pytest.fixture
def labels(store: Store) -> Labels:
    ticks = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(10_000))
    return Labels(store, clock=lambda: next(ticks))


def add(labels: Labels, text: str, value: str, **shown: object) -> None:
    labels.add(MODEL, text, value, shown=shown, reviewer="ana")


def test_the_latest_label_of_a_description_is_the_confirmed_one(labels: Labels) -> None:
    add(labels, "Tornillo 1/2", "A")
    add(labels, "Tornillo 1/2", "B")
    assert labels.confirmed(MODEL)[exact("Tornillo 1/2")].value == "B"


def test_a_clock_set_back_does_not_bring_an_older_label_back(store: Store) -> None:
    times = iter([datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)])
    labels = Labels(store, clock=lambda: next(times))
    add(labels, "Tornillo", "A")
    add(labels, "Tornillo", "B")
    assert labels.confirmed(MODEL)[exact("Tornillo")].value == "B"


def test_case_and_spaces_do_not_make_another_description_but_accents_do(labels: Labels) -> None:
    add(labels, "  Tornillo   1/2 ", "A")
    confirmed = labels.confirmed(MODEL)
    assert exact("TORNILLO 1/2") in confirmed
    assert exact("Torníllo 1/2") not in confirmed
    assert exact("Tornillo 12") not in confirmed


def test_labels_of_one_model_are_none_of_another(labels: Labels) -> None:
    add(labels, "Tornillo", "A")
    assert labels.confirmed("product_categories") == {}


def test_every_label_stands_in_exactly_one_pool_by_its_normalised_text(labels: Labels) -> None:
    texts = [f"Llave ajustable {n} pulgadas" for n in range(200)]
    for text in texts:
        add(labels, text, "A")
    training = {label.text for label in labels.training_rows(MODEL)}
    testing = {label.text for label in labels.test_rows(MODEL)}
    assert training | testing == set(texts)
    assert not training & testing
    assert testing == {t for t in texts if pool_of(group_key(t), MODEL) == "test"}
    assert 30 <= len(testing) <= 75


def test_near_duplicates_share_a_pool_and_count_once(labels: Labels) -> None:
    add(labels, "Tubería PVC 1/2", "A")
    add(labels, "TUBERIA pvc, 1/2", "B")
    rows = [*labels.training_rows(MODEL), *labels.test_rows(MODEL)]
    assert [row.value for row in rows] == ["B"]


def test_what_was_shown_is_kept_with_the_label(labels: Labels) -> None:
    add(labels, "Tornillo", "A", code="B", confidence=0.4, confirmed=True)
    label = labels.confirmed(MODEL)[exact("Tornillo")]
    assert label.shown == {"code": "B", "confidence": 0.4, "confirmed": True}


def test_every_label_moves_the_change_counter(store: Store, labels: Labels) -> None:
    before = changes.counts(store, ["labels", "feed"])
    add(labels, "Tornillo", "A")
    add(labels, "Tornillo", "A")
    assert before == (0, 0)
    assert changes.counts(store, ["labels", "feed"]) == (2, 0)


@pytest.mark.parametrize(
    ("text", "value"), [("", "A"), ("  ", "A"), ("x", ""), ("x", "y" * 257), ("a\0b", "A")]
)
def test_a_label_that_says_nothing_is_refused_and_changes_nothing(
    store: Store, labels: Labels, text: str, value: str
) -> None:
    with pytest.raises(LabelRefused):
        add(labels, text, value)
    assert changes.counts(store, ["labels"]) == (0,)


def test_keeping_a_label_loads_no_pandas(tmp_path: Path) -> None:
    script = f"""
import sys
from pipelines.labels import Labels
from pipelines.store import open_store
store = open_store("sqlite:///{tmp_path / "light.db"}")
Labels(store).add("product_codes", "Tornillo", "A", shown={{}}, reviewer="ana")
heavy = {{"pandas", "sklearn", "scipy", "simplemma"}}.intersection(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
