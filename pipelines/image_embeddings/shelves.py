"""Vectors on disk, found again by the hash of what they were made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HASH_BYTES = 32


class Shelves:
    """A folder of shelves: each a file of hashes beside one of vectors, written once, whole.

    Several processes may add at the same time; a vector that two of them computed stands twice,
    which does no harm. A shelf that does not fit together is passed over and computed again.
    """

    def __init__(self, directory: Path, dimensions: int) -> None:
        self._directory, self._dimensions = directory, dimensions
        self._places: dict[bytes, tuple[NDArray[np.float32], int]] = {}
        for file in sorted(directory.glob("*.keys")):
            self._open(file)

    def find(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors that are known, by their hashes."""
        found = {}
        for key in keys:
            if key in self._places:
                shelf, row = self._places[key]
                found[key] = np.array(shelf[row])
        return found

    def add(
        self, keys: Sequence[bytes], vectors: NDArray[np.float32]
    ) -> dict[bytes, NDArray[np.float32]]:
        """Keep the vectors (len(keys), dimensions) on a new shelf, and return them by hash."""
        joined = b"".join(keys)
        file = self._directory / f"{hashlib.sha256(joined).hexdigest()[:32]}.keys"
        self._directory.mkdir(parents=True, exist_ok=True)
        _written(file.with_suffix(".vectors"), vectors.astype("<f4").tobytes())
        _written(file, joined)  # last: a shelf exists once its hashes do
        self._open(file)
        return dict(zip(keys, vectors.astype(np.float32), strict=True))

    def _open(self, file: Path) -> None:
        keys, vectors = file.read_bytes(), file.with_suffix(".vectors")
        count = len(keys) // HASH_BYTES
        size = vectors.stat().st_size if vectors.exists() else 0
        if not count or len(keys) % HASH_BYTES or size != 4 * count * self._dimensions:
            return
        shelf = np.memmap(vectors, "<f4", "r", shape=(count, self._dimensions))
        for row in range(count):
            self._places[keys[row * HASH_BYTES : (row + 1) * HASH_BYTES]] = (shelf, row)


def _written(file: Path, content: bytes) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(file)
