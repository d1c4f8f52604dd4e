from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.schema import Column, FrameSchema, SchemaError, validate

SCHEMA = FrameSchema(
    columns=(
        Column("name", "text", maximum_length=30),
        Column("category", "text"),
        Column("price", "number", required=False),
        Column("sold_at", "timestamp", required=False),
        Column("active", "boolean", required=False),
    ),
    label="category",
)


def frame(**columns: Sequence[str | None]) -> pd.DataFrame:
    base = {"name": ["a", "b", "c"], "category": ["x", "y", "x"]} | columns
    return pd.DataFrame(base, index=pd.Index([2, 3, 4], name="line"))


def test_columns_get_their_types_and_the_input_stays_unchanged():
    raw = frame(price=["1", "2,5", None], sold_at=["2026-11-21", None, "2026-11-21T10:00:00-05:00"])
    before = raw.copy()
    sound = validate(raw, SCHEMA, "here").frame
    assert sound["price"].tolist()[:2] == [1.0, 2.5]
    assert sound["sold_at"].iloc[2] == pd.Timestamp("2026-11-21T15:00:00Z")
    pd.testing.assert_frame_equal(raw, before)


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,5", 12.5), ("$1,234.50", 1234.5), ("1.234,50 €", 1234.5), ("MXN 80", 80), ("-3e2", -300)],
)
def test_prices_are_read_as_files_hold_them(text, number):
    sound = validate(frame(price=[text, None, None]), SCHEMA, "here").frame
    assert sound["price"].iloc[0] == number


def test_truth_is_understood_in_both_languages():
    sound = validate(frame(active=["Sí", "no", "TRUE"]), SCHEMA, "here").frame
    assert sound["active"].tolist() == [True, False, True]


def test_a_label_is_not_two_because_of_blanks_or_unicode_forms():
    labels = ["Plomería", " Plomeri\u0301a ", "Pinturas"]
    sound = validate(frame(category=labels), SCHEMA, "here").frame
    assert sound["category"].nunique() == 2


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"price": ["1,234", "2", "3"]}, "line 2: price '1,234' is not a number"),
        ({"price": ["inf", "2", "3"]}, "line 2: price 'inf' is not a number"),
        (
            {"sold_at": ["1", "yesterday", "2026-01-01"]},
            "line 3: sold_at 'yesterday' is not a time",
        ),
        ({"active": ["perhaps", "no", "no"]}, "line 2: active 'perhaps' is not a boolean"),
        ({"name": ["a", "  ", "c"]}, "line 3: name is empty"),
        ({"name": ["a", "b", "c" * 31]}, "line 4: name has 31 characters, more than 30"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(columns, reason):
    with pytest.raises(SchemaError) as refusal:
        validate(frame(**columns), SCHEMA, "rows.csv")
    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("rows.csv: ")


def test_every_violation_of_a_row_and_of_a_frame_is_listed():
    raw = frame(name=["", "b" * 40, "c"], category=["", "y", "x"], price=["dear", "2", "3"])
    with pytest.raises(SchemaError) as refusal:
        validate(raw, SCHEMA, "here")
    found = [(v.line, v.column) for v in refusal.value.violations[1:]]
    assert found == [(2, "name"), (2, "category"), (2, "price"), (3, "name")]


def test_all_missing_columns_are_named_at_once():
    with pytest.raises(SchemaError) as refusal:
        validate(pd.DataFrame({"price": ["1"]}), SCHEMA, "here")
    assert [violation.column for violation in refusal.value.violations] == ["name", "category"]


def test_a_frame_whose_damaged_rows_leave_one_label_is_refused_with_both_reasons():
    raw = frame(category=["x", None, "x"])
    with pytest.raises(SchemaError, match=r"1 distinct value: 'x'.*line 3: category is empty"):
        validate(raw, SCHEMA, "here", damaged_share=0.5)


def test_too_few_rows_are_refused():
    strict = FrameSchema(SCHEMA.columns, label="category", minimum_rows=4)
    with pytest.raises(SchemaError, match="3 sound rows, fewer than the 4"):
        validate(frame(), strict, "here")


def test_a_hopeless_frame_says_how_much_it_leaves_out():
    raw = pd.DataFrame({"name": [""] * 30_000, "category": ["x"] * 30_000})
    with pytest.raises(SchemaError) as refusal:
        validate(raw, SCHEMA, "here")
    assert refusal.value.violations[-1].message == "20,000 more violations"


CELLS = st.one_of(
    st.none(), st.text(max_size=40), st.sampled_from(["1", "2,5", "no", "2026-01-01"])
)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=15))
def test_every_row_is_either_kept_or_set_aside_with_a_reason(rows):
    names = [column.name for column in SCHEMA.columns]
    sound = ("a", "x", "1", "2026-01-01", "no")
    raw = pd.DataFrame([sound, *rows], columns=names, dtype="object")
    done = validate(raw, FrameSchema(SCHEMA.columns), "here", damaged_share=1.0)
    assert sorted([*done.frame.index, *done.quarantined.index]) == list(raw.index)
    assert done.frame[["name", "category"]].notna().all(axis=None)
    assert done.quarantined["reason"].str.len().gt(0).all()
