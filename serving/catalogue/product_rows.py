"""The products of a catalogue file, read one by one when they are asked for.

Twenty thousand products as objects are 10 MB; where each stands in the file is 160 kB. The file is
only ever replaced as a whole, so what was opened stays as it was.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson

from pipelines.orders.product_catalogue import CatalogueUnreadable, Product


class ProductRows:
    """A catalogue file. Raises `FileNotFoundError`; whatever reads may raise `CatalogueUnreadable`.

    `image_folder` is where the paths of its images start.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = os.open(file, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        with open(self._descriptor, "rb", closefd=False) as stream:
            lengths = np.fromiter((len(line) for line in stream), dtype=np.int64)
        self._ends = np.cumsum(lengths)
        head = self._line(0) if len(lengths) else None
        if not isinstance(head, dict):
            raise CatalogueUnreadable(f"{file} is damaged: its first line does not describe it")
        self.image_folder: str | None = head.get("image_folder")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[Product]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, position: int) -> Product:
        """Return the product at `position`, counted from 0."""
        row = self._line(position + 1)
        try:
            return Product(*row if isinstance(row, list) else ())
        except TypeError as error:
            raise CatalogueUnreadable(f"{self._file} is damaged: {error}") from error

    def _line(self, number: int) -> object:
        start = int(self._ends[number - 1]) if number else 0
        try:
            return orjson.loads(os.pread(self._descriptor, int(self._ends[number]) - start, start))
        except orjson.JSONDecodeError as error:
            raise CatalogueUnreadable(f"{self._file} is damaged: {error}") from error


class Codes:
    """Where each code stands among many, by its hash: 16 bytes a code."""

    def __init__(self, codes: Iterable[str]) -> None:
        hashes = np.fromiter((hash(code) for code in codes), dtype=np.int64)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def may_be(self, code: str) -> Sequence[int]:
        """Return the positions of a code, ascending; another code's are possible among them."""
        wanted = hash(code)
        first = np.searchsorted(self._hashes, wanted, side="left")
        last = np.searchsorted(self._hashes, wanted, side="right")
        positions: list[int] = self._order[first:last].tolist()
        return positions
