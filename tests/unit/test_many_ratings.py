"""The panel and the rest: what is fitted on is all of them, and nothing of the rest is tested."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.interactions import Scale, interactions, seconds
from features.many_ratings import reading, rest
from features.schema import SchemaError
from features.sources import Source, SourceError
from features.splits import LARGEST_TEST_SHARE, place
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.together import (
    RestOverlaps,
    RestUnread,
    fitted_on,
    joined,
)
from pipelines.ranking import HELD_OUT_FROM

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
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"] * 86_400, unit="s", utc=True))


def held(frame: pd.DataFrame, digest: str, files: int = 3) -> rest.Rest:
    """Write a rest as Spark would: in order, over several files."""
    folder = TemporaryDirectory()
    place = Path(folder.name) / rest.ROWS
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


def test_a_user_in_both_parts_is_refused():
    known = interactions(rated(range(5)), *NAMES)
    with pytest.raises(RestOverlaps):
        joined(known, np.zeros(len(known), bool), interactions(rated(range(4, 9)), *NAMES))


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


def test_no_user_of_the_rest_can_be_held_out_by_any_split():
    for size in (40, 400, 4_000):
        parts = FAMILY.split(rated(range(size)))
        for part in (parts.test, parts.sealed, parts.validation):
            for user in part["user_id"].unique():
                where = place(user, FAMILY.name)
                assert not LARGEST_TEST_SHARE <= where < HELD_OUT_FROM


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
