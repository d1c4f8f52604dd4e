"""What a reader hands on: the wanted columns as text, by line, held in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

CHUNK_ROWS = 20_000
MEBIBYTE = 2**20


class SourceError(ValueError):
    """A source cannot be read; the message says which, where, and what would be right."""


@dataclass(frozen=True)
class Limits:
    """How much of a source is taken before it is refused, so that memory stays bounded."""

    kept_bytes: int = 256 * MEBIBYTE
    """Text held of the wanted columns; a larger file is fine as long as these are smaller."""
    line_bytes: int = 8 * MEBIBYTE
    download_bytes: int = 2048 * MEBIBYTE


@dataclass(frozen=True)
class Table:
    """The wanted columns under our names, all text or missing, indexed by `line`.

    `damage` says of a line why it could not be read whole; its values may be missing.
    """

    frame: pd.DataFrame
    damage: Mapping[int, str] = field(default_factory=dict)


class TableBuilder:
    """Collects rows in compact chunks and stops a source that would not fit."""

    def __init__(self, names: Sequence[str], where: str, limits: Limits) -> None:
        self.names = tuple(names)
        self._where = where
        self._limits = limits
        self._lines: list[int] = []
        self._rows: list[Sequence[str | None]] = []
        self._chunks: list[pa.Table] = []
        self._bytes = 0
        self._damage: dict[int, str] = {}

    def add(self, line: int, values: Sequence[str | None], damage: str | None = None) -> None:
        """Take one row; `damage` says what is wrong with it, if anything is."""
        self._lines.append(line)
        self._rows.append(values)
        if damage is not None:
            self._damage[line] = damage
        if len(self._rows) >= CHUNK_ROWS:
            self._flush()

    def add_chunk(self, chunk: pa.Table) -> None:
        """Take a whole Arrow table whose columns are `line` and our names, as text."""
        self._chunks.append(chunk)
        self._bytes += chunk.nbytes
        if self._bytes > self._limits.kept_bytes:
            raise SourceError(
                f"{self._where}: the columns {', '.join(self.names)} hold more than "
                f"{self._limits.kept_bytes / MEBIBYTE:,.0f} MiB; "
                "give a smaller extract, or a query that selects fewer rows"
            )

    def finish(self) -> Table:
        """Return what was collected."""
        self._flush()
        frame = pa.concat_tables(self._chunks).to_pandas().set_index("line")
        return Table(frame, self._damage)

    def _flush(self) -> None:
        lines, rows = self._lines, self._rows
        columns = zip(*rows, strict=True) if rows else ((),) * len(self.names)
        arrays = [pa.array(column, pa.large_string()) for column in columns]
        self.add_chunk(
            pa.table(
                [pa.array(lines, pa.int64()), *arrays],
                names=["line", *self.names],
            )
        )
        self._lines, self._rows = [], []
