"""From a request to its answer: the reason, what is left out, what is refused, both forms alike."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recommender_stage import ITEMS, SETTINGS, small_layout

from pipelines.contract import RequestRefused
from pipelines.families.product_recommendations.asking import HISTORY_LIMIT, ID_LIMIT_CHARACTERS
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.families.product_recommendations.runtime import (
    RecommendationRuntime,
    open_runtime,
)

RUNTIME = RecommendationRuntime(small_layout())
LEARNING = ("pandas", "scipy", "sklearn", "implicit", "surprise", "numba", "threadpoolctl")


def answer(runtime: RecommendationRuntime = RUNTIME, **asked: object) -> dict:
    ((row,),) = runtime.predict([asked])
    FAMILY.Response.model_validate(row)
    return row


def ids(row: dict) -> list[str]:
    return [item["item_id"] for item in row["items"]]


# --- lists -----------------------------------------------------------------------------------


def test_a_known_user_gets_a_personal_list_with_scores_and_ratings():
    row = answer(user_id="2", top=2)
    assert ids(row) == ["030303", "040404"]
    assert (row["reason"], row["list_by"], row["rating_by"]) == ("personal", "ease", "svd")
    assert row["rating"] is None
    first, second = row["items"]
    assert first["score"] > second["score"]
    assert first["rating"] == answer(user_id="2", item_id="030303")["rating"]


def test_a_user_who_liked_nothing_gets_what_is_popular_and_new_to_them():
    row = answer(user_id="3")
    assert ids(row) == [item for item in ITEMS if item != "030303"]
    assert (row["reason"], row["list_by"], row["rating_by"]) == ("popular", "popularity", "svd")


def test_nobody_in_particular_gets_what_is_popular():
    for asked in ({}, {"user_id": None}, {"user_id": "nobody"}, {"user_id": float("nan")}):
        row = answer(**asked)
        assert ids(row) == list(ITEMS)
        assert (row["reason"], row["list_by"], row["rating_by"]) == (
            "popular",
            "popularity",
            "means",
        )


def test_a_sent_history_counts_as_a_stored_one():
    sent = [{"item_id": "010101", "rating": 5.0}, {"item_id": "020202"}]
    stored, folded = answer(user_id="2"), answer(history=sent)
    assert ids(folded) == ids(stored)
    assert [item["score"] for item in folded["items"]] == [
        item["score"] for item in stored["items"]
    ]
    assert folded["reason"] == "folded-in"


def test_a_known_users_history_is_added_to_what_is_stored():
    row = answer(user_id="1", history=[{"item_id": "020202", "rating": 4}])
    assert ids(row) == ids(answer(user_id="2"))
    assert row["reason"] == "folded-in"


@pytest.mark.parametrize(
    "sent", [{"item_id": "never seen", "rating": 5}, {"item_id": "040404", "rating": 2}]
)
def test_a_history_without_a_like_leaves_what_is_popular(sent):
    row = answer(history=[sent])
    assert row["reason"] == "popular"
    assert ids(row) == [item for item in ITEMS if item != sent["item_id"]]


def test_lists_by_popularity_never_claim_to_be_personal():
    runtime = RecommendationRuntime(small_layout(ListArrays("popularity", SETTINGS, {})))
    assert answer(runtime, user_id="1")["reason"] == "popular"
    assert answer(runtime, history=[{"item_id": "010101"}])["reason"] == "popular"


def test_identifiers_are_taken_as_the_source_was_read():
    assert answer(user_id=" 2 ")["reason"] == "personal"
    layout = replace(small_layout(), users=Ids.of(["Zo\u00eb", "b", "c"]))
    assert answer(RecommendationRuntime(layout), user_id="Zoe\u0308")["reason"] == "personal"


def test_known_products_are_listed_when_asked_for():
    assert len(ids(answer(user_id="2", exclude_seen=False))) == len(ITEMS)
    assert len(ids(answer(user_id="2", top=500))) == len(ITEMS) - 2


# --- ratings ---------------------------------------------------------------------------------


def test_a_rating_is_mean_biases_and_taste_within_the_scale():
    layout = small_layout()
    row = answer(user_id="1", item_id="020202")
    model = layout.ratings
    taste = float(model.user_factors[0] @ model.item_factors[1])
    assert row["rating"] == pytest.approx(3.5 + 0.2 + model.item_bias[1] + taste)
    assert (row["reason"], row["rating_by"], row["items"]) == ("personal", "svd", [])


def test_ratings_of_the_unknown_fall_back_and_say_so():
    nobody = answer(user_id="nobody", item_id="010101")
    assert (nobody["rating"], nobody["reason"], nobody["rating_by"]) == (4.0, "popular", "means")
    nothing = answer(user_id="1", item_id="never seen")
    assert nothing["rating"] == pytest.approx(3.7)
    assert (nothing["reason"], nothing["rating_by"]) == ("personal", "means")


def test_a_strict_stranger_is_folded_in_as_strict():
    def rating(given: float) -> float:
        history = [{"item_id": item, "rating": given} for item in ITEMS if item != "030303"]
        row = answer(history=history, item_id="030303")
        assert (row["reason"], row["rating_by"]) == ("folded-in", "svd")
        return row["rating"]

    assert rating(1.0) < rating(3.0) < rating(5.0)


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"user_id": 7}, "'user_id' must be a text"),
        ({"user_id": "  "}, "'user_id' is empty"),
        ({"user_id": "x" * (ID_LIMIT_CHARACTERS + 1)}, "characters"),
        ({"item_id": ["010101"]}, "'item_id' must be a text"),
        ({"top": 0}, "'top'"),
        ({"top": 2.5}, "'top'"),
        ({"top": float("inf")}, "'top'"),
        ({"top": True}, "'top'"),
        ({"exclude_seen": 1}, "'exclude_seen'"),
        ({"history": "010101"}, "'history' must be a list"),
        ({"history": ["010101"]}, r"history\[0\] must be an object"),
        ({"history": [{"item_id": "1"}, {}]}, r"history\[1\]: 'item_id' is missing"),
        ({"history": [{"item_id": "1", "rating": "5"}]}, "'rating' must be a number"),
        ({"history": [{"item_id": "1", "rating": 7}]}, "from 1 to 5"),
        ({"history": [{"item_id": "1"}] * (HISTORY_LIMIT + 1)}, "at most 1000"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_reason(asked, why):
    with pytest.raises(RequestRefused, match="instance 1.*" + why):
        RUNTIME.predict([{"user_id": "1"}, asked])


# --- forms -----------------------------------------------------------------------------------


def test_the_mapped_form_answers_as_the_one_in_memory(tmp_path):
    small_layout().save(tmp_path)
    mapped = open_runtime(tmp_path)
    asked = [
        {"user_id": "1"},
        {"user_id": "nobody"},
        {"history": [{"item_id": "030303", "rating": 5}], "item_id": "010101"},
    ]
    for (one,), (other,) in zip(RUNTIME.predict(asked), mapped.predict(asked), strict=True):
        assert ids(one) == ids(other)
        assert one["reason"] == other["reason"]
        ratings = [[item["rating"] for item in row["items"]] for row in (one, other)]
        assert ratings[0] == pytest.approx(ratings[1], abs=1e-5)
    mapped.close()


def test_als_lists_are_served_from_item_factors_alone(tmp_path, rng):
    factors = rng.normal(size=(6, 3)).astype(np.float32)
    exact = factors.astype(np.float64)
    numbers = {**SETTINGS, "ridge": 0.05, "confidence": 2.0}
    small_layout(ListArrays("als", numbers, {"factors": factors, "gram": exact.T @ exact})).save(
        tmp_path
    )
    row = answer(open_runtime(tmp_path), user_id="1")
    assert (row["reason"], row["list_by"]) == ("personal", "als")


def test_serving_needs_no_learning_library():
    code = (
        "import sys, pipelines.families.product_recommendations.runtime;"
        f"print([name for name in {LEARNING} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.stdout.strip() == "[]"
