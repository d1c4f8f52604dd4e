from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.held_out import newest_share
from features.interactions import (
    Interactions,
    interactions,
    marked_interactions,
    scale_of,
    seconds,
)
from features.preferences import (
    damped_means,
    hits,
    most_popular,
    ndcg,
    popularity,
    precision,
    recall,
)

ROWS = pd.DataFrame(
    {
        "user": ["b", "a", "b", "ñ", "a", "Z"],
        "item": ["2", "1", "1", "2", "2", "3"],
        "rating": [4.0, 5.0, 1.0, 3.0, 2.0, 5.0],
        "time": pd.to_datetime([3, 1, 2, 5, 4, 6], unit="s", utc=True),
    }
)


def coded(frame: pd.DataFrame = ROWS) -> Interactions:
    return interactions(frame, "user", "item", "rating", "time")


def test_codes_are_places_among_the_sorted_identifiers() -> None:
    known = coded()
    assert known.users == ["Z", "a", "b", "ñ"]
    assert known.items == ["1", "2", "3"]
    assert known.user.tolist() == [0, 1, 1, 2, 2, 3]
    assert known.item.tolist() == [2, 0, 1, 0, 1, 1]
    assert known.rating.tolist() == [5, 5, 2, 1, 4, 3]
    assert known.time.tolist() == [6, 1, 4, 2, 3, 5]
    assert known.offsets.tolist() == [0, 1, 3, 5, 6]


def test_the_order_of_rows_does_not_matter(rng) -> None:
    shuffled = coded(ROWS.sample(frac=1, random_state=rng))
    for name in ("user", "item", "rating", "time"):
        assert np.array_equal(getattr(shuffled, name), getattr(coded(), name))


def test_of_a_pair_that_is_there_twice_the_newest_row_is_kept() -> None:
    again = ROWS.iloc[[1]].assign(rating=3.0, time=pd.Timestamp(9, unit="s", tz="UTC"))
    known = coded(pd.concat([again, ROWS]))
    assert len(known) == len(ROWS)
    assert known.rating[1] == 3


def test_rows_without_times_have_the_time_0() -> None:
    assert not coded(ROWS.drop(columns="time")).time.any()
    assert not seconds(pd.Series([pd.NaT, pd.NaT])).any()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_seconds_are_seconds_in_every_resolution_and_zone(unit) -> None:
    times = pd.Series(pd.to_datetime([1_500_000_000], unit="s", utc=True)).dt.as_unit(unit)
    assert seconds(times).tolist() == [1_500_000_000]
    assert seconds(times.dt.tz_convert("America/Mexico_City")).tolist() == [1_500_000_000]
    assert seconds(times.dt.tz_localize(None)).tolist() == [1_500_000_000]


@pytest.mark.parametrize(
    ("ratings", "low", "high"),
    [
        ([1, 2, 3, 4, 5], 1, 5),
        ([0.5, 1, 4.5, 5], 0.5, 5),
        ([0, 1, 2, 5], 0, 5),
        ([0.5] + [1, 2, 3, 3.5, 4.5] * 40, 0.5, 5),
        ([0.5] + [1, 2, 3, 4, 5] * 40, 1, 5),
        ([2, 8, 10], 1, 10),
        ([20, 55, 100], 1, 100),
        ([1, 5] * 200 + [99], 1, 5),
        ([500, 1000], 1, 1000),
        ([], 1, 5),
    ],
)
def test_scale_is_read_from_the_ratings(ratings, low, high) -> None:
    found = scale_of(np.array(ratings, dtype=float))
    assert (found.low, found.high) == (low, high)
    assert found.relevant == 0.8 * high


def test_rows_of_a_mask_keep_their_codes() -> None:
    known = coded()
    kept = known.where(known.rating >= 4)
    assert kept.users == known.users
    assert kept.user.tolist() == [0, 1, 2]
    assert kept.offsets.tolist() == [0, 1, 2, 3, 3]


