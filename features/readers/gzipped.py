"""Gzipped files that may not unpack to more than anybody's data would: a bomb is refused."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

from features.readers.table import MEBIBYTE

ALWAYS_BYTES = 256 * MEBIBYTE
RATIO = 200
"""Tables of text are packed to a tenth or so; a file of one byte over and over to a thousandth."""
BUFFER_BYTES = 128 * 1024


class UnpacksTooFar(gzip.BadGzipFile):
    """A gzip file unpacks to far more than it could hold of a table."""


def unpacked(
    path: Path, *, always_bytes: int = ALWAYS_BYTES, ratio: int = RATIO
) -> io.BufferedReader:
    """Open a gzip file for reading. What reads it raises `UnpacksTooFar`, or what `gzip` raises."""
    return io.BufferedReader(_Bounded(path, always_bytes, ratio), BUFFER_BYTES)


class _Bounded(io.RawIOBase):
    def __init__(self, path: Path, always_bytes: int, ratio: int) -> None:
        self._file = gzip.open(path)  # noqa: SIM115 - closed with this one
        self._room = max(always_bytes, ratio * path.stat().st_size)
        self._ratio = ratio

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._file.readinto(buffer)
        if self._file.tell() > self._room:
            raise UnpacksTooFar(f"it unpacks to more than {self._ratio} times its size")
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
