"""The newest known sales at rest: written by the refresh, read by the server without pandas.

Each writing is a folder of its own; a small file names the one that counts, and is replaced as a
whole. Who still reads the one before keeps what it has open. Writers wait for one another.
"""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import orjson

from features.sales_history import (
    MATRICES,
    HistoryUnreadable,
    SalesHistory,
    ToldDays,
    open_history,
)
from features.temporal import day_of

MODEL = "demand_forecast"
KEPT_DAYS = 504
"""As many days as a forecast looks back."""
PRODUCTS_REMEMBERED = 256
"""Products whose days are kept as requests tell them, those asked about last: 150 kB each."""
POINTER_FILE = "newest.json"
LOCK_FILE = "writing.lock"
STORED_HISTORY = "stored_history"
"""The field by which a logged forecast names the stored sales that it was made from."""

Entry = dict[str, object]
FINGERPRINT_BYTES = 16


@dataclass(frozen=True)
class Stored:
    """What is stored of one product, as a request tells it."""

    days: ToldDays
    """The same list for each request, until others are stored."""
    category: str | None
    reference: Entry
    """Names these days where they are not told again: `fingerprint` (of all that is stored of
    the product), `source_state`, first and last day, and their number."""

    def told_with(self, asked: Entry) -> tuple[Entry, Entry]:
        """Return a request with these days, and as the log keeps it, which only names them."""
        whole = {**asked, "category": self.category, "history": self.days}
        # 500 days are the same with each request: the log says which they were.
        return whole, {**asked, "category": self.category, STORED_HISTORY: self.reference}


@dataclass(frozen=True)
class Pointer:
    """Which folder counts, what state of the source it is of, and when it was written."""

    folder: str
    source_state: str
    written_at: str


def sales_folder(var: Path) -> Path:
    """Return where stored sales lie in a home."""
    return var / "sales" / MODEL


def pointer_in(folder: Path) -> Pointer | None:
    """Return what counts, or None where nothing (readable) has been written."""
    try:
        return Pointer(**orjson.loads((folder / POINTER_FILE).read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return None


def write_sales(folder: Path, history: SalesHistory, source_state: str, written_at: str) -> None:
    """Write the last days of a history and let them count; older writings go."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as lock:
        # Another writer would take what is not finished here for an older writing.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write(folder, history, source_state, written_at)


def _write(folder: Path, history: SalesHistory, source_state: str, written_at: str) -> None:
    before = pointer_in(folder)
    fresh = folder / f"days-{uuid.uuid4().hex}"
    fresh.mkdir()
    history.save(fresh, KEPT_DAYS)
    partial = folder / f"{POINTER_FILE}.partial"
    partial.write_bytes(orjson.dumps(asdict(Pointer(fresh.name, source_state, written_at))))
    partial.replace(folder / POINTER_FILE)
    kept = {fresh.name, before.folder if before else fresh.name}
    for old in folder.glob("days-*"):
        if old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)


def stored_history(folder: Path, pointer: Pointer) -> SalesHistory | None:
    """Return what a pointer names, or None where it is not there or damaged."""
    try:
        return open_history(folder / pointer.folder)
    except (OSError, HistoryUnreadable):
        return None


class StoredSales:
    """The newest stored sales, opened again when others have been written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = str(folder / POINTER_FILE)
        self._told: OrderedDict[str, Stored] = OrderedDict()
        self._seen: tuple[int, int] | None = None
        self._history: SalesHistory | None = None
        self._source_state = ""
        self._rows: dict[str, int] = {}

    def of(self, product_id: str) -> Stored | None:
        """Return a product's last days as a request tells them, None where nothing is stored."""
        self._look()
        told = self._told.get(product_id)
        if told is not None:
            self._told.move_to_end(product_id)
            return told
        row, history = self._rows.get(product_id), self._history
        if history is None or row is None:
            return None
        days = entries_of(history, row)
        if not days:
            return None
        reference: Entry = {
            "fingerprint": fingerprint_of(history, row),
            "source_state": self._source_state,
            "from": days[0]["date"],
            "until": days[-1]["date"],
            "days": len(days),
        }
        stored = Stored(days, history.groups[row] or None, reference)
        self._told[product_id] = stored
        if len(self._told) > PRODUCTS_REMEMBERED:
            self._told.popitem(last=False)
        return stored

    def products(self) -> dict[str, str]:
        """Return the products of which days are stored, the best sold first, with categories."""
        self._look()
        history = self._history
        if history is None:
            return {}
        sold = np.where(history.known, history.quantity, 0).sum(axis=1)
        order = np.argsort(-sold, kind="stable")
        return {history.ids[row]: history.groups[row] for row in order}

    def _look(self) -> None:
        try:
            status = os.stat(self._pointer)  # noqa: PTH116 - with each request
        except OSError:
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        pointer = pointer_in(self._folder) if stamp != self._seen else None
        if pointer is None:
            return
        history = stored_history(self._folder, pointer)
        if history is None:
            return  # what was there before goes on being used
        self._seen, self._history = stamp, history
        self._told.clear()
        self._source_state = pointer.source_state
        self._rows = {name: row for row, name in enumerate(history.ids)}


def entries_of(history: SalesHistory, row: int) -> ToldDays:
    """Return the known days of one product as entries.

    They say all that is known: of what is left out, a model takes what it remembers itself. A
    price is left out only where nobody ever told one.
    """
    known = np.flatnonzero(history.known[row])
    columns: Sequence[list[float]] = [
        matrix[row, known].astype(float).tolist()
        for matrix in (history.quantity, history.promotion, history.price, history.open)
    ]
    return ToldDays(
        _entry(day_of(history.first + int(place)).isoformat(), *values)
        for place, *values in zip(known, *columns, strict=True)
    )


def _entry(day: str, quantity: float, promotion: float, price: float, opened: float) -> Entry:
    entry: Entry = {
        "date": day,
        "quantity": round(quantity, 3),
        "promotion": promotion,
        "open": opened > 0,
    }
    if not math.isnan(price):
        entry["price"] = round(price, 4)
    return entry


def fingerprint_of(history: SalesHistory, row: int) -> str:
    """Return a digest of all that a history holds of one product, and of which days."""
    digest = blake2b(str(history.first).encode(), digest_size=FINGERPRINT_BYTES)
    for name in MATRICES:
        digest.update(getattr(history, name)[row].tobytes())
    digest.update(history.groups[row].encode())
    return digest.hexdigest()
