"""Lets a prepared champion take its slot at the moment on which all workers have agreed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from pipelines.decisions.log import Champion
from pipelines.rendezvous import LEAD_SECONDS, State

LOOK_SECONDS = 0.03
"""Between two looks at how far the others are; shorter than the moment lies ahead."""

logger = logging.getLogger(__name__)


class Meeting(Protocol):
    """What the conductor asks of the rendezvous with the other workers."""

    patience_seconds: float
    clock: Callable[[], float]

    def say(self, champion: Champion, state: State, note: str = "") -> None:
        """Let the others know how far this worker has come."""
        ...

    def take_back(self, model: str, decision_id: str) -> None:
        """Say nothing any more about one decided champion."""
        ...

    def agreed(self, champion: Champion) -> float | None:
        """Return the moment that is settled already, if any."""
        ...

    def moment(self, champion: Champion) -> float | None:
        """Return when to switch, or None while others are waited for."""
        ...


@dataclass
class _Turn:
    champion: Champion
    switch: Callable[[], None]
    since: float
    moment: float | None = field(default=None)


class Conductor:
    """The turns of one process. A thread of its own looks only while somebody waits."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._turns: dict[str, _Turn] = {}
        self._changing = threading.Lock()
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="switch")

    def prepared(self, champion: Champion, switch: Callable[[], None]) -> None:
        """Call `switch` when it is the champion's turn: at once where that has passed already.

        Another champion of the same model takes the place of one that still waits.
        """
        if self._stopped.is_set():
            return
        turn = _Turn(champion, switch, self._meeting.clock())
        self._announce(turn)
        with self._changing:
            self._turns[champion.model] = turn
        if not self._take(turn):
            self._thread.submit(self._conduct)

    def failed(self, champion: Champion, note: str) -> None:
        """Let nobody wait for a champion that cannot be loaded here."""
        try:
            self._meeting.say(champion, "failed", note)
        except SQLAlchemyError as error:
            logger.warning("others wait in vain for %s: %s", champion.model, error)

    def switched(self, model: str, decision_id: str) -> None:
        """Say nothing any more of what is served now."""
        try:
            self._meeting.take_back(model, decision_id)
        except SQLAlchemyError as error:
            logger.warning("%s still counts as prepared, not served: %s", model, error)

    def stop(self) -> None:
        """Give no more turns."""
        self._stopped.set()
        self._thread.shutdown()

    def _announce(self, turn: _Turn) -> None:
        try:
            turn.moment = self._soon(self._meeting.agreed(turn.champion))
            if turn.moment is None:
                self._meeting.say(turn.champion, "prepared")
        except SQLAlchemyError as error:
            logger.warning("%s: nobody hears that it is ready: %s", turn.champion.model, error)

    def _conduct(self) -> None:
        while not self._stopped.is_set():
            with self._changing:
                waiting = list(self._turns.values())
            if not waiting:
                return
            left = [self._left(turn) for turn in waiting if not self._take(turn)]
            self._stopped.wait(min((LOOK_SECONDS, *left)))

    def _take(self, turn: _Turn) -> bool:
        """Switch where the moment has come; whether this turn is over."""
        if turn.moment is None:
            turn.moment = self._moment(turn)
        if self._left(turn) > 0:
            return False
        with self._changing:
            mine = self._turns.get(turn.champion.model) is turn
            if mine:
                del self._turns[turn.champion.model]
        if mine:
            turn.switch()
        return True

    def _left(self, turn: _Turn) -> float:
        """Return the seconds until the moment, or until the next look for one."""
        if turn.moment is None:
            return LOOK_SECONDS
        return turn.moment - self._meeting.clock()

    def _soon(self, moment: float | None) -> float | None:
        # Where another host's clock is ahead of ours, its moment is too: nobody waits for that.
        return None if moment is None else min(moment, self._meeting.clock() + LEAD_SECONDS)

    def _moment(self, turn: _Turn) -> float | None:
        try:
            return self._soon(self._meeting.moment(turn.champion))
        except SQLAlchemyError as error:
            logger.warning("%s: the others cannot be met: %s", turn.champion.model, error)
            alone = turn.since + self._meeting.patience_seconds
            return alone if self._meeting.clock() >= alone else None
