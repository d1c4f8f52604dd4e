"""A body that goes to disk as it comes, because it is too large to hold."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from serving.bodies import BodyTooLarge, MalformedBody, UnsupportedBody

GZIP = b"\x1f\x8b"
RESERVE_BYTES = 64_000_000
"""Left free on the disk: predictions are logged there before they are answered."""
BLOCK_BYTES = 1 << 20
"""Written at a time, by a thread: the event loop has requests to answer."""


class UploadBroken(ValueError):
    """The client went away before all of the body was there."""


class NoRoomForUpload(RuntimeError):
    """The disk does not take the body."""


class TooManyUploads(RuntimeError):
    """As many bodies as may be are being written already."""


class UploadPlaces:
    """How many bodies one worker writes to disk at a time."""

    def __init__(self, limit: int) -> None:
        self._free = self._limit = limit

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold one of the places. Raises `TooManyUploads`."""
        if not self._free:
            raise TooManyUploads(f"{self._limit} files are being taken in already; come back")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


async def to_file(request: Request, path: Path, limit_bytes: int) -> int:
    """Write the body to `path` and return its size.

    Raises `BodyTooLarge`, `MalformedBody` when it is empty, `UnsupportedBody` when it is
    compressed, `UploadBroken` or `NoRoomForUpload`; what is on disk then is the caller's to delete.
    """
    _require_plain(request)
    await run_in_threadpool(_require_space, path.parent, _declared(request) or limit_bytes)
    size = 0
    waiting = bytearray()
    try:
        with path.open("wb") as stream:
            async for chunk in request.stream():
                size += len(chunk)
                _require_within(size, limit_bytes)
                waiting += chunk
                if size == len(waiting) and waiting.startswith(GZIP):
                    raise _compressed("gzip")
                if len(waiting) >= BLOCK_BYTES:
                    await run_in_threadpool(_write, stream, bytes(waiting), path.parent)
                    waiting.clear()
            stream.write(waiting)
            stream.flush()
            await run_in_threadpool(os.fsync, stream.fileno())
    except ClientDisconnect as error:
        raise UploadBroken(f"the client went away after {size} bytes") from error
    except OSError as error:
        raise NoRoomForUpload(f"the file cannot be kept: {error.strerror}") from error
    if not size:
        raise MalformedBody("the body is empty; a file is expected")
    return size


def require_declared(request: Request, limit_bytes: int) -> None:
    """Raise `BodyTooLarge` for a body that says itself that it is, before a byte is read."""
    _require_within(_declared(request), limit_bytes)


def _require_plain(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _compressed(encoding)


def _declared(request: Request) -> int:
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdigit() else 0


def _require_space(folder: Path, size: int) -> None:
    """Raise `NoRoomForUpload` where a body would leave too little for what must be written."""
    free = shutil.disk_usage(folder).free
    if free - size < RESERVE_BYTES:
        raise NoRoomForUpload(f"{free} bytes are free, and {RESERVE_BYTES} of them stay so")


def _write(stream: BinaryIO, block: bytes, folder: Path) -> None:
    # Others write meanwhile, and each was promised the same room when it began.
    _require_space(folder, len(block))
    stream.write(block)


def _compressed(how: str) -> UnsupportedBody:
    said = f"the file is compressed ({how}); send it as it was before, or as Parquet"
    return UnsupportedBody(said)


def _require_within(size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise BodyTooLarge(f"the body has {size} bytes or more; the limit is {limit_bytes}")
