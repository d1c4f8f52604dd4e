"""What lists are ranked by: the formulas hold, ties are settled, and an inner split decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.interactions import Interactions, Scale
from pipelines.contract import FitRefused
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.families.product_recommendations.list_params import ListModel, ListParams
from pipelines.families.product_recommendations.rankers.als import CONFIDENCE, RIDGE, fit_als
from pipelines.families.product_recommendations.rankers.ease import fit_ease, weights_of
from pipelines.families.product_recommendations.rankers.fitting import (
    RankedLists,
    chosen_ranker,
    fit_lists,
)
from pipelines.families.product_recommendations.rankers.likes import matrix
from pipelines.families.product_recommendations.rankers.measuring import figures, questions
from pipelines.families.product_recommendations.rankers.popularity import recent_popularity
from pipelines.families.product_recommendations.rankers.scoring import (
    Factors,
    Neighbours,
    UnknownRanker,
    best,
    blended,
    lift_of,
    scorer_of,
)

SCALE = Scale(1.0, 5.0)


def interactions(user, item, rating=None, time=None, users=None, items=None) -> Interactions:
    user, item = np.asarray(user, np.int32), np.asarray(item, np.int32)
    rating = np.full(len(user), 5.0) if rating is None else np.asarray(rating)
    time = np.zeros(len(user)) if time is None else np.asarray(time)
    names = (
        [str(code) for code in range(count or int(codes.max(initial=-1)) + 1)]
        for count, codes in ((users, user), (items, item))
    )
    return Interactions(*names, user, item, rating.astype(np.float32), time.astype(np.int64), SCALE)


def camps(rng, users=300, items=40, each=8) -> Interactions:
    """Two camps: one likes the first half of the items, the other the second."""
    half = items // 2
    drawn = [rng.choice(half, each, replace=False) + half * (user % 2) for user in range(users)]
    return interactions(np.repeat(np.arange(users), each), np.concatenate(drawn), items=items)


def fitted(known: Interactions, share: float = 0.2, **params: object) -> RankedLists:
    held_out = np.random.default_rng(1).random(len(known)) < share
    return fit_lists(known, held_out, ListParams.model_validate(params), 3, lambda *_: None)


# --- rankers ---------------------------------------------------------------------------------


def test_ease_is_the_ridge_regression_of_each_item_on_the_others(rng):
    liked = camps(rng, users=60, items=10, each=3)
    seen = matrix(liked).toarray().astype(np.float64)
    weights = weights_of(matrix(liked), 10.0)
    for item in range(10):
        others = np.delete(np.arange(10), item)
        left = seen[:, others].T @ seen[:, others] + 10.0 * np.eye(9)
        expected = np.linalg.solve(left, seen[:, others].T @ seen[:, item])
        assert weights[others, item] == pytest.approx(expected, abs=1e-4)
        assert weights[item, item] == 0.0


def test_ease_keeps_the_strongest_neighbours_of_each_item(rng):
    liked = camps(rng)
    kept, whole = fit_ease(liked, 50.0, 5), weights_of(matrix(liked), 50.0)
    for item, row in enumerate(whole):
        strongest = np.sort(np.abs(row))[-5:]
        assert np.sort(np.abs(kept["weights"][item])) == pytest.approx(strongest)
        assert row[kept["neighbours"][item]] == pytest.approx(kept["weights"][item])


def test_neighbours_sum_what_the_liked_items_point_to(rng):
    liked = camps(rng)
    arrays = fit_ease(liked, 50.0, 40)
    scorer = Neighbours(arrays["neighbours"], arrays["weights"])
    mine = np.array([1, 4, 7])
    expected = weights_of(matrix(liked), 50.0)[mine].sum(axis=0)
    assert scorer.scores(mine) == pytest.approx(expected, abs=1e-5)


def test_als_puts_camps_apart_and_is_the_same_for_the_same_seed(rng):
    liked = camps(rng)
    first, again = (fit_als(liked, 4, 10, 3, lambda _: None) for _ in range(2))
    assert (first["factors"] == again["factors"]).all()
    scorer = Factors(first["factors"], first["gram"], RIDGE, CONFIDENCE)
    scores = scorer.scores(np.array([0, 1, 2]))
    assert scores[:20].mean() > scores[20:].mean() + 0.1


def test_als_without_anybody_who_liked_two_things_knows_nothing():
    arrays = fit_als(interactions([0, 1, 2], [0, 1, 2]), 4, 5, 3, lambda _: None)
    assert not arrays["factors"].any()


def test_a_users_factors_solve_the_weighted_ridge_regression(rng):
    factors = rng.normal(size=(30, 4)).astype(np.float32)
    exact = factors.astype(np.float64)
    mine = np.array([2, 5, 9])
    confidence = np.ones(30)
    confidence[mine] = CONFIDENCE
    preferred = np.zeros(30)
    preferred[mine] = 1.0
    left = exact.T @ (confidence[:, None] * exact) + RIDGE * np.eye(4)
    user = np.linalg.solve(left, exact.T @ (confidence * preferred))
    scorer = Factors(factors, exact.T @ exact, RIDGE, CONFIDENCE)
    assert scorer.scores(mine) == pytest.approx(exact @ user, abs=1e-5)


def test_popularity_counts_the_newest_likes_twice():
    liked = interactions(range(100), [0] * 60 + [1] * 40, time=range(100))
    assert recent_popularity(liked)[1] == 1.0
    timeless = interactions(range(100), [0] * 60 + [1] * 40)
    assert recent_popularity(timeless) == pytest.approx([1.0, 40 / 60])
    assert not recent_popularity(interactions([], [], items=3)).any()


def test_lists_of_an_unknown_ranker_are_refused():
    with pytest.raises(UnknownRanker, match="magic"):
        scorer_of(ListArrays("magic", {}, {}))


# --- the best of many ------------------------------------------------------------------------


@given(
    scores=arrays(np.float64, st.integers(1, 300), elements=st.integers(-5, 5).map(float)),
    count=st.integers(1, 40),
)
def test_the_best_are_those_of_a_stable_sort(scores, count):
    scores[scores == -5.0] = -np.inf
    expected = np.argsort(-scores, kind="stable")[: min(count, int(np.isfinite(scores).sum()))]
    assert best(scores, count).tolist() == expected.tolist()


def test_ties_go_to_what_is_more_popular():
    scorer = Neighbours(np.array([[1], [2], [0]], np.int32), np.zeros((3, 1), np.float32))
    popularity = np.array([0.1, 0.2, 0.9], np.float32)
    scores = blended(scorer, np.array([0]), popularity, lift_of(popularity, 0.0))
    assert best(scores, 3).tolist() == [2, 1, 0]


# --- what an inner split decides -------------------------------------------------------------


def test_the_catalogues_size_chooses_the_ranker_unless_one_is_named():
    params = ListParams(ease_limit=100)
    assert chosen_ranker(params, 100) == "ease"
    assert chosen_ranker(params, 101) == "als"
    assert chosen_ranker(ListParams(lists=ListModel.ALS), 5) == "als"


@pytest.mark.parametrize("ranker", ["ease", "als"])
def test_taste_is_found_where_popularity_tells_nothing(rng, ranker):
    known = camps(rng)
    found = fitted(known, lists=ranker, ease_ridge=20, list_factors=4)
    assert found.lists.by == ranker
    assert (
        found.history["held_out_ndcg_at_10_lists"]
        > 1.5 * found.history["held_out_ndcg_at_10_popularity"]
    )
    assert found.lists.settings["liked_from"] == 4.0


def test_popularity_ships_where_there_is_no_taste_to_be_found(rng):
    weights = 1 / np.arange(1, 201)
    drawn = [rng.choice(200, 2, replace=False, p=weights / weights.sum()) for _ in range(800)]
    known = interactions(np.repeat(np.arange(800), 2), np.concatenate(drawn), items=200)
    found = fitted(known, lists="als", list_factors=16)
    assert (
        found.history["held_out_ndcg_at_10_popularity"]
        > found.history["held_out_ndcg_at_10_share_0"]
    )
    assert found.lists.by == "popularity" or found.lists.settings["share"] > 0


def test_nothing_held_out_still_gives_lists(rng):
    known = camps(rng)
    found = fitted(known, share=0.0)
    assert found.lists.by == "ease"
    assert not found.history


def test_where_nobody_likes_anything_what_is_rated_comes_first():
    known = interactions([0, 1, 2, 3, 3], [2, 2, 2, 1, 2], np.full(5, 2.0), items=3)
    found = fitted(known)
    assert found.popularity == pytest.approx([0, 1 / 4, 1])
    assert not found.lists.arrays["weights"].any()


def test_a_dislike_makes_nothing_popular():
    rated = interactions([0, 1, 2], [0, 1, 1], [5.0, 1.0, 1.0])
    assert recent_popularity(rated).tolist() == [1, 0]


def test_a_ridge_that_single_precision_cannot_hold_is_refused(rng):
    always = interactions(np.repeat(np.arange(3_000), 2), np.tile([0, 1], 3_000))
    with pytest.raises(FitRefused, match="raise it"):
        fit_ease(always, 1e-6, 10)


def test_progress_goes_from_nothing_to_everything(rng):
    seen: list[float] = []
    mask = np.zeros(len(known := camps(rng)), bool)
    fit_lists(known, mask, ListParams(lists="als"), 3, lambda done, _: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_figures_count_over_the_whole_catalogue():
    known = interactions([0, 0, 1], [0, 1, 0], users=2, items=30)
    held_out = interactions([0, 0, 1], [2, 1, 5], rating=[5, 5, 5], users=2, items=30)
    asked = questions(known, held_out, 10)
    assert [question.wanted.tolist() for question in asked] == [[2], [5]]
    found = figures(asked, lambda _: -np.arange(30.0))
    assert (found.recall, found.users) == (1.0, 2)
    assert found.precision == pytest.approx(0.1)
    # User 0 knows items 0 and 1, so item 2 stands first; user 1 finds item 5 in place 5.
    assert found.ndcg == pytest.approx((1 + 1 / np.log2(6)) / 2)
