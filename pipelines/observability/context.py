"""What all log lines of a piece of work say beside their text: the model, the run, the job.

Bound by whoever begins the work, for the thread or task that does it and those that it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_bound: ContextVar[Mapping[str, object] | None] = ContextVar("bound_to_log_lines", default=None)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Let every log line within the block carry `fields`; those that are None are left out."""
    told = {name: value for name, value in fields.items() if value is not None}
    token = _bound.set({**current(), **told})
    try:
        yield
    finally:
        _bound.reset(token)


def current() -> Mapping[str, object]:
    """Return what is bound right now."""
    return _bound.get() or {}
