"""The rest of the ratings: held for this process, found by its digest, opened as arrays."""

from __future__ import annotations

import atexit
import hashlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.fingerprints import fingerprint
from features.interactions import Interactions, Scale
from features.scratch import scratch_folder

COLUMN = "rest"
"""Of a panel's frame: the digest of the rest, in every row; so it is part of what identifies it."""

ROWS = "rows"
"""Of the folder that is held: where Spark has written to."""
PANEL_SALT = "panel"
"""A user is in the panel by their place (`features.splits.place`) with this salt."""


class RestGone(LookupError):
    """The rest of these ratings was not read in this process; read the source again."""


@dataclass(frozen=True)
class Rest:
    """Where the rest lies, on which scale all ratings are, and what is not to be fitted on."""

    digest: str
    folder: Path
    scale: Scale
    rows: int
    tested: pd.DataFrame | None = None
    """Rows that a test set withholds, under the family's own names of the columns."""

    def interactions(self) -> Interactions:
        """Return the rest as arrays, 20 bytes a row, and the identifiers."""
        if not self.rows:
            nothing = np.zeros(0, dtype=np.int32)
            none, moments = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)
            return Interactions([], [], nothing, nothing, none, moments, self.scale)
        ids = ["user", "item"]
        files = sorted((self.folder / ROWS).glob("*.parquet"))
        read = [pq.read_table(file, read_dictionary=ids) for file in files]
        table = pa.concat_tables(read).unify_dictionaries()
        users, user = _coded(table["user"])
        items, item = _coded(table["item"])
        rating = table["rating"].to_numpy().astype(np.float32, copy=False)
        time = pc.fill_null(table["time"], 0).to_numpy()
        order = np.lexsort((item, user))
        return Interactions(
            users, items, user[order], item[order], rating[order], time[order], self.scale
        )


_HELD: dict[str, Rest] = {}


def new_folder() -> Path:
    """Return an empty folder for a rest; it goes from the disk with this process."""
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(scratch_folder("rest"))


def hold(rest: Rest) -> None:
    """Keep the rest until this process ends."""
    _HELD[rest.digest] = rest


def held(digest: str) -> Rest:
    """Return the rest of that digest. Raises `RestGone`."""
    if digest not in _HELD:
        raise RestGone("the rest of these ratings was not read here: load the source again")
    return _HELD[digest]


def narrowed(digest: str, tested: pd.DataFrame) -> str:
    """Hold the same rest with what a test set withholds, and return its digest.

    Raises `RestGone`.
    """
    whole = held(digest)
    before = [] if whole.tested is None else [whole.tested]
    withheld = pd.concat([*before, tested])
    name = hashlib.sha256(f"{digest}/{fingerprint(tested)}".encode()).hexdigest()
    hold(replace(whole, digest=name, tested=withheld))
    return name


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int32]]:
    """Return the distinct texts sorted by their UTF-8 bytes, and each row's place among them."""
    joined = column.combine_chunks()
    chunks = joined.chunks if isinstance(joined, pa.ChunkedArray) else [joined]
    texts = chunks[0].dictionary.cast(pa.large_string())
    order = pc.array_sort_indices(texts).to_numpy()
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in chunks])
    return texts.take(pa.array(order)).to_pylist(), places[codes]
