"""Keeps one slot: loads what it should hold, retries with patience, confirms what it holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import Champion
from serving.answers import ServedModel
from serving.live import LiveModel
from serving.slots import Slots
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

    def __init__(self, model: str, slots: Slots, loaders: Executor, actions: Actions) -> None:
        self.model = model
        self._slots = slots
        self._loaders = loaders
        self._actions = actions
        self._view = View(None, None, registry_reachable=False)
        self._note = ""
        self._loading: Future[None] | None = None
        self._failures = 0
        self._failed_decision = ""
        self._error = ""
        self._retry_at = float("-inf")
        self._confirmed: tuple[str, float] = ("", float("-inf"))

    def follow(self, view: View) -> None:
        """Take note of a look, and begin to load where it asks for that."""
        if self._is_loading():
            return
        served = self._slots.served(self.model)
        wanted, note = next_champion(view, served)
        self._view, self._note = view, note
        if wanted is None or wanted.decision_id != self._failed_decision:
            self._forget_failures()
        if wanted is not None and self._actions.clock() >= self._retry_at:
            self._loading = self._loaders.submit(self._swap, wanted)
        elif served is not None:
            self._confirm_now_and_then(served)

    def settle(self, timeout_seconds: float | None = None) -> None:
        """Wait for a load that is under way."""
        if self._loading is not None:
            wait([self._loading], timeout=timeout_seconds)

    def state(self) -> SlotState:
        """Return what the slot does right now."""
        served = self._slots.served(self.model)
        note = self._error or self._note
        if served is not None:
            return SlotState(self.model, "serving", served, self._view, note)
        if self._is_loading():
            return SlotState(self.model, "loading", None, self._view, note)
        if self._error:
            return SlotState(self.model, "failed", None, self._view, note)
        return SlotState(self.model, "no_champion", None, self._view, note)

    def _is_loading(self) -> bool:
        return self._loading is not None and not self._loading.done()

    def _swap(self, champion: Champion) -> None:
        try:
            live = self._actions.load(champion)
        except Exception as error:  # noqa: BLE001 - a border: any failure keeps the old model
            self._remember_failure(champion, error)
            return
        self._slots.put(live)
        self._forget_failures()
        self._actions.watch(self.model, "swapped")
        logger.info(
            "%s: version %s answers by decision %s",
            self.model,
            champion.version,
            champion.decision_id,
        )
        self._confirm_now_and_then(live.served)

    def _remember_failure(self, champion: Champion, error: Exception) -> None:
        self._failures += 1
        pause = min(LONGEST_RETRY_SECONDS, 2.0 ** (self._failures - 1))
        self._retry_at = self._actions.clock() + pause
        self._failed_decision = champion.decision_id
        self._error = f"version {champion.version} cannot be loaded: {error}"
        self._actions.watch(self.model, "failed")
        logger.error("%s: %s; next try in %.0f s", self.model, self._error, pause, exc_info=error)

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
