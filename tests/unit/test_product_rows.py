"""A catalogue that stays on disk: products are read when they are asked for."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from pipelines.orders.product_catalogue import Catalogue, CatalogueUnreadable, Product, write
from serving.catalogue.product_rows import Codes, ProductRows
from serving.slots.shelf import Assortment, Shelf

PRODUCTS = (
    Product("1001", "Tornillo hexagonal ñandú", "7", "a.png", 2.5),
    Product("1002", "Llave ajustable", "8"),
    Product("1001", "Tornillo plano", "9"),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "catalogue.jsonl"
    write(file, Catalogue(PRODUCTS, str(tmp_path), "state", "2026-01-01T00:00:00+00:00"))
    return file


def test_products_are_read_as_they_were_written(file: Path) -> None:
    rows = ProductRows(file)
    assert (len(rows), tuple(rows)) == (3, PRODUCTS)
    assert rows[1] == PRODUCTS[1]
    assert rows.image_folder == str(file.parent)


def test_what_is_read_is_what_was_opened_when_the_file_is_replaced(file: Path) -> None:
    rows = ProductRows(file)
    write(file, Catalogue(PRODUCTS[:1], None, "another", "2026-01-02T00:00:00+00:00"))
    assert tuple(rows) == PRODUCTS


@pytest.mark.parametrize(
    "content", [b"", b"[]\n", b"{", b'{"image_folder":null}\n["1"]\n', b"{}\n5"]
)
def test_a_damaged_catalogue_is_refused_and_the_one_before_is_kept(
    file: Path, content: bytes
) -> None:
    shelf = Shelf(file)
    assert shelf.look()
    before = shelf.assortment
    part = file.with_suffix(".part")
    part.write_bytes(content)
    part.replace(file)
    assert not shelf.look()
    assert shelf.assortment is before
    with pytest.raises(CatalogueUnreadable):
        Assortment(ProductRows(file))


def test_a_code_is_found_among_those_of_the_same_hash_by_its_products(file: Path) -> None:
    assortment = Assortment(ProductRows(file))
    plain = assortment.product("1001", "tornillo plano")
    assert plain == PRODUCTS[2]
    assert assortment.image_name(plain) == "a.png"
    assert assortment.product("9999", "tornillo") is None
    assert list(Codes(["a", "b", "a"]).may_be("a")) == [0, 2]


def test_an_assortment_that_was_replaced_is_gone(file: Path) -> None:
    gc.disable()
    try:
        assortment = Assortment(ProductRows(file))
        assortment.product("1001", "tornillo")
        assortment.image(PRODUCTS[0])
        assortment.search("llave", 2)
        gone = weakref.ref(assortment._products)
        del assortment
        assert gone() is None
    finally:
        gc.enable()
