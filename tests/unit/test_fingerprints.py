from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.fingerprints import fingerprint

VALUES = st.one_of(
    st.none(), st.text(max_size=5), st.integers(-5, 5), st.floats(allow_nan=False), st.booleans()
)
ROWS_OF_TWO = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12)


@given(rows=ROWS_OF_TWO, data=st.data())
def test_a_fingerprint_does_not_depend_on_the_order_of_rows_or_columns(rows, data):
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    order = data.draw(st.permutations(range(len(rows))))
    assert fingerprint(frame.iloc[order][["b", "a"]]) == fingerprint(frame)


@given(rows=ROWS_OF_TWO, place=st.integers(0, 11), value=st.text(min_size=6, max_size=8))
def test_a_fingerprint_changes_with_any_value(rows, place, value):
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    changed = frame.copy()
    changed.iloc[place % len(rows), place % 2] = value
    assert fingerprint(changed) != fingerprint(frame)


def test_a_fingerprint_sees_rows_past_the_first_ten_thousand_and_repeated_rows():
    frame = pd.DataFrame({"a": range(120_000)})
    late = frame.copy()
    late.iloc[-1, 0] = -1
    assert fingerprint(late) != fingerprint(frame)
    assert fingerprint(pd.concat([frame, frame.tail(1)])) != fingerprint(frame)


def test_a_fingerprint_sees_times_to_the_nanosecond_and_names_of_columns():
    base = pd.Timestamp("2026-11-21T10:00:00Z")
    times = pd.DataFrame({"at": [base, pd.NaT]})
    later = pd.DataFrame({"at": [base + pd.Timedelta(1, "ns"), pd.NaT]})
    assert fingerprint(times) != fingerprint(later)
    assert fingerprint(times) == fingerprint(
        times.assign(at=times["at"].dt.tz_convert("Asia/Tokyo"))
    )
    assert fingerprint(times) != fingerprint(times.rename(columns={"at": "when"}))


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (1, 1.0),
        (np.int64(3), Decimal("3")),
        (np.float64(1.5), Decimal("1.5")),
        (None, float("nan")),
        (pd.NA, pd.NaT),
        (True, np.True_),
        (datetime.date(2026, 1, 2), pd.Timestamp("2026-01-02")),
        ([1, 2], np.array([1, 2])),
    ],
)
def test_the_same_value_in_another_type_has_the_same_fingerprint(one, same):
    assert _of(one) == _of(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", 1), (True, 1), ("", None), (b"a", "a"), (0.1, 0.1 + 1e-12), ([1], "[1]"), ("a", "A")],
)
def test_different_values_have_different_fingerprints(one, other):
    assert _of(one) != _of(other)


def test_values_cannot_run_into_one_another():
    one = pd.DataFrame({"a": ["x1:"], "b": ["y"]})
    other = pd.DataFrame({"a": ["x"], "b": ["1:y"]})
    assert fingerprint(one) != fingerprint(other)


def test_an_empty_frame_has_a_fingerprint_by_its_columns():
    assert fingerprint(pd.DataFrame({"a": []})) != fingerprint(pd.DataFrame({"b": []}))


def _of(value: object) -> str:
    holder = np.empty(1, dtype=object)
    holder[0] = value
    return fingerprint(pd.DataFrame({"a": pd.Series(holder, dtype=object)}))