def test_marks_follow_their_rows() -> None:
    marks = (ROWS["rating"] == 5).to_numpy()
    known, moved = marked_interactions(ROWS, marks, "user", "item", "rating", "time")
    assert known.rating[moved].tolist() == [5, 5]
    assert moved.sum() == 2


def test_some_users_rows_get_codes_of_their_own() -> None:
    some = coded().of_users(np.array([False, True, False, True]))
    assert some.users == ["a", "ñ"]
    assert some.items == coded().items
    assert some.user.tolist() == [0, 0, 1]
    assert some.item.tolist() == [0, 1, 1]
    assert some.offsets.tolist() == [0, 2, 3]


def test_damped_means_are_the_ridge_solution_that_they_converge_to() -> None:
    known, damping = coded(), 2.0
    means = damped_means(known, damping, sweeps=200)
    users, items = len(known.users), len(known.items)
    design = np.zeros((len(known), users + items))
    design[np.arange(len(known)), known.user] = 1
    design[np.arange(len(known)), users + known.item] = 1
    gram = design.T @ design + damping * np.eye(users + items)
    expected = np.linalg.solve(gram, design.T @ (known.rating - known.rating.mean()))
    assert np.allclose(np.concatenate([means.user, means.item]), expected, atol=1e-6)
    assert np.allclose(
        means.rate(known.user, known.item), known.rating.mean() + design @ expected, atol=1e-6
    )


def test_popularity_counts_the_newest_rows_twice_and_all_the_same_without_times() -> None:
    plain = popularity(coded(ROWS.drop(columns="time")))
    assert np.allclose(plain, [2 / 6, 3 / 6, 1 / 6])
    lately = popularity(coded(), recent_share=0.1)
    assert np.allclose(lately, [2 / 6, 3 / 6, 1 / 6 + 1])
    assert most_popular(lately, 2).tolist() == [2, 1]
    assert most_popular(np.array([1.0, 2.0, 1.0]), 3).tolist() == [1, 0, 2]


def test_list_figures_are_those_of_their_definitions() -> None:
    found = hits(["x", "a", "a", "b", "y"], {"a", "b", "c"}, top=4)
    assert found.tolist() == [False, True, True, False]
    assert precision(found) == 0.5
    assert recall(found, 3) == 2 / 3
    gained = 1 / np.log2(3) + 1 / np.log2(4)
    assert ndcg(found, 3) == pytest.approx(gained / (1 + gained))
    assert ndcg(np.array([True, False]), 1) == 1


def test_each_users_newest_share_is_held_out_and_at_least_one_row(rng) -> None:
    frame = pd.DataFrame(
        {
            "user": ["many"] * 10 + ["few"] * 3,
            "item": [str(number) for number in range(13)],
            "time": pd.to_datetime([*range(10), *range(3)], unit="D", utc=True),
        }
    )
    held = newest_share(frame, "user", "item", "time", 0.2)
    assert np.flatnonzero(held).tolist() == [8, 9, 12]
    shuffled = frame.sample(frac=1, random_state=rng)
    again = newest_share(shuffled, "user", "item", "time", 0.2)
    assert sorted(shuffled.index[again]) == [8, 9, 12]


def test_without_times_a_hash_of_user_and_item_decides_and_not_the_item_alone() -> None:
    users, items = 200, 10
    frame = pd.DataFrame(
        {
            "user": np.repeat([f"u{number}" for number in range(users)], items),
            "item": np.tile([f"i{number}" for number in range(items)], users),
        }
    )
    held = newest_share(frame, "user", "item", "time", 0.2)
    assert held.sum() == users * items // 5
    by_item = frame[held].groupby("item").size()
    assert len(by_item) == items
    assert by_item.max() < 2 * users / 5
    moved = frame.sample(frac=1, random_state=1)
    kept = moved.index[newest_share(moved, "user", "item", "time", 0.2)]
    assert set(kept) == set(frame.index[held])
