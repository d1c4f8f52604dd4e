"""Takes part in the rollouts that the decision log says are running, by looking again and again.

Each look begins what has been started, ends what has ended, reports what this process has seen
since, and lets the steward say whether a rollout is over. The log is the only truth: a killed
worker finds everything there again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from pipelines.rollouts.plan import Rollout
from pipelines.versions.artifact import ArtifactRefused
from serving.live.loaded import LiveModel
from serving.slots.slots import Slots
from serving.traffic.rollouts import TakenUp, take_up

LOAD_PATIENCE_SECONDS = 60.0
"""How long a challenger is tried to be loaded where waiting may help (the registry is away)."""
RETRY_SECONDS = 2.0
SHORTEST_LOOK_SECONDS = 0.05

logger = logging.getLogger(__name__)


class Affairs(Protocol):
    """What this process asks of the rollouts' records, and says to them."""

    def running(self) -> Mapping[str, Rollout]:
        """Return the running rollout of each model that has one."""
        ...

    def report(self, taken: TakenUp) -> None:
        """Keep what this process has seen of a rollout by now."""
        ...

    def tend(self) -> bool:
        """End what is over, by time or by what was seen; True if anything was ended."""
        ...

    def give_up(self, rollout: Rollout, why: str) -> None:
        """End a rollout whose challenger cannot be loaded."""
        ...


@dataclass
class _Part:
    """What this process does about one rollout: it loads the challenger, or has taken it up."""

    rollout: Rollout
    since: float
    work: Future[TakenUp] | None = None
    taken: TakenUp | None = None
    retry_at: float = float("-inf")
    given_up: bool = False


class Rollouts:
    """The rollouts of one process: a thread that looks, and one that loads."""

    def __init__(
        self,
        slots: Slots,
        load: Callable[[Rollout], LiveModel],
        affairs: Affairs,
        *,
        poll_seconds: float,
        rng: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = slots
        self._load = load
        self._affairs = affairs
        self._poll_seconds = poll_seconds
        self._rng = rng
        self._clock = clock
        self._parts: dict[str, _Part] = {}
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="challenger")
        self._hint = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollouts", daemon=True)

    def start(self, patience_seconds: float) -> None:
        """Take up what runs, wait for the loads while patience lasts, then go on looking.

        Nothing is tended before: a new process reads all of a rollout's feedback for that, and
        nobody's first answer has to wait so long.
        """
        self._safely(self._take_part)
        wait([part.work for part in self._parts.values() if part.work], timeout=patience_seconds)
        self._safely(self._take_part)
        self._thread.start()

    def look_now(self) -> None:
        """Let the next look come at once: a rollout was started or stopped."""
        self._hint.set()

    def stop(self) -> None:
        """Report for the last time, and let go of every challenger."""
        self._stop.set()
        self._hint.set()
        if self._thread.is_alive():
            self._thread.join()
        self._loader.shutdown()
        for part in self._parts.values():
            self._leave_safely(part)
        self._parts = {}

    def taking_part(self, model: str) -> str | None:
        """Return the id of the rollout that this process takes part in, if any."""
        part = self._parts.get(model)
        return part.rollout.rollout_id if part and part.taken else None

    def part(self, model: str, rollout_id: str) -> str | None:
        """Return what this process does about a rollout; None where it does nothing."""
        part = self._parts.get(model)
        if part is None or part.rollout.rollout_id != rollout_id:
            return None
        return "taking_part" if part.taken else "given_up" if part.given_up else "loading"

    def look(self) -> None:
        """Begin, end, report and tend, once."""
        if self._take_part() and self._affairs.tend():
            self._hint.set()

    def _take_part(self) -> bool:
        """Begin, end and report; return whether any rollout is running."""
        running = self._affairs.running()
        for model in self._slots.models:
            self._follow(model, running.get(model))
        for part in self._parts.values():
            if part.taken:
                self._affairs.report(part.taken)
        return bool(running)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._hint.wait(self._poll_seconds)
            self._hint.clear()
            if not self._stop.is_set():
                self._safely(self.look)
            # Whoever sends hints without end must not make us look without end.
            self._stop.wait(SHORTEST_LOOK_SECONDS)

    def _safely(self, look: Callable[[], object]) -> None:
        try:
            look()
        except Exception:  # a border: whatever happens, requests are answered as before
            logger.exception("a look at the rollouts failed; they go on as they are")

    def _follow(self, model: str, rollout: Rollout | None) -> None:
        part = self._parts.get(model)
        if part and (rollout is None or rollout.rollout_id != part.rollout.rollout_id):
            if part.work and not part.work.done():
                return  # what is being loaded cannot be let go of yet
            del self._parts[model]
            self._leave(part)
            part = None
        if rollout is None:
            return
        if part is None:
            part = self._parts[model] = _Part(rollout, self._clock())
        if not part.taken and not part.given_up:
            self._bring_in(part)

    def _bring_in(self, part: _Part) -> None:
        if part.work is None:
            if self._clock() >= part.retry_at:
                part.work = self._loader.submit(self._take_up, part.rollout)
            return
        if not part.work.done():
            return
        work, part.work = part.work, None
        try:
            part.taken = work.result()
        except Exception as error:  # noqa: BLE001 - a border: any failure leaves the champion alone
            self._failed(part, error)
        else:
            self._slots.divert(part.rollout.model, part.taken.traffic)

    def _take_up(self, rollout: Rollout) -> TakenUp:
        challenger = self._load(rollout)
        try:
            return take_up(rollout, challenger, self._rng)
        except BaseException:
            challenger.close_if_idle()
            raise

    def _failed(self, part: _Part, error: Exception) -> None:
        rollout, now = part.rollout, self._clock()
        why = f"version {rollout.challenger} cannot be loaded: {error}"
        logger.error("%s: %s", rollout.rollout_id, why, exc_info=error)
        part.retry_at = now + RETRY_SECONDS
        hopeless = isinstance(error, ArtifactRefused)
        if hopeless or now >= part.since + LOAD_PATIENCE_SECONDS:
            self._affairs.give_up(rollout, why)
            part.given_up = True
            self._hint.set()

    def _leave(self, part: _Part) -> None:
        taken = part.taken
        if taken is None and part.work and not part.work.exception():
            taken = part.work.result()  # loaded, and never taken up
        if taken is None:
            return
        self._slots.divert(part.rollout.model, None)
        taken.close()
        self._slots.retire(taken.challenger)
        self._affairs.report(taken)

    def _leave_safely(self, part: _Part) -> None:
        try:
            self._leave(part)
        except SQLAlchemyError as error:
            logger.warning("the last second of %s is not kept: %s", part.rollout.rollout_id, error)
