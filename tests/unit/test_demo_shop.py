"""The demo shop: the same every time, whole or not at all, and hard enough to be worth judging."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from features.demo.catalogue import variants
from features.demo.listings import listing
from features.demo.measures import MEASURES
from features.demo.pictures import silhouette_of
from features.demo.prices import USUAL
from features.demo.shop import write_demo
from features.demo.wording import abbreviated, glued, misspelt, without_accents
from features.schema import Column, FrameSchema
from features.sources import Source, read

NAMES = FrameSchema((Column("name", "text"), Column("category", "text")), label="category")
CODES = FrameSchema(
    (
        Column("description", "text"),
        Column("code", "text"),
        Column("product_id", "text", required=False),
        Column("image", "text", required=False),
        Column("price", "number", required=False),
    ),
    label="code",
)
BY_CODE = {variant.code: variant for variant in variants()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_demo(tmp_path_factory.mktemp("demo"))


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def orders(shop: dict[str, Path]) -> list[dict[str, object]]:
    return [json.loads(line) for line in shop["orders"].read_text("utf-8").splitlines()]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(shop, tmp_path):
    first = content(shop["product_codes"].parent)
    assert content(write_demo(tmp_path / "again")["product_codes"].parent) == first
    other = content(write_demo(tmp_path / "other", seed=8)["product_codes"].parent)
    assert other["product_codes.csv"] != first["product_codes.csv"]
    assert other["orders.jsonl"] != first["orders.jsonl"]


def test_writing_over_a_shop_leaves_nothing_half_written(shop):
    folder = shop["product_codes"].parent
    before = content(folder)
    (folder / ".orders.jsonl.partial").write_text("left by a run that was killed")
    write_demo(folder)
    assert content(folder) == before


def test_progress_is_reported_from_nothing_to_everything(tmp_path):
    seen: list[float] = []
    write_demo(tmp_path, progress=lambda share, _what: seen.append(share))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_both_tables_are_read_without_a_damaged_row(shop):
    named = read(Source(str(shop["product_categories"])), NAMES)
    coded = read(Source(str(shop["product_codes"])), CODES)
    assert named.quarantined.empty
    assert coded.quarantined.empty
    assert len(named.frame) > 4_000
    assert len(coded.frame) > 5_000


def test_categories_are_the_departments_each_with_enough_to_learn_from(shop):
    frame = read(Source(str(shop["product_categories"])), NAMES).frame
    counts = frame["category"].value_counts()
    assert set(counts.index) == {variant.department for variant in variants()}
    assert counts.min() >= 80


def test_codes_have_a_long_tail(shop):
    counts = read(Source(str(shop["product_codes"])), CODES).frame["code"].value_counts()
    assert 280 <= len(counts) <= 300
    assert counts.max() > 100
    assert counts.median() < 20
    assert (counts <= 8).sum() > 50


def test_some_labels_are_wrong_but_few(shop):
    frame = read(Source(str(shop["product_codes"])), CODES).frame
    plain = frame[frame["image"].notna()]
    pictured = plain["image"].str.extract(r"(\d{4})\.png")[0]
    # A picture shows the kind of product it is; a label of another kind is a mistake.
    wrong = (plain["code"].str[:4] != pictured).mean()
    assert 0.002 < wrong < 0.03


def test_some_products_are_listed_twice_in_other_letters(shop):
    names = read(Source(str(shop["product_categories"])), NAMES).frame["name"]
    same = names.str.lower().str.split().str.join(" ").duplicated().mean()
    assert 0.04 < same < 0.25


def test_a_head_noun_alone_does_not_tell_the_department():
    sold_in: dict[str, set[str]] = {}
    for variant in variants():
        sold_in.setdefault(variant.head.spanish, set()).add(variant.department)
    assert len(sold_in["llave"]) >= 4
    assert len(sold_in["cinta"]) >= 5


def test_every_picture_that_a_row_names_is_there_and_is_one(shop):
    with shop["product_codes"].open(encoding="utf-8", newline="") as file:
        named = {row["image"] for row in csv.DictReader(file)} - {""}
    assert named
    for path in named:
        with Image.open(shop["product_codes"].parent / path) as image:
            assert (image.format, image.size) == ("PNG", (128, 128))


def test_pictures_show_what_the_name_says():
    assert silhouette_of(BY_CODE["010101"]) == "hammer"
    assert silhouette_of(BY_CODE["040601"]) == silhouette_of(BY_CODE["130101"]) == "tap"
    assert silhouette_of(BY_CODE["010201"]) == silhouette_of(BY_CODE["090401"]) == "wrench"
    crates = [variant for variant in variants() if silhouette_of(variant) == "crate"]
    assert len(crates) < len(BY_CODE) / 10


def test_order_lines_are_in_order_and_grouped_by_message(shop):
    lines = orders(shop)
    assert len(lines) > 150
    times = [str(line["received_at"]) for line in lines]
    assert times == sorted(times)
    per_message = Counter(line["message_id"] for line in lines)
    assert len(per_message) == 80
    assert 1 <= min(per_message.values()) < max(per_message.values()) <= 6
    assert all(isinstance(line["quantity"], int) and line["quantity"] > 0 for line in lines)


def test_order_lines_look_like_what_customers_write(shop):
    texts = [str(line["description"]) for line in orders(shop)]
    lower = sum(text == text.lower() for text in texts) / len(texts)
    asking = sum(bool(re.search(r"necesito|me manda|porfa|cotizar|\bneed\b", t)) for t in texts)
    assert lower > 0.5
    assert asking > 15
    assert len(set(texts)) > 0.95 * len(texts)


def test_every_variant_has_a_code_a_measure_a_price_and_brands():
    assert len(BY_CODE) == len(variants())
    assert all(re.fullmatch(r"\d{6}", code) for code in BY_CODE)
    assert {variant.measure for variant in variants()} <= set(MEASURES) == set(USUAL)
    assert all(variant.brands and variant.qualities for variant in variants())
    assert len({variant.name("es") for variant in variants()}) > 0.98 * len(BY_CODE)


@given(seed=st.integers(0, 10**6), code=st.sampled_from(sorted(BY_CODE)))
def test_a_listing_is_one_tidy_line_in_either_language(seed, code):
    for language in ("es", "en"):
        text = listing(BY_CODE[code], Random(seed), language=language)
        assert text
        assert text == " ".join(text.split())
        assert "{" not in text


@given(text=st.text(max_size=40), seed=st.integers(0, 1000))
def test_wearing_a_text_down_takes_any_text(text, seed):
    worn = misspelt(abbreviated(text, Random(seed), 1.0), Random(seed))
    assert isinstance(glued(without_accents(worn)), str)


def test_words_are_worn_down_as_the_trade_does():
    rng = Random(1)
    assert abbreviated("tornillo para madera con tuerca", rng, 1.0).startswith(("torn", "tor."))
    assert "p/m" in abbreviated("tornillo para madera", rng, 1.0) or "pa m" in abbreviated(
        "tornillo para madera", rng, 1.0
    )
    assert without_accents("caño eléctrico") == "cano electrico"
    assert glued("martillo 16 oz de 2 piezas") == "martillo 16oz de 2 piezas"
    assert glued("base E27 BSD-339") == "base E27 BSD-339"
