"""The demo fashion shop: the same every time; its pictures and its words show what tastes mind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from features.demo.fashion import CUSTOMERS, UNPICTURED, write_fashion
from features.demo.garments import GARMENTS
from features.demo.looks import COLOURS, DETAILS, PATTERNS, SIDE, STYLES, Look, draw
from features.demo.opinions import FEEL_PHRASES, VERDICTS, opinion
from features.demo.purchases import COLD_ITEMS
from features.demo.tastes import LIKINGS, customers
from features.demo.wardrobe import FEELS, LINES, items
from features.images import read_picture

TEE = Look("playera", "warm", COLOURS["warm"][0], "plain", "minimal")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_fashion(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def reviews(shop) -> pd.DataFrame:
    return pd.read_csv(shop["reviews"], keep_default_na=False)


@pytest.fixture(scope="module")
def listed(shop) -> pd.DataFrame:
    return pd.read_csv(shop["items"], keep_default_na=False)


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(shop, tmp_path):
    first = content(shop["reviews"].parent)
    assert content(write_fashion(tmp_path / "again")["reviews"].parent) == first
    other = content(write_fashion(tmp_path / "other", seed=8)["reviews"].parent)
    assert other["reviews.csv"] != first["reviews.csv"]
    assert other["items.csv"] != first["items.csv"]


def test_progress_is_reported_from_nothing_to_everything(tmp_path):
    seen: list[float] = []
    write_fashion(tmp_path, progress=lambda share, _what: seen.append(share))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_the_shop_is_of_the_size_of_a_shop(reviews, listed):
    assert 400 <= len(listed) <= 700
    assert listed["item_id"].is_unique
    assert reviews["customer_id"].nunique() == CUSTOMERS
    assert 12_000 <= len(reviews) <= 16_000
    assert set(reviews["rating"]) == {1, 2, 3, 4, 5}
    assert 3.4 < reviews["rating"].mean() < 4.2


def test_every_picture_that_an_item_names_is_there_and_is_one(shop, listed):
    assert (listed["image"] == "").sum() == UNPICTURED
    for path in listed["image"][listed["image"] != ""]:
        with Image.open(shop["items"].parent / path) as image:
            assert (image.format, image.size) == ("PNG", (SIDE, SIDE))


def test_a_handful_of_items_has_no_review_and_some_have_few(reviews, listed):
    counts = reviews["item_id"].value_counts().reindex(listed["item_id"], fill_value=0)
    assert (counts == 0).sum() == COLD_ITEMS
    assert (counts < 15).sum() > 20
    assert counts.max() > 100


def test_some_customers_wrote_once_and_some_often(reviews):
    counts = reviews["customer_id"].value_counts()
    assert counts.min() <= 3
    assert counts.max() >= 35


def test_times_are_in_order_with_a_zone_and_nobody_reviews_an_item_twice(reviews):
    times = pd.to_datetime(reviews["reviewed_at"], format="ISO8601")
    assert str(times.dt.tz) == "UTC"
    assert times.is_monotonic_increasing
    copies = reviews.duplicated(["customer_id", "item_id", "review_text"])
    twice = reviews.duplicated(["customer_id", "item_id"]) & ~copies
    assert twice.mean() < 0.01


def test_some_reviews_are_copied_to_other_dyes_of_the_model(reviews, listed):
    wearing = ["customer_id", "review_title", "review_text", "rating"]
    copied = reviews[reviews.duplicated(wearing, keep=False)]
    assert 0.02 < len(copied) / len(reviews) < 0.12
    titled = copied.merge(listed, on="item_id")
    assert titled.groupby(wearing)["title"].nunique().value_counts(normalize=True)[1] > 0.7


def test_reviews_are_written_in_both_languages(reviews):
    spanish = reviews["review_text"].str.contains(r"\b(?:la|es|muy|talla|que|lo)\b", case=False)
    english = reviews["review_text"].str.contains(r"\b(?:the|it|is|fit)\b", case=False)
    assert spanish.mean() > 0.4
    assert english.mean() > 0.2
    assert (spanish & english).mean() < 0.02


def test_no_word_of_a_title_or_review_tells_what_the_picture_shows(reviews, listed):
    words = " ".join([*listed["title"], *reviews["review_text"]]).lower()
    for trait in ("rayas", "stripes", "flores", "flowers", "negro", "black", "rosa ", "pink"):
        assert trait not in words


def test_colour_pattern_style_and_kind_each_change_the_picture():
    pictures = [
        np.asarray(draw(look))
        for look in (
            TEE,
            Look("playera", "cool", COLOURS["cool"][0], "plain", "minimal"),
            Look("playera", "warm", TEE.dye, "stripes", "minimal"),
            Look("playera", "warm", TEE.dye, "plain", "sporty"),
            Look("falda", "warm", TEE.dye, "plain", "minimal"),
        )
    ]
    for one, other in pairwise(pictures):
        assert (one != other).mean() > 0.02
    assert np.array_equal(pictures[0], np.asarray(draw(TEE)))


def test_every_kind_of_piece_can_be_drawn_in_every_pattern_and_style():
    for garment in GARMENTS:
        for pattern, style in zip(PATTERNS, [*STYLES, "urban"], strict=True):
            look = Look(garment.spanish, "dark", COLOURS["dark"][0], pattern, style)
            assert draw(look).size == (SIDE, SIDE)
    assert set(DETAILS) == set(STYLES)


def test_a_dark_dye_makes_a_darker_picture_than_a_pastel_one(shop):
    wares = items(Random("7 wardrobe"))[UNPICTURED:]
    light = {
        family: np.mean(
            [
                read_picture(shop["images"] / f"{ware.item_id}.png", 32)
                for ware in wares
                if ware.look.family == family
            ]
        )
        for family in ("dark", "pastel")
    }
    assert light["dark"] < light["pastel"] - 30


def test_the_dyes_of_a_model_feel_the_same_and_each_is_another_colour():
    wares = items(Random(3))
    models: dict[int, list] = {}
    for ware in wares:
        models.setdefault(ware.model, []).append(ware)
    for dyes in models.values():
        assert len({(ware.title, ware.feels, ware.look.pattern) for ware in dyes}) == 1
        assert len({ware.look.family for ware in dyes}) == len(dyes)
    assert all(sum(ware.lines) == pytest.approx(1) for ware in wares)
    assert len({dyes[0].title for dyes in models.values()}) == len(models)


def test_taste_is_seen_or_felt_and_the_two_are_unrelated():
    people, wares = customers(300, Random(1)), items(Random(2))[:100]
    seen = np.array([[person.seen(ware) for ware in wares] for person in people])
    felt = np.array([[person.felt(ware) for ware in wares] for person in people])
    assert 0.4 < seen.std() < 1.0
    assert 0.4 < felt.std() < 1.0
    assert abs(np.corrcoef(seen.ravel(), felt.ravel())[0, 1]) < 0.1
    # Nobody's taste is everybody's: an item that all like would be known without either.
    assert seen.mean(axis=0).std() < 0.5 * seen.std()
    assert felt.mean(axis=0).std() < 0.5 * felt.std()


def test_every_line_and_feeling_can_be_shown_liked_and_said():
    assert set(LIKINGS) == set(LINES)
    traits = {trait for line in LINES.values() for trait in line}
    assert traits == {*COLOURS, *PATTERNS, *STYLES}
    assert {feel for feel, _ in FEEL_PHRASES} == set(FEELS)
    assert set(VERDICTS) == {1, 2, 3, 4, 5}


def test_words_tell_how_an_item_feels():
    wares, people = items(Random(2)), customers(200, Random(1))
    roomy = max(wares, key=lambda ware: ware.feels[0])
    said = [opinion(person, roomy, 4, Random(5)).text.lower() for person in people]
    large = {word for words in FEEL_PHRASES["roomy", True].values() for word in words}
    small = {word for words in FEEL_PHRASES["roomy", False].values() for word in words}
    assert sum(any(word in text for word in large) for text in said) > 60
    assert not any(any(word in text for word in small) for text in said)
