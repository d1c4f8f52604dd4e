"""The panel and the rest: what is fitted on is all of them, and nothing of the rest is tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.interactions import Scale, interactions, seconds
from features.many_ratings import reading, rest
from features.schema import SchemaError
from features.sources import Source, SourceError
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.list_params import ListParams
from pipelines.families.product_recommendations.rankers import spark_als
from pipelines.families.product_recommendations.rankers.als import CONFIDENCE
from pipelines.families.product_recommendations.rankers.fitting import fit_lists
from pipelines.families.product_recommendations.spark_factors import Recipe
from pipelines.families.product_recommendations.together import (
    RestUnread,
    fitted_on,
    joined,
)

NAMES = ("user_id", "item_id", "rating", "timestamp")
SCALE = Scale(1.0, 5.0)


def rated(users: range, each: int = 4, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (f"ü{user}" if user % 7 == 0 else f"u{user}", f"i{item}", float(rng.integers(1, 6)), moment)
        for user in users
        for moment, item in enumerate(rng.choice(30, each, replace=False))
    ]
    frame = pd.DataFrame(rows, columns=NAMES)
    return frame.assign(
        timestamp=pd.to_datetime((1 + frame["timestamp"]) * 86_400, unit="s", utc=True)
    )


def held(frame: pd.DataFrame, digest: str, files: int = 3) -> rest.Rest:
    """Write a rest as Spark would: in order, over several files."""
    folder = rest.new_folder()
    place = folder / rest.ROWS
    place.mkdir()
    ordered = frame.sort_values(["user_id", "item_id"], key=lambda ids: ids.str.encode("utf-8"))
    table = pa.table(
        {
            "user": pa.array(ordered["user_id"]),
            "item": pa.array(ordered["item_id"]),
            "rating": pa.array(ordered["rating"].to_numpy(np.float32)),
            "time": pa.array(seconds(ordered["timestamp"])),
        }
    )
    size = len(frame) // files + 1
    for number in range(files):
        part = table.slice(number * size, size)
        pq.write_table(part, place / f"part-{number:05d}.parquet")
    found = rest.Rest(digest, folder, SCALE, len(frame))
    rest.hold(found)
    return found


def same(one, other) -> None:
    for name in ("user", "item", "rating", "time"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name
    assert list(one.users) == list(other.users)
    assert list(one.items) == list(other.items)


def test_the_rest_opens_as_the_same_rows_would_from_a_frame():
    frame = rated(range(50))
    same(held(frame, "a").interactions(), interactions(frame, *NAMES))


def test_panel_and_rest_together_are_what_one_frame_of_all_would_be():
    panel, others = rated(range(20)), rated(range(20, 60), seed=4)
    known = interactions(panel, *NAMES)
    marks = np.asarray(known.rating == 5.0)
    together, marked = joined(known, marks, interactions(others, *NAMES))
    same(together, interactions(pd.concat([panel, others]), *NAMES))
    users = np.array(together.users, dtype=object)[together.user]
    expected = (together.rating == 5.0) & np.isin(users, list(known.users))
    assert marked.tolist() == expected.tolist()


def test_an_empty_rest_changes_nothing():
    panel = rated(range(20))
    empty = held(panel.head(0), "empty").interactions()
    together, _ = joined(interactions(panel, *NAMES), np.zeros(len(panel), bool), empty)
    same(together, interactions(panel, *NAMES))


def test_a_pair_in_both_parts_counts_once_and_as_the_panel_says():
    panel = rated(range(5))
    known = interactions(panel, *NAMES)
    again = interactions(panel.assign(rating=9.0), *NAMES)
    together, _ = joined(known, np.zeros(len(known), bool), again)
    same(together, known)


def test_a_frame_that_names_its_rest_is_fitted_on_with_it():
    panel, others = rated(range(20)), rated(range(20, 60), seed=4)
    held(others, "b")
    marked = panel.assign(**{rest.COLUMN: pd.Categorical(["b"] * len(panel))})
    known, held_out = fitted_on(marked.iloc[:-6], marked.iloc[-6:])
    assert len(known) == len(panel) + len(others)
    assert held_out.sum() == 6
    late = panel.head(2).assign(user_id="late")  # rows of a used-up test set know of no rest
    known, _ = fitted_on(pd.concat([marked, late]), marked.head(0))
    assert len(known) == len(panel) + len(others) + 2


def test_a_rest_that_another_process_has_read_is_asked_for_in_plain_words():
    frame = rated(range(9)).assign(rest="never read")
    with pytest.raises(RestUnread, match="load the source again"):
        fitted_on(frame, frame.head(0))


def test_what_is_tested_does_not_depend_on_the_rest():
    panel = rated(range(400))
    named = panel.assign(**{rest.COLUMN: pd.Categorical(["b"] * len(panel))})
    with_rest, without = FAMILY.split(named), FAMILY.split(panel)
    pd.testing.assert_frame_equal(with_rest.test, without.test)
    pd.testing.assert_frame_equal(with_rest.sealed, without.sealed)
    assert rest.COLUMN in with_rest.train


def test_what_a_test_set_withholds_is_withheld_from_the_rest_by_the_same_rule():
    """The users of an old test set may be in the rest by now, when more data came."""
    panel, others = rated(range(200)), rated(range(200, 400), seed=4)
    held(others, "d")
    marked = panel.assign(**{rest.COLUMN: pd.Categorical(["d"] * len(panel))})
    tested = FAMILY.split(others).test
    assert len(tested) > 30
    for frozen in (tested, tested.drop(columns="timestamp")):
        left = FAMILY.admissible(marked, frozen)
        assert set(left[rest.COLUMN]) != {"d"}, "it is another rest, and says so"
        known, _ = fitted_on(left, left.head(0))
        expected = pd.concat([panel, FAMILY.admissible(others, frozen)])
        same(known, interactions(expected, *NAMES))
        assert len(known) < len(panel) + len(others)


def test_a_rest_from_which_two_test_sets_are_withheld_lacks_both():
    panel, others = rated(range(20)), rated(range(20, 60), seed=4)
    held(others, "e")
    marked = panel.assign(**{rest.COLUMN: pd.Categorical(["e"] * len(panel))})
    first, second = others.head(3), others.tail(3)
    twice = FAMILY.admissible(FAMILY.admissible(marked, first), second)
    known, _ = fitted_on(twice, twice.head(0))
    expected = FAMILY.admissible(FAMILY.admissible(others, first), second)
    assert len(known) == len(panel) + len(expected)


def test_spark_reads_where_it_is_named_or_the_files_are_large(tmp_path, monkeypatch):
    file = tmp_path / "ratings.csv"
    file.write_text("user_id,item_id,rating\n" * 10)
    assert not reading.is_past_one_machine(Source(str(file)))
    assert reading.is_past_one_machine(Source(str(file), engine="spark"))
    monkeypatch.setattr(reading, "FROM_BYTES", 100)
    assert reading.is_past_one_machine(Source(str(file)))
    assert reading.is_past_one_machine(Source(str(tmp_path))) is False, "a folder of no Parquet"
    assert not reading.is_past_one_machine(Source(str(file), engine="duckdb"))
    assert not reading.is_past_one_machine(Source("postgresql://db/shop?table=ratings"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://db.example/shop?table=ratings", "from Parquet and from delimited text"),
        ("https://shop.example/ratings.csv", "from Parquet and from delimited text"),
        ("nowhere.parquet", "there is no such file"),
    ],
)
def test_what_spark_does_not_read_is_said_before_it_starts(url, told):
    with pytest.raises(SourceError, match=told):
        FAMILY.load(Source(url, engine="spark"))


def test_columns_are_found_by_their_usual_names_and_missing_ones_are_named(tmp_path):
    file = tmp_path / "ratings.parquet"
    pq.write_table(pa.table({"userId": ["a"], "movieId": ["b"], "stars": [1.0]}), file)
    found = reading._located(Source(str(file)), FAMILY.schema)
    assert found.columns == {"user_id": "userId", "item_id": "movieId", "rating": "stars"}
    pq.write_table(pa.table({"userId": ["a"], "stars": [1.0]}), file)
    with pytest.raises(SchemaError, match="item_id"):
        reading._located(Source(str(file)), FAMILY.schema)


def test_lists_by_spark_are_kept_and_scored_as_those_of_one_machine(rng, monkeypatch):
    asked: list[Recipe] = []

    def factorised(known, values, recipe, master, *, users):
        asked.append(recipe)
        assert not users, "a user's factors follow from what they liked"
        assert set(values.tolist()) == {1.0}
        assert np.bincount(known.user).max() >= 2
        return np.zeros((0, 4)), rng.normal(size=(len(known.items), 4)).astype(np.float32)

    monkeypatch.setattr(spark_als, "factorised", factorised)
    known = interactions(rated(range(60), each=6), *NAMES)
    params = ListParams.model_validate({"lists": "spark_als", "list_factors": 4, "list_sweeps": 9})
    found = fit_lists(known, np.arange(len(known)) % 5 == 0, params, 7, lambda *_: None)
    assert found.lists.by in {"als", "popularity"}
    first, *_ = asked
    assert (first.rank, first.sweeps, first.seed) == (4, 9, 7)
    assert first.alpha == CONFIDENCE - 1.0, "Spark adds it to a confidence of one"


def test_without_anybody_who_liked_two_things_spark_is_not_asked():
    known = interactions(rated(range(9), each=1), *NAMES)
    found = spark_als.fit_spark_als(known, 4, 5, 3, "nowhere://")
    assert not found["factors"].any()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"damaged": 51}, "51 of 1,000 rows are damaged, more than the 5% allowed"),
        ({"not_times": 60}, "60 of 1,000 rows hold a timestamp that is not a time"),
        ({"outside": 70}, "70 of 1,000 rows hold a rating that is out of range"),
        ({"kept": 0}, "none of 1,000 rows can be used"),
        ({"kept": 0, "rows": 0}, "there are no rows"),
    ],
)
def test_a_source_of_which_too_much_is_wrong_is_refused_with_rows_to_look_at(changed, told):
    listed = [["u1", "", "4", None, "item is empty"]]
    sound = {"rows": 1_000, "kept": 900, "damaged": 50, "not_times": 0, "outside": 0}
    source = Source("ratings.parquet")
    reading._refuse({**sound, "listed": listed}, source, FAMILY.schema)
    with pytest.raises(SchemaError, match=told) as refused:
        reading._refuse({**sound, "listed": listed, **changed}, source, FAMILY.schema)
    assert "item is empty" in str(refused.value)
