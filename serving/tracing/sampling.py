"""Which requests are traced: those whose caller says so, and a share of those who say nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

SAMPLED = 0x01
FLAGS = slice(53, 55)
LENGTH = 55


class Sampling:
    """Decides once for each request, before anything is done for it."""

    def __init__(self, share: float, draw: Callable[[], float] = random.random) -> None:
        self._share = share
        self._draw = draw

    def wants(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Return whether to trace; a `traceparent` that is none leaves it to chance."""
        for name, value in headers:
            if name == b"traceparent" and len(value) >= LENGTH:
                try:
                    return bool(int(value[FLAGS], 16) & SAMPLED)
                except ValueError:
                    break
        return self._draw() < self._share
