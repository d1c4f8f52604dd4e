"""The product catalogue as the server reads it: one file of JSON lines, replaced as a whole.

It holds the rows of the source of `product_codes`, so that the server can say what a code stands
for without pandas and without the source. `pipelines.orders.catalogue_renewal` is the writing side.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

MODEL = "product_codes"


class CatalogueUnreadable(ValueError):
    """The catalogue file is damaged; the message names it."""


@dataclass(frozen=True, slots=True)
class Product:
    """One row of the catalogue; `image` is a path relative to the catalogue's image folder."""

    code: str
    description: str
    product_id: str | None = None
    image: str | None = None
    price: float | None = None


@dataclass(frozen=True)
class Catalogue:
    """The products, the folder of their images, and the state of the source they came from."""

    products: tuple[Product, ...]
    image_folder: str | None
    source_state: str
    written_at: str


def catalogue_file(var: Path) -> Path:
    """Return where the catalogue lies below the folder `var`."""
    return var / "catalogue" / f"{MODEL}.jsonl"


def write(file: Path, catalogue: Catalogue) -> None:
    """Replace the file; a reader sees the old one or the new one, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "image_folder": catalogue.image_folder,
        "source_state": catalogue.source_state,
        "written_at": catalogue.written_at,
    }
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as stream:
        stream.write(orjson.dumps(head) + b"\n")
        for product in _distinct(catalogue.products):
            row = (
                product.code,
                product.description,
                product.product_id,
                product.image,
                product.price,
            )
            stream.write(orjson.dumps(row) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).replace(file)


def read(file: Path) -> Catalogue:
    """Read the catalogue. Raises `FileNotFoundError` or `CatalogueUnreadable`."""
    with file.open("rb") as stream:
        try:
            head = orjson.loads(stream.readline())
            products = tuple(Product(*orjson.loads(line)) for line in stream)
            return Catalogue(
                products, head["image_folder"], head["source_state"], head["written_at"]
            )
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise CatalogueUnreadable(f"{file} is damaged: {error}") from error


def source_state(file: Path) -> tuple[str, str] | None:
    """Return the state of the source and the time the file was written, or None without one."""
    try:
        with file.open("rb") as stream:
            head = orjson.loads(stream.readline())
        return str(head["source_state"]), str(head["written_at"])
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _distinct(products: Iterable[Product]) -> Iterable[Product]:
    seen: set[tuple[str, str, str | None]] = set()
    for product in products:
        key = (product.code, product.description, product.product_id)
        if key not in seen:
            seen.add(key)
            yield product
