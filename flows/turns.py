"""One run at a time for each model: a run waits for its turn, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pipelines.leases import Busy, Lease
from pipelines.store import Store

PATIENCE_SECONDS = 3600.0


@contextmanager
def turn(
    store: Store,
    model: str,
    say: Callable[[str], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """Hold the model's turn inside the block, after another run has ended.

    Prefect's own limit queues the runs of one deployment; this one also holds between
    deployments, and against runs that an operator starts by hand. Raises `Busy` in the end.
    """
    name = f"run:{model}"
    with ExitStack() as held:
        try:
            held.enter_context(Lease(store, name))
        except Busy as error:
            say(f"waiting: {error}")
            held.enter_context(Lease(store, name, wait_seconds=patience_seconds))
        yield
