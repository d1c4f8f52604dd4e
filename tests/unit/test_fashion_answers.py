"""Questions refused or answered, from arrays that are small enough to be reckoned by hand."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fashion_stage import small_runtime, write_shop

from features.sources import Source
from pipelines.arena.arena import silent
from pipelines.contract import RequestRefused
from pipelines.families.fashion_recommendations.answering import Recommender, answers
from pipelines.families.fashion_recommendations.family import FAMILY
from pipelines.families.fashion_recommendations.hybrid import share_of
from pipelines.families.fashion_recommendations.lists import Ranker
from pipelines.families.fashion_recommendations.memory import Arrays, Facts, Memory
from pipelines.families.fashion_recommendations.model import FashionModel, fit
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.reviews import coded_reviews
from pipelines.families.fashion_recommendations.runtime import FashionRuntime, open_runtime
from pipelines.families.fashion_recommendations.taste import Damping


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("fashion") / "shop")


@pytest.fixture(scope="module")
def runtime(shop: Path) -> FashionRuntime:
    return small_runtime(shop)


@pytest.fixture(scope="module")
def model(shop: Path) -> FashionModel:
    frame = FAMILY.load(Source(str(shop))).frame
    return fit(frame, frame.head(0), Params(pictures=False, words=False), 3, silent)


@pytest.mark.parametrize(
    ("odd", "named"),
    [
        ({"customer_id": 7}, "'customer_id' must be a text"),
        ({"customer_id": "  "}, "'customer_id' is empty"),
        ({"customer_id": "x" * 201}, "201 characters"),
        ({"item_id": ["m1"]}, "'item_id' must be a text"),
        ({"item_id": "\ud800"}, "not valid Unicode"),
        ({"review_text": "Muy suave"}, "'item_id' is missing"),
        ({"item_id": "m1", "review_text": "x" * 20_001}, "20001 characters"),
        ({"top": 0}, "'top'"),
        ({"top": 501}, "'top'"),
        ({"top": 2.5}, "'top'"),
        ({"top": True}, "'top'"),
        ({"top": "10"}, "'top'"),
        ({"top": float("inf")}, "'top'"),
        ({"top": 10**400}, "'top'"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_place_and_field(runtime, odd, named) -> None:
    with pytest.raises(RequestRefused, match=f"instance 1.*{named}"):
        runtime.predict([{"customer_id": "ana"}, odd])


def wide_catalogue(size: int) -> Recommender:
    """Return one customer with one review before `size` items, without networks."""
    none, ones = [None] * size, np.ones(size, np.float32)
    names = [f"i{number}" for number in range(size)]
    facts = Facts(["ana"], names, none, none, mean=3.0, low=1.0, high=5.0, damping=Damping())
    flat, one = np.zeros((size, 8), np.float32), np.ones(1, np.float32)
    own = (np.array([0, 1]), np.zeros(1, np.int32), 5 * one, one, flat[:1], one)
    arrays = Arrays(*own, ones, ones, flat, ones, flat, ones)
    return Recommender(Memory(facts, arrays), (), 0.0, Ranker(), None)


def test_many_questions_do_not_hold_as_many_catalogues() -> None:
    recommender = wide_catalogue(10_000)
    asked = [{"customer_id": "ana", "item_id": f"i{number}"} for number in range(400)]
    tracemalloc.start()
    answered = answers(recommender, asked)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answered == [answers(recommender, [one])[0] for one in asked]
    assert peak < 100_000_000


def test_a_customers_own_review_of_the_item_does_not_answer_for_it(runtime) -> None:
    ((row,),) = runtime.predict([{"customer_id": "eva", "item_id": "m4"}])
    others = runtime.predict([{"item_id": "m4"}])[0][0]["rating"]
    # Eva gave it 1 and everything else less than the others did, and her twins gave it 1, too.
    assert row["rating"] == pytest.approx(others, abs=0.6)
    assert row["reason"] == "personal"


@pytest.mark.parametrize("item", ["m1", "m5", "never heard of"])
def test_an_unknown_customer_gets_what_everybody_thinks(runtime, item) -> None:
    nobody, stranger = runtime.predict(
        [{"item_id": item}, {"customer_id": "nobody", "item_id": item}]
    )
    assert nobody == stranger
    assert nobody[0]["reason"] == "popular"
    assert 1 <= nobody[0]["rating"] <= 5


def test_a_written_review_is_read(runtime) -> None:
    asked = {"customer_id": "ana", "item_id": "m3"}
    words = ("Me encanta", "Pésima", "zzz qqq")
    found = [runtime.predict([asked | {"review_title": w}])[0][0] for w in words]
    assert found[0]["rating"] > found[1]["rating"] + 1
    assert [row["reason"] for row in found] == ["written", "written", "personal"]
    assert found[2] == runtime.predict([asked])[0][0]


def test_no_list_holds_what_was_reviewed_or_anything_twice(runtime) -> None:
    ((row,),) = runtime.predict([{"customer_id": "ana", "top": 500}])
    shown = [item["item_id"] for item in row["items"]]
    assert sorted(shown) == ["m3", "m4", "m5"]


def test_scores_are_shares_of_the_catalogue_and_fall(runtime) -> None:
    (row,) = runtime.predict([{"customer_id": "c1", "top": 500}])[0]
    scores = [item["score"] for item in row["items"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert sum(scores) <= 1 + 1e-9


def test_saved_and_opened_it_answers_the_same(model: FashionModel, tmp_path: Path) -> None:
    model.compile(tmp_path)
    asked = [
        {"customer_id": "ana"},
        {"customer_id": "eva", "item_id": "m1", "review_text": "suave"},
    ]
    opened = open_runtime(tmp_path)
    assert opened.predict(asked) == [[row] for row in answers(model.recommender, asked)]
    opened.close()


def test_missing_values_of_a_frame_are_nothing(model: FashionModel) -> None:
    requests = pd.DataFrame({"customer_id": ["ana", None], "item_id": [None, "m1"]})
    rows = model.predict(requests.assign(review_text=np.nan, top=[2.0, np.nan]))
    assert rows["rating"].isna().tolist() == [True, False]
    assert len(rows["items"].iloc[0]) == 2


def test_without_pictures_and_words_no_network_is_fitted(model: FashionModel) -> None:
    recommender: Recommender = model.recommender
    assert not recommender.networks
    assert not recommender.weight


@pytest.mark.parametrize("signal", [0.0, 0.5])
def test_the_network_counts_only_where_unseen_customers_gain(
    shop: Path, rng: np.random.Generator, signal: float
) -> None:
    reviews = coded_reviews(FAMILY.load(Source(str(shop))).frame)
    many = reviews.where(np.ones(len(reviews), dtype=bool))
    left = rng.normal(size=len(many))
    answer = signal * left + 0.3 * rng.normal(size=len(many))
    assert (share_of(left, answer, many) > 0) == bool(signal)


def test_every_plot_is_drawn(model: FashionModel, shop: Path) -> None:
    asked = FAMILY.examples(FAMILY.load(Source(str(shop))).frame)
    evaluation = FAMILY.evaluate(model.predict(asked.requests), asked.actual)
    curves = pd.DataFrame({"step": [0], "metric": ["held_out_rmse_fold_0"], "value": [0.9]})
    told = FashionModel(model.recommender, model.params, curves)
    drawings = FAMILY.figures(told, evaluation).drawings
    assert set(drawings) == {"learning.png", "errors.png", "predicted.png"}
    for draw in drawings.values():
        assert draw().axes[0].get_title()


def test_whoever_is_not_known_is_shown_what_everybody_unknown_is(runtime: FashionRuntime) -> None:
    asked = [{"customer_id": "nobody", "top": 5}, {"top": 5}, {"customer_id": "else", "top": 5}]
    first, *others = runtime.predict(asked)
    assert others == [first, first]
    assert runtime.predict(asked[:1]) == [first]


def test_names_are_the_same_in_pieces(runtime: FashionRuntime, tmp_path: Path) -> None:
    recommender = runtime._recommender
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipelines.families.fashion_recommendations.memory.PIECE", 3)
        recommender.save(tmp_path)
    assert Recommender.open(tmp_path).memory.facts == recommender.memory.facts
