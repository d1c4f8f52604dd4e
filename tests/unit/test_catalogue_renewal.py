"""The catalogue file: written from the source of `product_codes` when that has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from features.schema import SchemaError
from features.sources import Source
from pipelines.orders.catalogue_renewal import is_current, renew, state_of
from pipelines.orders.product_catalogue import (
    Catalogue,
    CatalogueUnreadable,
    Product,
    catalogue_file,
    read,
    source_state,
    write,
)
from pipelines.settings import Settings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HEADER = "description,code,product_id,image,price\n"


def rows(prefix: str, count: int = 30) -> str:
    return "".join(
        f"{prefix} {n},C{n % 3},{1_000 + n},images/{n}.png,{n}.5\n" for n in range(count)
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "codes.csv"
    file.write_text(HEADER + rows("Martillo") + rows("Martillo") + "Sin nada,C1,,,\n")
    return file


@pytest.fixture
def settings(make_settings: Callable[..., Settings], source: Path) -> Settings:
    return make_settings(models={"product_codes": {"source": {"url": str(source)}}})


def test_the_sources_rows_are_written_once_each_with_what_they_have(
    settings: Settings, source: Path
) -> None:
    assert renew(settings, NOW) is True
    catalogue = read(catalogue_file(settings.var))
    assert len(catalogue.products) == 31
    assert Product("C0", "Martillo 0", "1000", "images/0.png", 0.5) in catalogue.products
    assert Product("C1", "Sin nada", None, None, None) in catalogue.products
    assert catalogue.image_folder == str(source.parent)


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is(
    settings: Settings, source: Path
) -> None:
    renew(settings, NOW)
    assert renew(settings, NOW + timedelta(days=9)) is False
    source.write_text(HEADER + rows("Taladro"))
    os.utime(source, ns=(1, 1))
    assert renew(settings, NOW) is True
    assert read(catalogue_file(settings.var)).products[0].description.startswith("Taladro")


def test_a_damaged_source_leaves_the_catalogue_as_it_was(settings: Settings, source: Path) -> None:
    renew(settings, NOW)
    before = catalogue_file(settings.var).read_bytes()
    source.write_text("something,else\n1,2\n")
    with pytest.raises(SchemaError):
        renew(settings, NOW)
    assert catalogue_file(settings.var).read_bytes() == before


def test_without_the_model_there_is_nothing_to_renew(
    make_settings: Callable[..., Settings],
) -> None:
    assert renew(make_settings(), NOW) is False


def test_a_damaged_catalogue_file_is_named_and_counts_as_unknown(tmp_path: Path) -> None:
    file = tmp_path / "catalogue" / "product_codes.jsonl"
    write(file, Catalogue((Product("A", "x"),), None, "state", "now"))
    assert source_state(file) == ("state", "now")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CatalogueUnreadable, match=r"product_codes\.jsonl"):
        read(file)
    file.write_text("")
    assert source_state(file) is None
    assert source_state(tmp_path / "nowhere") is None


def test_what_is_kept_of_a_source_does_not_tell_its_password() -> None:
    state = state_of(Source("postgresql://ana:secreta@db/shop?table=lines&password=otra"))
    assert not any(told in state for told in ("secreta", "otra", "ana"))
    assert state == state_of(Source("postgresql://ana:secreta@db/shop?table=lines&password=otra"))
    assert state != state_of(Source("postgresql://ana:secreta@db/shop?table=rows&password=otra"))


def test_a_source_that_is_read_otherwise_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text(HEADER)
    before = state_of(Source(str(file)))
    assert is_current(Source(str(file)), before, NOW.isoformat(), NOW)
    for other in (Source(str(file), {"code": "clave"}), Source(str(file), query="SELECT 1")):
        assert not is_current(other, before, NOW.isoformat(), NOW)
