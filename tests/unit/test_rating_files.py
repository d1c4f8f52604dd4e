from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from features.rating_files import layout_of, named
from features.schema import SchemaError
from features.sources import Raw, Source, SourceError
from pipelines.families.product_recommendations.family import FAMILY

MOMENT = pd.Timestamp(1_365_811_200, unit="s", tz="UTC")
USERS = [f"A{number:012d}X" for number in range(30)]
ITEMS = [f"B00{number % 7:07d}" for number in range(30)]
RATINGS = [float(number % 5 + 1) for number in range(30)]
TIMES = [1_365_811_200 + number for number in range(30)]
NAMES = ["user_id", "item_id", "rating", "timestamp"]


def lines(separator: str, *columns: list) -> list[str]:
    return [separator.join(map(str, row)) for row in zip(*columns, strict=True)]


def written(folder: Path, rows: list[str], name: str = "ratings.csv") -> Source:
    path = folder / name
    content = "".join(f"{row}\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return Source(str(path))


def loaded(folder: Path, rows: list[str], name: str = "ratings.csv") -> Raw:
    return FAMILY.load(written(folder, rows, name))


def is_whole(raw: Raw) -> bool:
    frame = raw.frame
    return (
        list(frame.columns) == NAMES
        and frame["user_id"].tolist() == USERS
        and frame["item_id"].tolist() == ITEMS
        and frame["rating"].tolist() == RATINGS
        and frame["timestamp"].iloc[0] == MOMENT
    )


LAYOUTS = {
    "amazon 2014, without names": (lines(",", USERS, ITEMS, RATINGS, TIMES), 1),
    "amazon 2018, the product first": (lines(",", ITEMS, USERS, RATINGS, TIMES), 1),
    "movielens u.data": (lines("\t", USERS, ITEMS, RATINGS, TIMES), 1),
    "movielens ratings.dat": (lines("::", USERS, ITEMS, RATINGS, TIMES), 1),
    "our own names": ([",".join(NAMES), *lines(",", USERS, ITEMS, RATINGS, TIMES)], 2),
    "movielens ratings.csv": (
        ["userId,movieId,rating,timestamp", *lines(",", USERS, ITEMS, RATINGS, TIMES)],
        2,
    ),
    "amazon 2023": (
        [
            "user_id,parent_asin,rating,timestamp",
            *lines(",", USERS, ITEMS, RATINGS, [1000 * moment for moment in TIMES]),
        ],
        2,
    ),
    "amazon reviews as a table": (
        ["overall;reviewerID;asin;unixReviewTime", *lines(";", RATINGS, USERS, ITEMS, TIMES)],
        2,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["ratings.csv", "ratings.csv.gz"])
def test_every_usual_layout_is_read_by_its_line(tmp_path, layout, name) -> None:
    rows, first = LAYOUTS[layout]
    raw = loaded(tmp_path, rows, name)
    assert is_whole(raw)
    assert raw.frame.index[0] == first
    assert raw.quarantined.empty


def test_times_may_be_iso_or_absent_altogether(tmp_path) -> None:
    iso = [pd.Timestamp(moment, unit="s", tz="UTC").isoformat() for moment in TIMES]
    assert is_whole(loaded(tmp_path, [",".join(NAMES), *lines(",", USERS, ITEMS, RATINGS, iso)]))
    bare = loaded(tmp_path, lines(",", USERS, ITEMS, RATINGS))
    assert list(bare.frame.columns) == NAMES[:3]


def test_a_users_mapping_comes_before_what_columns_are_usually_called(tmp_path) -> None:
    rows = ["cliente,user_id,item_id,rating", *lines(",", USERS, ITEMS, ITEMS, RATINGS)]
    source = written(tmp_path, rows)
    mapped = Source(source.url, {"user_id": "cliente"})
    assert FAMILY.load(mapped).frame["user_id"].tolist() == USERS


def test_damaged_lines_of_a_file_without_names_are_set_aside_by_their_number(tmp_path) -> None:
    rows = lines("::", USERS, ITEMS, RATINGS, TIMES)
    rows[4], rows[9] = "A1::B1::5", "A1::B1::five::1365811200"
    source = written(tmp_path, rows)
    raw = FAMILY.load(Source(source.url, damaged_share=0.2))
    assert raw.quarantined.index.tolist() == [5, 10]
    assert "has 3 values where the first line has 4" in raw.quarantined["reason"].loc[5]
    assert "'five' is not a number" in raw.quarantined["reason"].loc[10]
    assert raw.frame.index.tolist() == [line for line in range(1, 31) if line not in {5, 10}]
    with pytest.raises(SchemaError, match="2 of 30 rows are damaged"):
        FAMILY.load(source)


def test_a_file_of_other_things_is_refused_by_the_names_it_lacks(tmp_path) -> None:
    with pytest.raises(SchemaError, match="'user_id' is missing"):
        loaded(tmp_path, ["colour,size", "red,3"])
    with pytest.raises(SourceError):
        FAMILY.load(Source(str(tmp_path / "nothing.csv")))
    with pytest.raises(SourceError, match="empty"):
        loaded(tmp_path, [])


def test_parquet_is_read_as_ever(tmp_path) -> None:
    frame = pd.DataFrame(dict(zip(NAMES, (USERS, ITEMS, RATINGS, TIMES), strict=True)))
    frame.to_parquet(tmp_path / "ratings.parquet")
    assert is_whole(FAMILY.load(Source(str(tmp_path / "ratings.parquet"))))


def test_a_line_is_told_from_names_by_its_third_cell() -> None:
    assert layout_of("user,item,rating") is None
    assert layout_of("1,2") is None
    found = layout_of("1\t2\t3.5\t880000000\textra")
    assert found is not None
    assert found.separator == "\t"
    assert found.roles == ("user", "item", "rating", "time", "")


def test_names_are_found_whatever_their_spelling() -> None:
    found = named('"Reviewer ID",ASIN,Overall,Unix-Review-Time', NAMES)
    assert found == dict(
        zip(NAMES, ("Reviewer ID", "ASIN", "Overall", "Unix-Review-Time"), strict=True)
    )


@pytest.mark.parametrize("first", ["user_id,item_id,rating", "A0,B0,3"])
def test_lines_are_counted_with_the_damaged_and_the_blank_ones(tmp_path, first) -> None:
    rows = [first, *lines(",", USERS, ITEMS, RATINGS)]
    rows[3], rows[7] = "", "only one value"
    raw = loaded(tmp_path, [*rows, ""])
    assert raw.quarantined.index.tolist() == [8]
    assert 4 not in raw.frame.index
    assert raw.frame.loc[9, "user_id"] == USERS[7]
    assert raw.frame.index[-1] == 31


def test_quoted_and_accented_values_are_read_like_any_others(tmp_path) -> None:
    rows = ['"user_id","item_id","rating"', *lines(",", USERS, ITEMS, RATINGS)]
    rows[1], rows[2] = '"Núñez, Ana","B0",5', "ñandú,B0,4"
    users = loaded(tmp_path, rows).frame["user_id"].tolist()
    assert users[:3] == ["Núñez, Ana", "ñandú", USERS[2]]


def test_windows_line_ends_do_not_matter(tmp_path) -> None:
    rows = [f"{row}\r" for row in ["user_id,item_id,rating", *lines(",", USERS, ITEMS, RATINGS)]]
    assert loaded(tmp_path, rows).frame["rating"].tolist() == RATINGS
    bare = [f"{row}\r" for row in lines("::", USERS, ITEMS, RATINGS, TIMES)]
    assert is_whole(loaded(tmp_path, bare))


def test_what_cannot_be_read_is_refused_in_plain_words(tmp_path) -> None:
    whole = written(tmp_path, lines("::", USERS, ITEMS, RATINGS, TIMES), "cut.dat.gz")
    path = Path(whole.url)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="damaged or cut off"):
        FAMILY.load(whole)
    strange = tmp_path / "strange.dat"
    strange.write_bytes("A0::B0::5\nÑandú::B1::4\n".encode("cp1252"))
    with pytest.raises(SourceError, match=r"strange\.dat: cannot be read"):
        FAMILY.load(Source(str(strange)))


@pytest.mark.parametrize("rating", ["{}", '"{}"'])
def test_quotes_belong_to_no_value_of_a_file_without_names(tmp_path, rating) -> None:
    users, items = ([f'"{name}"' for name in names] for names in (USERS, ITEMS))
    given = [rating.format(value) for value in RATINGS]
    assert is_whole(loaded(tmp_path, lines(",", users, items, given, TIMES)))
