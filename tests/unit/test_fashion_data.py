"""Reviews, items and pictures as the fashion family reads, splits and asks about them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fashion_stage import write_shop

from features.schema import SchemaError
from features.sources import Source
from pipelines.families.fashion_recommendations.data import FEW_REVIEWS, copies_key
from pipelines.families.fashion_recommendations.family import EXPLAINED, FAMILY
from pipelines.ranking import LISTED, RATED


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


def write(file: Path, rows: list[dict[str, object]]) -> Source:
    pd.DataFrame(rows).to_csv(file, index=False)
    return Source(str(file))


def sparse_rows(count: int = 60) -> list[dict[str, object]]:
    return [{"item_id": f"i{n % 7}", "rating": 1 + n % 5} for n in range(count)]


def test_what_is_known_of_an_item_is_joined_to_its_reviews(reviews: Path) -> None:
    frame = FAMILY.load(Source(str(reviews))).frame
    row = frame[frame["item_id"] == "m1"].iloc[0]
    assert (row["item_title"], row["category"]) == ("Falda Violeta", "falda")
    assert Path(row["picture"]) == reviews.parent / "images" / "m1.png"
    assert len(row["picture_sha256"]) == 64


def test_an_item_with_no_reviews_or_few_is_a_listing_that_trains(reviews: Path) -> None:
    frame = FAMILY.load(Source(str(reviews))).frame
    listing = frame[frame["rating"].isna()]
    reviewed = frame["item_id"][frame["rating"].notna()].value_counts()
    assert "m5" not in reviewed.index
    assert set(listing["item_id"]) == {"m5", *reviewed.index[reviewed < FEW_REVIEWS]}
    assert listing["customer_id"].isna().all()
    assert listing.index.isin(FAMILY.split(frame).train.index).all()


def test_an_item_whose_reviews_are_all_held_out_is_known_all_the_same(reviews: Path) -> None:
    split = FAMILY.split(FAMILY.load(Source(str(reviews))).frame)
    held_out = pd.concat([split.test, split.sealed, split.validation])
    assert set(held_out["item_id"]) <= set(split.train["item_id"])


def test_a_picture_outside_the_sources_folder_is_not_taken(reviews: Path) -> None:
    frame = FAMILY.load(Source(str(reviews))).frame
    assert frame.loc[frame["item_id"] == "m5", "picture"].isna().all()


def test_the_fingerprint_is_of_the_pictures_content_and_not_of_their_place(
    reviews: Path, tmp_path: Path
) -> None:
    before = FAMILY.load(Source(str(reviews))).fingerprint
    moved = shutil.copytree(reviews.parent, tmp_path / "elsewhere")
    assert FAMILY.load(Source(str(moved / "reviews.csv"))).fingerprint == before
    (moved / "images" / "m1.png").write_bytes(b"another picture")
    assert FAMILY.load(Source(str(moved / "reviews.csv"))).fingerprint != before


def test_the_items_file_may_call_its_columns_otherwise(reviews: Path) -> None:
    items = pd.read_csv(reviews.parent / "items.csv").rename(columns={"title": "nombre"})
    items.to_csv(reviews.parent / "items.csv", index=False)
    frame = FAMILY.load(Source(str(reviews), {"items.title": "nombre"})).frame
    assert "Falda Violeta" in set(frame["item_title"])


def test_a_review_without_customer_is_somebody_elses_each_time(tmp_path: Path) -> None:
    rows = [row | {"review_text": f"text {n}"} for n, row in enumerate(sparse_rows())]
    frame = FAMILY.load(write(tmp_path / "r.csv", rows)).frame
    assert frame["customer_id"].str.startswith("anonymous:").all()
    assert frame["customer_id"].nunique() == len(frame)


def test_a_silent_review_without_customer_is_somebody_elses_each_time(tmp_path: Path) -> None:
    frame = FAMILY.load(write(tmp_path / "r.csv", sparse_rows())).frame
    assert frame["customer_id"].nunique() == len(frame) == 60
    again = FAMILY.load(write(tmp_path / "r.csv", sparse_rows()[::-1])).frame
    assert sorted(again["customer_id"]) == sorted(frame["customer_id"])


def test_a_second_copy_on_the_same_item_is_set_aside(tmp_path: Path) -> None:
    rows = [row | {"customer_id": f"c{n}"} for n, row in enumerate(sparse_rows())]
    loaded = FAMILY.load(write(tmp_path / "r.csv", [*rows, rows[0]]))
    assert len(loaded.frame) == 60
    assert loaded.quarantined["reason"].tolist() == ["the same review of the same item once more"]


def test_a_damaged_rating_is_named_with_its_line(tmp_path: Path) -> None:
    rows = [*sparse_rows(), *[{"item_id": "i1", "rating": "many"}] * 10]
    with pytest.raises(SchemaError, match="line 62: rating 'many' is not a number"):
        FAMILY.load(write(tmp_path / "r.csv", rows))


def copied_frame(rng: np.random.Generator, timed: bool) -> pd.DataFrame:
    """Return reviews of 400 customers, most of them copied to two more items."""
    rows = []
    for customer in range(400):
        for number in range(4):
            text = f"words {customer} {number}" if rng.random() < 0.9 else None
            for copy in range(3 if rng.random() < 0.7 else 1):
                at = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=number, seconds=copy)
                item = int(rng.integers(0, 40)) + 40 * copy
                rows.append((f"c{customer}", f"i{item}", 4.0, text, at if timed else pd.NaT))
    columns = ["customer_id", "item_id", "rating", "review_text", "reviewed_at"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["reviewed_at"] = pd.to_datetime(frame["reviewed_at"], utc=True)
    return frame.assign(review_title=None).astype({"review_text": "str", "review_title": "str"})


@pytest.mark.parametrize("timed", [True, False])
def test_copies_of_one_review_never_stand_on_both_sides(
    rng: np.random.Generator, timed: bool
) -> None:
    frame = copied_frame(rng, timed)
    parts = {name: set(copies_key(part)) for name, part in vars(FAMILY.split(frame)).items()}
    names = list(parts)
    assert all(parts[name] for name in names)
    assert sum(map(len, parts.values())) == len(set(copies_key(frame)))


@pytest.mark.parametrize("timed", [True, False])
def test_what_may_be_trained_on_holds_no_copy_and_nothing_later(
    rng: np.random.Generator, timed: bool
) -> None:
    split = FAMILY.split(copied_frame(rng, timed))
    kept = FAMILY.admissible(pd.concat([split.train, split.test]), split.test)
    assert set(kept.index) <= set(split.train.index)
    first = split.test.groupby("customer_id")["reviewed_at"].min()
    limits = kept["customer_id"].map(first.to_dict())
    assert not timed or (limits.isna() | (kept["reviewed_at"] < limits)).all()


@pytest.mark.parametrize("timed", [True, False])
def test_rows_that_share_a_line_number_are_not_multiplied(
    rng: np.random.Generator, timed: bool
) -> None:
    split = FAMILY.split(copied_frame(rng, timed))
    several = split.train.set_axis(np.arange(len(split.train)) // 2)
    assert len(FAMILY.admissible(several, split.test)) == len(
        FAMILY.admissible(split.train, split.test)
    )


def test_each_part_of_a_request_is_asked_apart(rng: np.random.Generator) -> None:
    part = copied_frame(rng, timed=True).head(300)
    asked = FAMILY.examples(part)
    kinds = asked.actual[[RATED, LISTED, EXPLAINED]]
    assert (kinds.sum(axis=1) == 1).all()
    assert kinds[RATED].sum() == 300
    assert kinds[EXPLAINED].sum() == part["review_text"].notna().sum()
    before = asked.requests[asked.actual[RATED]]
    assert before[["review_title", "review_text"]].isna().all().all()
    written = asked.requests[asked.actual[EXPLAINED]]
    assert written["review_text"].notna().all()
    lists = asked.requests[asked.actual[LISTED]]
    assert lists[["item_id", "review_text"]].isna().all().all()


def test_written_reviews_do_not_count_as_predictions_before_the_purchase(
    rng: np.random.Generator,
) -> None:
    asked = FAMILY.examples(copied_frame(rng, timed=True).head(300))
    told = np.where(asked.actual[EXPLAINED], asked.actual["rating"], 1.0)
    answers = pd.DataFrame({"rating": told}, index=asked.actual.index)
    values = FAMILY.evaluate(answers, asked.actual).values
    assert values["rmse_written_review"] == 0
    assert values["rmse_before_purchase"] == 3.0


def test_ratings_without_words_have_no_figure_for_written_reviews(
    rng: np.random.Generator,
) -> None:
    part = copied_frame(rng, timed=True).head(300)
    asked = FAMILY.examples(part.assign(review_text=pd.Series(None, part.index, dtype="str")))
    values = FAMILY.evaluate(asked.actual[["rating", "items"]], asked.actual).values
    assert "rmse_written_review" not in values
    assert values["rmse_before_purchase"] == 0
