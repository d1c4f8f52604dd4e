"""The settings file's sources: found by model, relative to the home, mapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.sources import Source
from pipelines.settings import SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_projects_own_file_loads_and_names_the_demo_shop(tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    assert settings.source("product_codes").url == str(tmp_path / "var/demo/product_codes.csv")
    assert set(settings.models) == {
        "demand_forecast",
        "fashion_recommendations",
        "product_categories",
        "product_codes",
        "product_recommendations",
    }
    assert settings.feed_url == str(tmp_path / "var/demo/orders.jsonl")


def test_the_demo_shop_writes_every_file_that_the_settings_name(tmp_path):
    from features.demo.shop import write_demo

    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    write_demo(settings.var / "demo")
    urls = [settings.source(model).url for model in settings.models]
    assert all(Path(url).is_file() for url in [*urls, str(settings.feed_url)])


def test_a_users_own_file_is_mapped_and_an_address_stays_as_it_is(tmp_path):
    (tmp_path / "contender.toml").write_text(
        """
        [models.product_codes.source]
        url = "postgresql://db/shop?table=products"
        columns = { description = "descripción", code = "clave" }
        [models.product_categories.source]
        url = "/srv/names.csv"
        [feed]
        url = "imaps://orders@mail.example/INBOX"
        """,
        encoding="utf-8",
    )
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    assert settings.source("product_codes") == Source(
        "postgresql://db/shop?table=products", {"description": "descripción", "code": "clave"}
    )
    assert settings.source("product_categories").url == "/srv/names.csv"
    assert settings.feed_url == "imaps://orders@mail.example/INBOX"


def test_a_model_without_a_source_is_named(tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    with pytest.raises(SettingsError, match=r"add \[models.demand.source\]"):
        settings.source("demand")


def test_a_mistyped_key_is_refused_by_name(tmp_path):
    (tmp_path / "contender.toml").write_text("[models.product_codes.source]\nulr = 'x'\n")
    with pytest.raises(SettingsError, match=r"models\.product_codes\.source"):
        load_settings({"CONTENDER_HOME": str(tmp_path)})
