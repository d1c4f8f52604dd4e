"""Progress of a flow run: an artifact on its page, and a listener in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from pipelines.contract import Progress

QUIET_SECONDS = 1.0

_listener: ContextVar[Progress | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Progress) -> Iterator[None]:
    """Call `listener` with the progress of flows that run in this process meanwhile."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class RunProgress:
    """A `Progress` for one flow run; writes at most once a second, and at each new step."""

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written_at = float("-inf")
        self._step = ""
        self._artifact = _identifier(
            create_progress_artifact(progress=0.0, key=None, description=title)
        )

    def __call__(self, share: float, step: str) -> None:
        """Report that `share` (0 to 1) is done and what comes next."""
        listener = _listener.get()
        if listener is not None:
            listener(share, step)
        now = self._clock()
        if step == self._step and now - self._written_at < QUIET_SECONDS and share < 1:
            return
        if step != self._step:
            get_run_logger().info("%3.0f %%  %s", 100 * share, step)
        self._written_at, self._step = now, step
        percent = 100 * min(max(share, 0.0), 1.0)
        update_progress_artifact(self._artifact, progress=percent, description=step)

    def part(self, start: float, end: float) -> Progress:
        """Return a progress whose 0 to 1 is this one's `start` to `end`."""
        return lambda share, step: self(start + (end - start) * share, step)


def _identifier(value: object) -> UUID:
    if not isinstance(value, UUID):
        raise TypeError(f"Prefect answered {type(value).__name__} for an artifact's id")
    return value
