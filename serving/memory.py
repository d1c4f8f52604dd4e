"""Memory that is free again goes back to the system, where the C library can say so."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return freed memory to the system: after something large was built and its scraps dropped.

    The C library keeps it otherwise; a catalogue of 20,000 products left 140 MB. It does nothing
    where the library knows no `malloc_trim`.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
