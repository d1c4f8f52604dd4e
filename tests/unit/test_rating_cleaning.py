from __future__ import annotations

import pandas as pd
import pytest

from features.rating_cleaning import Cleaned, cleaned
from features.schema import SchemaError, Validated

NAMES = ("user", "item", "rating", "time")
NOTHING = pd.DataFrame(columns=[*NAMES, "reason"])


def clean(rows: list[tuple], share: float = 0.05, names: tuple = NAMES) -> Cleaned:
    frame = pd.DataFrame(rows, columns=list(names), index=range(2, len(rows) + 2))
    if "time" in frame:
        frame["time"] = frame["time"].astype("str")
    return cleaned(Validated(frame, NOTHING), "ratings.csv", share, *NAMES)


def many(count: int) -> list[tuple]:
    return [(f"u{number}", f"i{number % 9}", 1.0 + number % 5, "100") for number in range(count)]


def test_of_a_repeated_pair_the_newest_row_stays_and_the_report_counts_it() -> None:
    found = clean([*many(20), ("u1", "i1", 5.0, "50"), ("u2", "i2", 5.0, "200")])
    assert found.set_aside.index.tolist() == [4, 22]
    assert set(found.set_aside["reason"]) == {"rated again later by the same user"}
    assert found.frame.loc[23, "rating"] == 5
    assert found.report == {
        "rows read": 22,
        "damaged": 0,
        "out of range": 0,
        "repeated": 2,
        "kept": 20,
        "one-time users": 20,
    }


def test_of_two_rows_of_one_moment_the_one_further_down_stays() -> None:
    found = clean([*many(20), ("u1", "i1", 5.0, "100")])
    assert found.set_aside.index.tolist() == [3]


def test_ratings_beyond_the_scale_are_set_aside_with_the_scale_named() -> None:
    found = clean([*many(300), ("u", "i", 99.0, "1"), ("u", "j", -2.0, "1")])
    assert found.set_aside["reason"].tolist() == ["rating is out of range 1 to 5"] * 2
    assert found.report["out of range"] == 2


def test_an_out_of_range_row_does_not_push_out_the_sound_one_of_its_pair() -> None:
    found = clean([*many(300), ("u1", "i1", 99.0, "900")])
    assert found.set_aside.index.tolist() == [302]


def test_one_time_users_stay_and_are_counted() -> None:
    rows = [*many(20), ("u1", "other", 3.0, "7")]
    assert clean(rows).report["one-time users"] == 19


def test_moments_are_read_from_seconds_milliseconds_and_iso_in_one_column() -> None:
    rows = many(20)
    rows[0] = (*rows[0][:3], "1365811200")
    rows[1] = (*rows[1][:3], "1365811200000")
    rows[2] = (*rows[2][:3], "2013-04-13T00:00:00Z")
    times = clean(rows).frame["time"]
    assert set(times.iloc[:3]) == {pd.Timestamp("2013-04-13", tz="UTC")}


def test_what_is_no_time_is_set_aside_and_too_much_of_it_refused() -> None:
    rows = [*many(20), ("u", "i", 3.0, "yesterday")]
    found = clean(rows)
    assert found.set_aside["reason"].tolist() == ["time is not a time"]
    assert found.report["damaged"] == 1
    with pytest.raises(SchemaError, match="line 22: time 'yesterday' is not a time"):
        clean(rows, share=0.01)


def test_rows_without_times_are_cleaned_too() -> None:
    rows = [row[:3] for row in [*many(20), ("u1", "i1", 5.0, "")]]
    found = clean(rows, names=NAMES[:3])
    assert found.set_aside.index.tolist() == [3]


@pytest.mark.parametrize("late", ["99999999999", "1600000000000000"])
def test_numbers_past_all_calendars_are_no_times(late) -> None:
    found = clean([*many(20), ("u", "i", 3.0, late)])
    assert found.set_aside["reason"].tolist() == ["time is not a time"]
    with pytest.raises(SchemaError, match=r"line 2: time .* is not a time"):
        clean([(*row[:3], late) for row in many(20)])


def test_ratings_on_a_scale_of_their_own_are_refused_and_not_cut_down_to_ours() -> None:
    rows = [(user, item, rating - 3, time) for user, item, rating, time in many(100)]
    with pytest.raises(SchemaError, match=r"rating -2\.0 is out of range 0 to 5"):
        clean(rows)
