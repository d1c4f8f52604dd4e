"""Keeps one slot: prepares what it should hold, switches when it is its turn, and confirms it.

Loading and switching are two steps, because workers switch together: see `serving.conductor`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import Champion
from pipelines.observability import context
from serving.conductor import Conductor
from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel
from serving.slots.slots import Slots
from serving.steps import SlotState, View, next_champion

CONFIRM_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Actions:
    """What keepers do beyond their slot; all models share them."""

    load: Callable[[Champion], LiveModel]
    confirm: Callable[[ServedModel], None]
    """Say to everybody what this process serves; repeated now and then."""
    watch: Callable[[str, str], None]
    """Count an attempt to swap: the model, and `swapped` or `failed`."""
    clock: Callable[[], float] = time.monotonic


class SlotKeeper:
    """Follows one model. `follow` is called by one thread, loading happens in `loaders`."""

    def __init__(
        self,
        model: str,
        slots: Slots,
        loaders: Executor,
        conductor: Conductor,
        actions: Actions,
    ) -> None:
        self.model = model
        self._slots = slots
        self._loaders = loaders
        self._conductor = conductor
        self._actions = actions
        self._view = View(None, None, registry_reachable=False)
        self._note = ""
        self._loading = self._confirming = False
        self._prepared: LiveModel | None = None
        self._handing_over = threading.Lock()
        self._settled = threading.Event()
        self._settled.set()
        self._failures = 0
        self._failed_decision = ""
        self._error = ""
        self._retry_at = float("-inf")
        self._confirmed: tuple[str, float] = ("", float("-inf"))

    def follow(self, view: View) -> None:
        """Take note of a look, and begin to load where it asks for that."""
        if self._loading:
            return
        served = self._slots.served(self.model)
        wanted, note = next_champion(view, served)
        self._view, self._note = view, note
        if self._is_waiting_for(wanted):
            return
        if wanted is None or wanted.decision_id != self._failed_decision:
            self._forget_failures()
        if wanted is not None and self._actions.clock() >= self._retry_at:
            self._begin(wanted)
        elif served is not None:
            self._confirm_now_and_then(served)

    def settle(self, timeout_seconds: float | None = None) -> None:
        """Wait for a load that is under way, and for the switch to what it loaded."""
        self._settled.wait(timeout_seconds)

    def discard(self) -> None:
        """Release a champion that waits for its turn: it will not have one."""
        with self._handing_over:
            waiting, self._prepared = self._prepared, None
        if waiting:
            waiting.close_if_idle()
            self._settle_if_idle()

    def state(self) -> SlotState:
        """Return what the slot does right now."""
        served = self._slots.served(self.model)
        prepared = self._prepared
        note = self._error or self._note
        if prepared is not None:
            note = f"version {prepared.served.version} is loaded and waits for the other workers"
        if served is not None:
            return SlotState(self.model, "serving", served, self._view, note)
        if not self._settled.is_set():
            return SlotState(self.model, "loading", None, self._view, note)
        if self._error:
            return SlotState(self.model, "failed", None, self._view, note)
        return SlotState(self.model, "no_champion", None, self._view, note)

    def _is_waiting_for(self, wanted: Champion | None) -> bool:
        """Whether what is loaded may still have its turn: nothing newer has been decided."""
        prepared = self._prepared
        if prepared is None:
            return False
        return wanted is None or wanted.decision_id == prepared.served.decision_id

    def _begin(self, champion: Champion) -> None:
        # Together, or who waits beside another look takes the slot for settled.
        with self._handing_over:
            self._settled.clear()
            self._loading = True
        self.discard()
        self._loaders.submit(self._prepare, champion)

    def _prepare(self, champion: Champion) -> None:
        try:
            live = self._actions.load(champion)
        except Exception as error:  # noqa: BLE001 - a border: any failure keeps the old model
            self._remember_failure(champion, error)
            self._conductor.failed(champion, self._error)
        else:
            self._forget_failures()
            self._prepared = live
            self._conductor.prepared(champion, partial(self._switch, live))
        # Only now may a look begin with a later champion: its turn has to come after this one's.
        self._loading = False
        self._settle_if_idle()

    def _switch(self, live: LiveModel) -> None:
        with self._handing_over:
            if self._prepared is not live:
                return  # a later decision has taken its place
            self._slots.put(live)
            self._confirming = True
            self._prepared = None
        self._loaders.submit(self._after_switch, live.served)

    def _after_switch(self, served: ServedModel) -> None:
        # The one before is as large as this one, so it does not stay until the next look.
        self._slots.release_retired()
        self._actions.watch(self.model, "swapped")
        with context.bound(**_named(served)):
            logger.info(
                "%s: version %s answers by decision %s",
                self.model,
                served.version,
                served.decision_id,
            )
        self._confirm_now_and_then(served)
        self._conductor.switched(self.model, served.decision_id)
        self._confirming = False
        self._settle_if_idle()

    def _settle_if_idle(self) -> None:
        with self._handing_over:
            if not self._loading and not self._confirming and self._prepared is None:
                self._settled.set()

    def _remember_failure(self, champion: Champion, error: Exception) -> None:
        self._failures += 1
        pause = min(LONGEST_RETRY_SECONDS, 2.0 ** (self._failures - 1))
        self._retry_at = self._actions.clock() + pause
        self._failed_decision = champion.decision_id
        self._error = f"version {champion.version} cannot be loaded: {error}"
        self._actions.watch(self.model, "failed")
        with context.bound(**_named(champion)):
            logger.error(
                "%s: %s; next try in %.0f s", self.model, self._error, pause, exc_info=error
            )

    def _forget_failures(self) -> None:
        self._failures = 0
        self._failed_decision = self._error = ""
        self._retry_at = float("-inf")

    def _confirm_now_and_then(self, served: ServedModel) -> None:
        decision_id, at = self._confirmed
        if served.decision_id == decision_id and self._actions.clock() < at + CONFIRM_SECONDS:
            return
        try:
            self._actions.confirm(served)
        except SQLAlchemyError as error:
            logger.warning("%s: cannot be confirmed, later again: %s", self.model, error)
        else:
            self._confirmed = (served.decision_id, self._actions.clock())


def _named(champion: Champion | ServedModel) -> dict[str, object]:
    """Return what names a champion in log lines about it."""
    return {
        "model": champion.model if isinstance(champion, Champion) else champion.name,
        "version": champion.version,
        "decision_id": champion.decision_id,
        "generation": champion.generation,
    }
