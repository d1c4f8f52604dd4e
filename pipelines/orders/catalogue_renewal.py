"""Renews the product catalogue from the source of `product_codes`, when the source has changed."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipelines import catalog
from pipelines.orders.product_catalogue import (
    MODEL,
    Catalogue,
    Product,
    catalogue_file,
    source_state,
    write,
)

if TYPE_CHECKING:
    from features.sources import Source
    from pipelines.settings import Settings

REMOTE_AGE = timedelta(hours=1)
"""A database or an address says nothing about changes, so it is read again after this time."""


def renew(settings: Settings, now: datetime) -> bool:
    """Write the catalogue if its source has changed; return whether it was written.

    Raises what the family's `load` raises: `SourceError` or `SchemaError`.
    """
    if MODEL not in settings.models:
        return False
    source = settings.source(MODEL)
    local = _local(source)
    state = state_of(source)
    file = catalogue_file(settings.var)
    known = source_state(file)
    if known and is_current(source, *known, now):
        return False
    frame = catalog.family(MODEL).load(source).frame
    products = tuple(_product(row) for row in frame.to_dict("records"))
    folder = None if local is None else local if local.is_dir() else local.parent
    write(file, Catalogue(products, str(folder) if folder else None, state, now.isoformat()))
    return True


def state_of(source: Source) -> str:
    """Return a text that is another one when a local source has changed, or how one is read.

    It is kept on disk, so the address, which may hold a password, is in it as a digest alone.
    """
    local = _local(source)
    reading = (source.url, sorted(source.columns.items()), source.query, source.damaged_share)
    digest = sha256(repr(reading).encode()).hexdigest()
    return f"{digest} {_stamp(local) if local else ''}"


def is_current(source: Source, state: str, written_at: str, now: datetime) -> bool:
    """Return whether what was written of that state of the source need not be written again."""
    return state == state_of(source) and (
        _local(source) is not None or now - datetime.fromisoformat(written_at) < REMOTE_AGE
    )


def _local(source: Source) -> Path | None:
    """Return the source as a path, or None for a database or an address."""
    parts = urlsplit(source.url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in source.url else Path(source.url).absolute()


def _stamp(path: Path) -> str:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [file.stat() for file in files if file.is_file()]
    newest = max((status.st_mtime_ns for status in found), default=0)
    return f"{len(found)} {newest} {sum(status.st_size for status in found)}"


def _product(row: Mapping[Hashable, object]) -> Product:
    price = row.get("price")
    return Product(
        code=str(row["code"]),
        description=str(row["description"]),
        product_id=_text(row.get("product_id")),
        image=_text(row.get("image")),
        price=float(price) if isinstance(price, int | float) and not math.isnan(price) else None,
    )


def _text(value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None
