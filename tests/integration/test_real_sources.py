"""The loader on real files: a trade catalogue and a scraped shop."""

from __future__ import annotations

from pathlib import Path

from features.schema import Column, FrameSchema
from features.sources import Source, read
from features.splits import split_by_group

CODES = FrameSchema((Column("description", "text"), Column("code", "text")), label="code")
NAMES = FrameSchema((Column("name", "text"), Column("category", "text")), label="category")


def test_the_trade_catalogue_is_read_whole_with_its_codes_as_text(real_data: Path):
    file = real_data / "truper_catalog" / "products.csv.gz"
    raw = read(Source(str(file), {"code": "sat_code"}), CODES)
    assert len(raw.frame) == 13_322
    assert raw.quarantined.empty
    assert raw.frame["code"].str.fullmatch(r"\d{8}").all()
    assert raw.frame["code"].nunique() == 513
    assert raw.frame["description"].str.contains("'").any()


def test_the_scraped_shop_keeps_its_accents_and_its_inch_marks(real_data: Path):
    raw = read(Source(str(real_data / "building_products_es" / "products.csv.gz")), NAMES)
    assert len(raw.frame) == 1_815
    assert {"Plomería", "Aseo, Baños y Cocinas"} <= set(raw.frame["category"])
    assert raw.frame.loc[6, "name"] == 'Tornillo Punta Broca # 8 x 1/2"" Galv. x 100 Pz'


def test_copies_of_a_name_stand_in_one_part(real_data: Path):
    raw = read(Source(str(real_data / "building_products_es" / "products.csv.gz")), NAMES)
    split = split_by_group(raw.frame, raw.frame["name"].str.casefold(), salt="shop")
    held_out = set(split.test["name"].str.casefold())
    assert len(split.test) >= 300
    assert not held_out & set(split.train["name"].str.casefold())
