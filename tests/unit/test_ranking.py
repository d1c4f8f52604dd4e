from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.families.product_recommendations.family import FAMILY
from pipelines.ranking import per_request_of

PARTS = ("train", "validation", "test", "sealed")


def rated(users: int = 400, each: int = 12, timed: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    count = users * each
    frame = pd.DataFrame(
        {
            "user_id": np.repeat([f"u{number}" for number in range(users)], each),
            "item_id": [f"i{number}" for number in rng.integers(60, size=count)],
            "rating": rng.integers(1, 6, size=count).astype(float),
            "timestamp": pd.to_datetime(rng.integers(1_000_000, size=count), unit="s", utc=True),
        }
    ).drop_duplicates(["user_id", "item_id"])
    return frame if timed else frame.drop(columns="timestamp")


@pytest.mark.parametrize("timed", [True, False])
def test_split_is_disjoint_complete_and_order_free(timed) -> None:
    frame = rated(timed=timed)
    split = vars(FAMILY.split(frame))
    assert sorted(pd.concat(split.values()).index) == sorted(frame.index)
    shuffled = vars(FAMILY.split(frame.sample(frac=1, random_state=2)))
    for part in PARTS:
        assert set(split[part].index) == set(shuffled[part].index)


def test_test_sealed_and_validation_users_are_others_and_keep_their_older_rows() -> None:
    split = vars(FAMILY.split(rated()))
    users = {part: set(split[part]["user_id"]) for part in PARTS}
    assert not users["test"] & users["sealed"]
    assert not users["test"] & users["validation"]
    assert not users["sealed"] & users["validation"]
    assert users["test"] <= users["train"]
    newest = split["test"].groupby("user_id")["timestamp"].min()
    older = split["train"].groupby("user_id")["timestamp"].max()
    assert (older.reindex(newest.index) <= newest).all()
    assert 60 <= len(users["test"]) <= 170
    assert len(split["test"]) >= 150


def test_rows_that_come_later_leave_every_user_in_their_part() -> None:
    frame = rated(1000)
    before = vars(FAMILY.split(frame))
    extra = frame.head(30).assign(user_id="new", item_id=[f"x{place}" for place in range(30)])
    after = vars(FAMILY.split(pd.concat([frame, extra], ignore_index=True)))
    for part in PARTS[1:]:
        assert set(before[part]["user_id"]) <= set(after[part]["user_id"])


def test_a_user_with_one_rating_may_be_tested_by_it() -> None:
    frame = rated(2000, each=1)
    test = FAMILY.split(frame).test
    assert len(test) >= 300
    assert FAMILY.examples(test).actual["slice:light"].all()


def test_each_rating_is_asked_for_and_a_list_for_who_liked_something() -> None:
    part = pd.DataFrame(
        {
            "user_id": ["b", "a", "b", "c"],
            "item_id": ["1", "1", "2", "3"],
            "rating": [5.0, 4.0, 2.0, 3.0],
        }
    )
    examples = FAMILY.examples(part)
    requests, actual = examples.requests, examples.actual
    assert requests["user_id"].tolist() == ["a", "b", "b", "c", "a", "b"]
    assert requests["item_id"].tolist() == ["1", "1", "2", "3", None, None]
    assert (requests["top"] == 10).all()
    assert actual["rating"].tolist()[:4] == [4, 5, 2, 3]
    assert actual["items"].tolist() == [[], [], [], [], [{"item_id": "1"}], [{"item_id": "1"}]]
    assert actual["asks_rating"].tolist() == [True] * 4 + [False] * 2
    assert (actual["asks_list"] == ~actual["asks_rating"]).all()
    assert actual["group"].tolist() == requests["user_id"].tolist()
    assert actual["slice:light"].tolist() == [True, False, False, True, True, False]


def test_groups_are_pairs_of_user_and_item() -> None:
    frame = rated()
    assert FAMILY.groups(frame).is_unique
    assert FAMILY.groups(frame.head(1)).tolist() == [
        f"{frame['user_id'].iloc[0]}\t{frame['item_id'].iloc[0]}"
    ]
    assert FAMILY.entity == "user_id"


def test_nothing_from_a_tested_users_later_days_may_be_trained_on() -> None:
    def day(number: int) -> pd.Timestamp:
        return pd.Timestamp(number, unit="D", tz="UTC")

    names = ["user_id", "item_id", "rating", "timestamp"]
    tested = pd.DataFrame([("a", "1", 5.0, day(5)), ("a", "2", 4.0, day(6))], columns=names)
    part = pd.DataFrame(
        [
            ("a", "0", 3.0, day(4)),
            ("a", "1", 3.0, day(1)),
            ("a", "3", 3.0, day(5)),
            ("a", "4", 3.0, day(9)),
            ("a", "5", 3.0, pd.NaT),
            ("b", "1", 3.0, day(9)),
        ],
        columns=names,
    )
    kept = FAMILY.admissible(part, tested)
    assert kept["item_id"].tolist() == ["0", "1"]
    assert kept["user_id"].tolist() == ["a", "b"]
    untimed = FAMILY.admissible(part.drop(columns="timestamp"), tested)
    assert len(untimed) == 5


def test_a_test_set_is_outlived_after_a_quarter() -> None:
    frame = rated(50)
    newer = frame.assign(timestamp=frame["timestamp"] + pd.Timedelta(days=91))
    nearly = frame.assign(timestamp=newer["timestamp"] - pd.Timedelta(seconds=1))
    assert FAMILY.outlived(frame, newer)
    assert not FAMILY.outlived(frame, nearly)
    assert not FAMILY.outlived(frame.drop(columns="timestamp"), newer)
    assert not FAMILY.outlived(frame, frame.head(0))


def test_floor_rates_by_means_and_lists_what_is_popular_and_new_to_the_user() -> None:
    train = pd.DataFrame(
        [("a", "1", 5), ("b", "1", 4), ("c", "1", 5), ("b", "2", 1), ("c", "2", 2), ("c", "3", 3)],
        columns=["user_id", "item_id", "rating"],
    )
    requests = pd.DataFrame(
        {
            "user_id": ["a", "a", "nobody", "nobody"],
            "item_id": [None, "2", None, "never seen"],
            "top": 2,
        }
    )
    answers = FAMILY.floor(train, requests)
    lists = [[item["item_id"] for item in items] for items in answers["items"]]
    assert lists == [["2", "3"], [], ["1", "2"], []]
    assert answers["rating"].isna().tolist() == [True, False, True, False]
    assert answers["rating"].iloc[3] == pytest.approx(train["rating"].mean())
    assert 1 <= answers["rating"].iloc[1] < train["rating"].mean()


def asked() -> pd.DataFrame:
    return FAMILY.examples(rated(60)).actual


def test_true_answers_have_no_error_and_find_everything() -> None:
    actual = asked()
    values = FAMILY.evaluate(actual, actual).values
    assert values["rmse"] == values["mae"] == 0
    assert values["ndcg_at_10"] == 1


def test_silence_counts_as_wrong_by_the_whole_scale_and_as_no_hit() -> None:
    actual = asked()
    silent = pd.DataFrame({"rating": np.nan, "items": [[]] * len(actual)}, index=actual.index)
    values = FAMILY.evaluate(silent, actual).values
    assert values["rmse"] == values["mae"] == 4
    assert values["ndcg_at_10"] == values["recall_at_10"] == 0


@pytest.mark.parametrize("said", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_counts_as_silence(said) -> None:
    actual = asked()
    assert FAMILY.evaluate(actual.assign(rating=said), actual).values["rmse"] == 4


def test_entries_of_a_list_without_an_id_are_no_items() -> None:
    actual = asked()
    foreign = actual.assign(items=[[{"id": "i1"}, "i2", 3]] * len(actual))
    assert FAMILY.evaluate(foreign, actual).values["ndcg_at_10"] == 0


def test_figures_of_ratings_and_lists_stand_apart() -> None:
    actual = asked()
    rows = per_request_of(actual.assign(items=[[]] * len(actual)), actual, "rating")
    assert rows.loc[rows["asks_list"], "squared_error"].isna().all()
    assert rows.loc[rows["asks_rating"], "recall_at_10"].isna().all()
    values = FAMILY.evaluate(actual.assign(rating=3.0), actual).values
    assert values["rmse"] > 1
    assert values["ndcg_at_10"] == 1


def test_lists_that_were_stored_as_arrays_are_read_the_same() -> None:
    actual = asked()
    stored = actual.assign(items=[np.array(items, dtype=object) for items in actual["items"]])
    assert FAMILY.evaluate(stored, stored).values == FAMILY.evaluate(actual, actual).values


def test_only_the_first_ten_places_count() -> None:
    actual = asked()
    late = actual.assign(
        items=[[{"item_id": f"no {place}"} for place in range(10)] + list(items)
               for items in actual["items"]]
    )  # fmt: skip
    assert FAMILY.evaluate(late, actual).values["recall_at_10"] == 0


def test_feedback_without_lists_is_measured_by_its_ratings() -> None:
    actual = pd.DataFrame({"rating": [4.0, 2.0]}, index=pd.Index([7, 9], name="request"))
    values = FAMILY.evaluate(
        pd.DataFrame({"rating": [3.0, 2.0]}, index=actual.index), actual
    ).values
    assert values["mae"] == 0.5
    assert np.isnan(values["ndcg_at_10"])
