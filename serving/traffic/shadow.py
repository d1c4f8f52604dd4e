"""Shadow: the champion answers, and the challenger is asked the same off the path.

What the challenger does not get to is dropped, the oldest first, and counted. It runs in a thread
that rests several times as long as it works, so that it takes little of the interpreter's time. A
low priority would do harm: set aside while it holds the interpreter's lock, it would stop all.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from numbers import Real
from typing import NamedTuple

from pipelines.contract import Row
from pipelines.rollouts.disagreements import Disagreement
from pipelines.rollouts.losses import ITEM
from serving.live.answers import Answered
from serving.traffic.arms import Arms, Asked, Desk, Turn
from serving.traffic.interleaving import items_of

WAITING = 256
"""Requests that wait for the challenger at most."""
MIRRORED_INSTANCES = 16
"""Of each request at most: a long one must not hold the interpreter, nor the others up."""
RELATIVE = 0.01
"""Two numbers agree when they differ by at most so much of the larger one."""
REST = 9.0
"""How many times as long as it worked the challenger rests: it takes a tenth of a core at most."""
CLOSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Mirrored(NamedTuple):
    """One answered request, as the challenger is asked it."""

    instances: Sequence[Row]
    logged: Sequence[Row]
    """The instances as the log keeps them, which may be shorter."""
    rows: Sequence[Sequence[Row]]
    turn: Turn
    prediction_id: str
    """Of the champion's answer to the first instance."""


class ShadowTraffic:
    """The champion answers everything; a share of it is mirrored."""

    def __init__(self, arms: Arms, mirror: Mirror) -> None:
        self._arms = arms
        self._mirror = mirror

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer by the champion. Raises what it raises."""
        arms = self._arms
        turn = arms.turn(asked)
        champion = desk.acquire(asked.model, len(asked.instances))
        if not (turn.wanted and arms.beside(champion)):
            rows = await desk.rows(champion, asked.instances, asked.logged)
            return await desk.record(champion, asked, rows)
        rows = await arms.by_champion(desk, champion, asked, turn)
        answered = await desk.record(champion, asked, rows)
        if asked.instances:
            self._mirror.offer(_mirrored(asked, rows, turn, answered.prediction_ids[0]))
        return answered


def _mirrored(
    asked: Asked, rows: Sequence[Sequence[Row]], turn: Turn, prediction_id: str
) -> Mirrored:
    logged = asked.instances if asked.logged is None else asked.logged
    some = slice(MIRRORED_INSTANCES)
    return Mirrored(asked.instances[some], logged[some], rows[some], turn, prediction_id)


class Mirror:
    """Asks the challenger what the champion has answered, in a thread of its own."""

    def __init__(
        self,
        arms: Arms,
        disagreed: Callable[[Disagreement], None],
        *,
        waiting: int = WAITING,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        self._arms = arms
        self._disagreed = disagreed
        self._waiting: deque[Mirrored] = deque(maxlen=waiting)
        self._rest = rest
        contract = arms.challenger.loaded.package.contract
        self._target = contract.target
        # In this process, time on the clock is mostly waiting for the interpreter's lock.
        self._timer = time.thread_time if contract.form == "compiled" else time.perf_counter
        self._something = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, mirrored: Mirrored) -> None:
        """Let the challenger be asked when there is time; never waits."""
        if len(self._waiting) == self._waiting.maxlen:
            self._arms.watch.dropped(mirrored.turn.stage)
        self._waiting.append(mirrored)
        if not self._something.is_set():
            self._something.set()

    def close(self) -> None:
        """Ask nothing more, and wait a little for what is being asked."""
        self._stopped = True
        self._waiting.clear()
        self._something.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stopped:
            try:
                mirrored = self._waiting.popleft()
            except IndexError:
                self._something.wait()
                self._something.clear()
                continue
            before = time.thread_time()
            self._ask(mirrored)
            self._rest(REST * (time.thread_time() - before))

    def _ask(self, mirrored: Mirrored) -> None:
        challenger = self._arms.challenger
        if not challenger.acquire():
            return
        start = self._timer()
        try:
            rows = challenger.loaded.predict(mirrored.instances, mirrored.logged)
            seconds = self._timer() - start
            different = self._difference(mirrored, rows)
        except Exception as error:  # noqa: BLE001 - a border: no client may notice a shadow
            # A refusal, too: the champion has answered it.
            self._failed(mirrored, error, self._timer() - start)
        else:
            self._note(mirrored, different, seconds)
        finally:
            challenger.release()

    def _failed(self, mirrored: Mirrored, error: Exception, seconds: float) -> None:
        logger.info("%s: the shadow failed: %r", self._arms.rollout.rollout_id, error)
        self._arms.watch.failed("challenger", mirrored.turn.stage, seconds, mirrored.turn.unit)

    def _difference(self, mirrored: Mirrored, rows: Sequence[Sequence[Row]]) -> Disagreement | None:
        pairs = zip(mirrored.logged, mirrored.rows, rows, strict=True)
        for instance, ours, theirs in pairs:
            if not agree(ours, theirs, self._target):
                return Disagreement(mirrored.prediction_id, instance, ours, theirs)
        return None

    def _note(self, mirrored: Mirrored, different: Disagreement | None, seconds: float) -> None:
        watch, (stage, unit, *_) = self._arms.watch, mirrored.turn
        watch.answered("challenger", stage, seconds, unit)
        if different:
            self._disagreed(different)
        watch.compared(stage, different is None, unit)


def agree(champion: Sequence[Row], challenger: Sequence[Row], target: str) -> bool:
    """Return whether two answers to one instance say the same about `target`, row by row.

    Texts are equal and numbers within `RELATIVE` of one another, also inside of lists and objects.
    Answers that are lists of items and say nothing about the target agree on the first item.
    """
    if len(champion) != len(challenger):
        return False
    return all(_same(*pair, target) for pair in zip(champion, challenger, strict=True))


def _same(ours: Row, theirs: Row, target: str) -> bool:
    one, other = ours.get(target), theirs.get(target)
    if one is None and other is None:
        return _first(ours) == _first(theirs)
    return _alike(one, other)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, Real) and isinstance(other, Real):
        return math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=1e-9)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    if isinstance(one, Iterable) and isinstance(other, Iterable):
        pairs = list(zip_longest(one, other))
        return all(_alike(*pair) for pair in pairs)
    return one is other


def _first(row: Row) -> object:
    items = items_of(row)
    return items[0][ITEM] if items else None
