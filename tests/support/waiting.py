"""Waits for what happens in another thread or process, in place of sleeps that guess how long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""Long, because it costs nothing where the thing happens: a busy machine fails no test."""


def wait_for(
    condition: Callable[[], T],
    seconds: float = PATIENCE_SECONDS,
    *,
    every: float = 0.02,
    what: str = "it",
) -> T:
    """Return what `condition` does once that is true. Raises `AssertionError` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} seconds"
        time.sleep(every)
    return found
