"""Memory that is free again, or was needed once, goes back to the system where it can be told so.

These calls are Linux's; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

M_ARENA_MAX = -8
DONTNEED = 4
"""`MADV_DONTNEED`: of what is mapped from a file and unchanged, the file is the only copy."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap; before the first of them is started.

    Each has one of its own otherwise, and keeps what it once needed: a dozen threads, 5 MB. Python
    runs one of them at a time, so they seldom wait for each other.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Return freed memory, and code that only the start needed, to the system.

    The C library keeps freed memory otherwise; a catalogue of 20,000 products left 140 MB. Code of
    libraries is mapped, and what has run once stays counted as this process's: what it runs again
    comes back from the page cache, page by page, in microseconds.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim(0)
        for start, size in unchanged_code(Path("/proc/self/smaps").read_text(encoding="utf-8")):
            library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), DONTNEED)


def unchanged_code(smaps: str) -> Iterator[tuple[int, int]]:
    """Yield address and bytes of each mapping of a library of which nothing was written to.

    `smaps` is the text of `/proc/PID/smaps`. Only what may not be written is taken, and of that
    nothing that holds a page of the process's own: the linker writes addresses into some before
    it locks them.
    """
    mapping: tuple[int, int] | None = None
    for line in smaps.splitlines():
        first, _, rest = line.partition(" ")
        if not first.endswith(":"):
            mapping = _library(first, rest)
        elif first == "Anonymous:" and mapping and rest.split() == ["0", "kB"]:
            yield mapping
            mapping = None


def _library(addresses: str, rest: str) -> tuple[int, int] | None:
    rights, *_, path = rest.split(maxsplit=4)
    if "w" in rights or ".so" not in path:
        return None
    start, _, end = addresses.partition("-")
    return int(start, 16), int(end, 16) - int(start, 16)
