from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from pipelines import plots
from pipelines.classification import distinct, per_request_of
from pipelines.contract import Evaluation
from pipelines.families.product_categories.family import FAMILY
from pipelines.text_models.model import no_history


def answer(label: str, confidence: float, *others: str) -> dict[str, object]:
    """Return a response row whose alternatives are `label` and `others`."""
    ranked = [{"category": name, "confidence": confidence} for name in (label, *others)]
    return {"category": label, "confidence": confidence, "alternatives": ranked}


def actual(*labels: str) -> pd.DataFrame:
    index = pd.RangeIndex(len(labels), name="request")
    return pd.DataFrame({"category": labels, "group": [f"g{n}" for n in index]}, index=index)


def predictions(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, index=pd.RangeIndex(len(rows), name="request"))


@pytest.fixture
def shop() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["Tubo PVC", "tubo pvc", "Tubo PVC.", "Cable 12", "Cable 12", "Foco"],
            "category": ["plomería", "plomería", "ferretería", "eléctrico", "eléctrico", "foco"],
        },
        index=[2, 3, 4, 5, 6, 7],
    )


def test_copies_of_a_question_are_asked_once_and_contradictions_stay(shop: pd.DataFrame) -> None:
    kept = distinct(shop, "name", "category")
    assert len(kept) == 4
    assert set(kept.loc[kept["name"].str.contains("ubo"), "category"]) == {
        "plomería",
        "ferretería",
    }


def test_examples_do_not_depend_on_the_order_of_the_rows(shop: pd.DataFrame) -> None:
    forward, backward = FAMILY.examples(shop), FAMILY.examples(shop.iloc[::-1])
    pd.testing.assert_frame_equal(forward.requests, backward.requests)
    pd.testing.assert_frame_equal(forward.actual, backward.actual)


def test_near_copies_stand_in_one_part_of_the_split() -> None:
    names = [f"Tubo {n}" for n in range(400)]
    frame = pd.DataFrame({"name": names + [f"TUBO, {n}" for n in range(400)], "category": "x"})
    split = FAMILY.split(frame)
    parts = [split.train, split.validation, split.test, split.sealed]
    numbers = [set(part["name"].str.extract(r"(\d+)")[0]) for part in parts]
    assert sum(len(part) for part in parts) == len(frame)
    assert sum(len(group) for group in numbers) == 400


def test_features_are_local_to_a_row_and_leave_their_input_alone(shop: pd.DataFrame) -> None:
    before = shop.copy()
    together = FAMILY.features(shop)
    pd.testing.assert_frame_equal(shop, before)
    alone = pd.concat([FAMILY.features(shop.loc[[line]]) for line in shop.index])
    pd.testing.assert_frame_equal(together, alone)


def test_perfect_answers_score_best_and_the_figures_are_those_of_the_definition() -> None:
    truth = actual("a", "b", "b", "c")
    perfect = FAMILY.evaluate(predictions(*(answer(label, 1.0) for label in "abbc")), truth)
    assert perfect.values == {
        "accuracy": 1.0,
        "brier": 0.0,
        "macro_f1": 1.0,
        "top_3_accuracy": 1.0,
    }
    given = (
        answer("a", 0.9, "c"),
        answer("a", 0.5, "c", "b"),
        answer("b", 0.8),
        answer("b", 0.6, "a", "d", "c"),
    )
    found = FAMILY.evaluate(predictions(*given), truth).values
    assert found["accuracy"] == 0.5
    assert found["top_3_accuracy"] == 0.75
    assert found["brier"] == pytest.approx((0.01 + 0.25 + 0.04 + 0.36) / 4)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_a_request_without_an_answer_counts_as_wrong() -> None:
    given = predictions(answer("a", 0.9)).reindex([0])
    rows = per_request_of(given, actual("a", "b"), "category")
    assert rows["correct"].tolist() == [1.0, 0.0]


def test_an_answer_without_confidence_is_judged_by_its_label_alone() -> None:
    bare = pd.DataFrame({"category": ["a", "a"]}, index=pd.RangeIndex(2, name="request"))
    found = FAMILY.evaluate(bare, actual("a", "b"))
    assert found.values["accuracy"] == found.values["top_3_accuracy"] == 0.5
    assert np.isnan(found.values["brier"])


@pytest.mark.parametrize("silent", [None, float("nan"), float("inf"), "sure"])
def test_a_version_cannot_hide_an_error_by_stating_no_confidence_for_it(silent: object) -> None:
    given = pd.DataFrame(
        {"category": ["a", "a"], "confidence": pd.Series([0.9, silent], dtype=object)},
        index=pd.RangeIndex(2, name="request"),
    )
    rows = FAMILY.evaluate(given, actual("a", "b")).per_request
    assert rows["brier"].tolist() == pytest.approx([0.01, 1.0])


def test_feedback_without_groups_is_evaluated_request_by_request() -> None:
    truth = actual("a", "b").drop(columns="group")
    rows = FAMILY.evaluate(predictions(answer("a", 0.9), answer("b", 0.9)), truth).per_request
    assert rows["group"].nunique() == 2


def test_slices_mark_short_names_sizes_and_rare_categories() -> None:
    frame = pd.DataFrame(
        {
            "name": ["Foco", "Tubo de cobre rígido largo 1/2", "Tubo rojo", "Tubo azul"],
            "category": ["luz", "plomería", "plomería", "plomería"],
        }
    )
    found = FAMILY.examples(frame).actual.set_index("group")
    assert found["slice:short"].to_dict()["foco"]
    assert not found["slice:short"].to_dict()["tubo de cobre rigido largo 1/2"]
    assert found["slice:with_number"].sum() == 1
    assert found["slice:rare"].to_dict() == {
        "foco": True,
        "tubo de cobre rigido largo 1/2": False,
        "tubo rojo": False,
        "tubo azul": False,
    }


def test_the_floor_answers_the_commonest_category_with_its_share(shop: pd.DataFrame) -> None:
    train = pd.concat([shop, pd.DataFrame({"name": ["Focos led"], "category": ["foco"]})])
    given = FAMILY.floor(train, FAMILY.examples(shop).requests)
    assert given["category"].unique().tolist() == ["foco"]
    assert given["confidence"].unique().tolist() == [0.4]


@pytest.mark.parametrize("rows", [0, 40])
def test_every_plot_can_be_drawn(rows: int, rng: np.random.Generator) -> None:
    labels = [f"category number {number} with a long name" for number in range(30)]
    truth = actual(*rng.choice(labels, rows))
    given = predictions(*(answer(str(label), 0.7) for label in rng.choice(labels, rows)))
    given = given if rows else pd.DataFrame(columns=["category", "confidence", "alternatives"])
    per_request = per_request_of(given, truth, "category")

    class Model:
        history = no_history()

    drawings = FAMILY.figures(Model(), Evaluation(per_request, {})).drawings  # type: ignore[arg-type]
    assert set(drawings) == {
        "calibration.png",
        "confusion.png",
        "learning.png",
        "per_class_f1.png",
    }
    for draw in drawings.values():
        picture = io.BytesIO()
        draw().savefig(picture)
        assert picture.getvalue().startswith(b"\x89PNG")


def test_f1_by_label_counts_wrong_answers_too() -> None:
    given = predictions(answer("a", 1.0), answer("a", 1.0), answer("b", 1.0))
    rows = per_request_of(given, actual("a", "b", "b"), "category")
    assert plots.class_f1(rows).to_dict() == {"a": pytest.approx(2 / 3), "b": pytest.approx(2 / 3)}
