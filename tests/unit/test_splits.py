from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.splits import Split, SplitError, place, pool_of, split_by_group


def frame_of(keys: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"key": keys}, index=pd.RangeIndex(2, len(keys) + 2))


def split(frame: pd.DataFrame, **shares: float) -> Split:
    return split_by_group(frame, frame["key"], salt="shop", **shares)


def parts(split: Split) -> dict[str, pd.DataFrame]:
    return {name: getattr(split, name) for name in ("train", "validation", "test", "sealed")}


KEYS = st.lists(st.text(max_size=4), min_size=1, max_size=60)


@given(keys=KEYS)
def test_parts_are_disjoint_and_complete_and_no_group_stands_in_two(keys):
    found = parts(split(frame_of(keys)))
    assert sorted(line for part in found.values() for line in part.index) == [
        *range(2, len(keys) + 2)
    ]
    groups = [set(part["key"]) for part in found.values()]
    assert sum(map(len, groups)) == len(set(keys))


@given(keys=KEYS, data=st.data())
def test_the_order_of_rows_does_not_matter(keys, data):
    frame = frame_of(keys)
    shuffled = frame.iloc[data.draw(st.permutations(range(len(frame))))]
    for one, other in zip(
        parts(split(frame)).values(), parts(split(shuffled)).values(), strict=True
    ):
        assert set(one.index) == set(other.index)


def test_rows_that_are_added_leave_the_others_where_they_were():
    keys = [f"item {i}" for i in range(4_000)]
    before, after = parts(split(frame_of(keys[:2_500]))), parts(split(frame_of(keys)))
    for name, part in before.items():
        assert set(part["key"]) <= set(after[name]["key"])


def test_shares_are_about_what_was_asked_for():
    found = parts(split(frame_of([f"item {i}" for i in range(20_000)])))
    shares = {name: round(len(part) / 20_000, 2) for name, part in found.items()}
    assert shares == pytest.approx(
        {"train": 0.65, "validation": 0.10, "test": 0.20, "sealed": 0.05}, abs=0.011
    )


def test_a_small_frame_gives_a_larger_share_to_the_test_and_moves_nothing_else():
    keys = [f"item {i}" for i in range(1_000)]
    small, large = (
        parts(split(frame_of(keys))),
        parts(split(frame_of([*keys, *map(str, range(9_000))]))),
    )
    assert len(small["test"]) >= 300
    assert set(small["sealed"]["key"]) <= set(large["sealed"]["key"])
    assert set(small["validation"]["key"]) <= set(large["validation"]["key"])
    assert set(large["test"]["key"]) & set(keys) <= set(small["test"]["key"])


def test_a_tiny_frame_keeps_most_of_itself_for_training():
    found = parts(split(frame_of([f"item {i}" for i in range(100)])))
    assert len(found["train"]) > 50
    assert 5 < len(found["test"]) < 35


def test_another_salt_gives_another_split():
    frame = frame_of([f"item {i}" for i in range(500)])
    other = split_by_group(frame, frame["key"], salt="other")
    assert set(other.test.index) != set(split(frame).test.index)


def test_a_row_without_a_group_is_refused():
    with pytest.raises(SplitError, match="1 rows have no group key"):
        split_by_group(frame_of(["a", "b"]), pd.Series(["a", None]), salt="shop")


@given(key=st.text(max_size=20))
def test_a_label_whose_text_stands_in_the_test_is_never_trained_on(key):
    frame = frame_of([key])
    found = parts(split(frame))
    held_out = len(found["test"]) + len(found["sealed"]) == 1
    assert pool_of(key, "shop") == ("test" if held_out else "train")
    assert 0 <= place(key, "shop") < 1
