"""Keeps the slots at what the decision log says, by looking again and again.

The log is the truth about who is champion and the alias its projection. Polling finds every
change; a webhook only makes the next look come sooner.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import Champion
from pipelines.registry.aliases import CHAMPION
from pipelines.registry.client import RegisteredModel, RegistryRefused, RegistryUnavailable
from serving.conductor import Conductor, Meeting
from serving.slots.keeper import Actions, SlotKeeper
from serving.slots.slots import Slots
from serving.steps import SlotState, View

SHORTEST_LOOK_SECONDS = 0.05
LOADERS = 2
JOIN_SECONDS = 5.0
"""How often a worker says that it lives."""

logger = logging.getLogger(__name__)


class Registry(Protocol):
    """What the follower asks of the registry."""

    def snapshot(self) -> Mapping[str, RegisteredModel]:
        """Return every registered model with its aliases."""
        ...


class Decisions(Protocol):
    """What the follower asks of the decision log."""

    def head(self, model: str) -> Champion | None:
        """Return the champion by the log."""
        ...


class Workers(Meeting, Protocol):
    """What the follower asks of the rendezvous with the other workers."""

    def join(self) -> None:
        """Take part, or still take part."""
        ...

    def leave(self) -> None:
        """Take part no more."""
        ...


class Follower:
    """One thread that looks, and a few that load; one instance a process."""

    def __init__(
        self,
        slots: Slots,
        registry: Registry,
        decisions: Decisions,
        actions: Actions,
        workers: Workers,
        *,
        looked: Callable[[bool], None],
        poll_seconds: float,
    ) -> None:
        self._slots = slots
        self._registry = registry
        self._decisions = decisions
        self._looked = looked
        self._poll_seconds = poll_seconds
        self._loaders = ThreadPoolExecutor(max_workers=LOADERS, thread_name_prefix="load")
        self._workers = workers
        self._joined_at = float("-inf")
        self._conductor = Conductor(workers)
        self._keepers = [
            SlotKeeper(model, slots, self._loaders, self._conductor, actions)
            for model in slots.models
        ]
        self._hint = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self.registry_reachable = False
        self.log_reachable = False

    def start(self, patience_seconds: float) -> None:
        """Look once, wait for what that loads while patience lasts, then go on following."""
        self._look_safely()
        self.settle(patience_seconds)
        self._thread.start()

    def look_now(self) -> None:
        """Let the next look come at once: somebody says that something has changed."""
        self._hint.set()

    def stop(self) -> None:
        """Stop looking, and wait for a load that is under way."""
        self._stop.set()
        self._hint.set()
        if self._thread.is_alive():
            self._thread.join()
        self._conductor.stop()
        try:
            self._workers.leave()
        except SQLAlchemyError as error:
            logger.warning("the others find out by themselves that this worker left: %s", error)
        self._loaders.shutdown()
        for keeper in self._keepers:
            keeper.discard()

    def states(self) -> list[SlotState]:
        """Return what each slot does, by name."""
        return [keeper.state() for keeper in self._keepers]

    @property
    def ready(self) -> bool:
        """Whether the log is read and every model that has a champion is answered by it."""
        return self.log_reachable and all(state.ready for state in self.states())

    def look(self) -> None:
        """See what the log and the registry say, and begin to load what has changed."""
        self._join_now_and_then()
        aliases = self._aliases()
        for keeper in self._keepers:
            head = self._decisions.head(keeper.model)
            keeper.follow(View(head, aliases.get(keeper.model), self.registry_reachable))
        self._slots.release_retired()
        self._looked(self.registry_reachable)

    def settle(self, timeout_seconds: float | None = None) -> None:
        """Wait for the loads that are under way."""
        for keeper in self._keepers:
            keeper.settle(timeout_seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._hint.wait(self._poll_seconds)
            self._hint.clear()
            if not self._stop.is_set():
                self._look_safely()
            # Whoever sends hints without end must not make us look without end.
            self._stop.wait(SHORTEST_LOOK_SECONDS)

    def _look_safely(self) -> None:
        try:
            self.look()
        except Exception:  # a border: whatever happens, the old state is kept
            self.log_reachable = False
            logger.exception("a look at the decision log failed; the slots stay as they are")
        else:
            self.log_reachable = True

    def _join_now_and_then(self) -> None:
        # Before the log is read: whoever decides after this waits for this worker.
        if time.monotonic() >= self._joined_at + JOIN_SECONDS:
            self._workers.join()
            self._joined_at = time.monotonic()

    def _aliases(self) -> dict[str, str]:
        try:
            models = self._registry.snapshot()
        except (RegistryUnavailable, RegistryRefused) as error:
            if self.registry_reachable:
                logger.warning("the registry is away, the decision log alone decides: %s", error)
            self.registry_reachable = False
            return {}
        self.registry_reachable = True
        return {
            name: model.aliases[CHAMPION]
            for name, model in models.items()
            if CHAMPION in model.aliases
        }
