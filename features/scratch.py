"""Scratch folders that a killed process does not leave behind for good.

Whoever makes one holds a lock on it, which ends with the process however that ends. The next one
who makes a scratch folder in the same place deletes those that nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "contender-scratch"


@contextmanager
def scratch_folder(purpose: str, place: Path | None = None) -> Iterator[Path]:
    """Yield an empty folder in `place` (default: TMPDIR), which goes with the `with` block.

    It may be moved elsewhere inside the block, and stays then.
    """
    within = place or Path(tempfile.gettempdir())
    clear_abandoned(within)
    folder, lock = _made(purpose, within)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def clear_abandoned(place: Path) -> None:
    """Delete the scratch folders in `place` whose makers were killed on this host.

    Of another host's folders nobody here can know; a file system without locks keeps them all.
    """
    for folder in place.glob(f"{_of_this_host()}*"):
        with suppress(OSError):  # somebody holds it, or it goes this very moment
            lock = _locked(folder)
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _made(purpose: str, place: Path) -> tuple[Path, int]:
    """Return a new folder and its lock; it has no name that is cleared before it is locked."""
    fresh = Path(tempfile.mkdtemp(prefix=f"{PREFIX}.", dir=place))
    try:
        lock = _locked(fresh)
    except OSError:  # no locks here: then nobody else gets one either
        lock = os.open(fresh, os.O_RDONLY | os.O_DIRECTORY)
    name = fresh.name.removeprefix(f"{PREFIX}.")
    return fresh.rename(place / f"{_of_this_host()}{purpose}-{name}"), lock


def _locked(folder: Path) -> int:
    """Return a descriptor that holds the folder. Raises `OSError`, `BlockingIOError` if it is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _of_this_host() -> str:
    # No host's name has an @: that of one could begin that of another.
    return f"{PREFIX}-{socket.gethostname()}@"
