"""Who answers while a rollout runs: the champion, its challenger, or both.

`Slots` hands a model's requests to its `Traffic` for as long as a rollout of that model runs in
this process. Traffic asks the slots to have a live model answer, and to log what was answered.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple, Protocol

from pipelines.contract import RequestRefused, Row
from pipelines.rollouts.plan import Arm, Rollout, unit_of
from serving.live import callers
from serving.live.answers import Answered, ServedModel
from serving.live.loaded import LiveModel
from serving.live.validation import InvalidInstances

logger = logging.getLogger(__name__)

REFUSALS = (InvalidInstances, RequestRefused)
"""What is wrong with the request and not with who is asked."""
CALLERS = (callers.CallerGone, callers.InvalidDeadline)
"""What nobody can answer: there is no point in asking the other one."""
UNIT_HEADER = "X-Unit-Id"
UNIT_CHARACTERS = 64
NAMED_LIMIT = 50_000
"""Requests whose callers named a unit, remembered until the next report at most."""
_UNIT_BYTES = UNIT_HEADER.lower().encode()


class Asked(NamedTuple):
    """One request for answers, as the slots were asked."""

    model: str
    instances: Sequence[Row]
    request_id: str | None = None
    logged: Sequence[Row] | None = None
    """The instances as the prediction log keeps them, where that differs."""


class Desk(Protocol):
    """What traffic asks of the slots."""

    def acquire(self, model: str, count: int) -> LiveModel:
        """Return the champion, counted as used until `rows`; `count` instances are asked.

        Raises `UnknownModel`, `NoChampion` or `TooManyInstances`.
        """
        ...

    async def rows(
        self, live: LiveModel, instances: Sequence[Row], logged: Sequence[Row] | None = None
    ) -> list[list[Row]]:
        """Have an acquired model check and answer, and let go of it whatever happens.

        Where `logged` leaves out what the server has put in itself, that is not looked through.
        """
        ...

    async def record(
        self,
        live: LiveModel,
        asked: Asked,
        rows: Sequence[Sequence[Row]],
        *,
        served: ServedModel | None = None,
        kept: Sequence[Sequence[Row]] | None = None,
    ) -> Answered:
        """Log what `live` answered before it leaves.

        `served` is the name to log it under, by default the model's own; `kept` is what the log
        keeps in place of the rows that the client sees.
        """
        ...


class Traffic(Protocol):
    """Answers a model's requests while its rollout runs."""

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer one request. Raises what the champion's own answer would raise."""
        ...


class Watch(Protocol):
    """Counts what the two sides do; `pipelines.rollouts.tally.Tally` is one, for any thread."""

    def answered(self, arm: Arm, stage: int, seconds: float, unit: str) -> None:
        """Count an answer of one side and how long it took."""
        ...

    def failed(self, arm: Arm, stage: int, seconds: float, unit: str) -> None:
        """Count a request that one side should have answered and could not."""
        ...

    def compared(self, stage: int, agreed: bool, unit: str) -> None:
        """Count two answers to the same request."""
        ...

    def dropped(self, stage: int) -> None:
        """Count a mirrored request that the challenger had no time for."""
        ...


class Turn(NamedTuple):
    """When a request came, by the ramp, and on whose behalf."""

    stage: int
    unit: str
    named: bool
    """Whether the caller said so; otherwise the unit is found again from what is logged."""
    wanted: bool
    """Whether the challenger takes the request."""


class Arms:
    """The two sides of a rollout in this process: who is asked, and what is counted."""

    def __init__(
        self,
        rollout: Rollout,
        challenger: LiveModel,
        watch: Watch,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rollout = rollout
        self.challenger = challenger
        self.watch = watch
        self.named: deque[tuple[str, str]] = deque(maxlen=NAMED_LIMIT)
        """Requests (prediction ids without the instance's number) and the units they named."""
        self._clock = clock

    def turn(self, asked: Asked) -> Turn:
        """Return what is decided about a request by who asks it, and when."""
        stage, named = self.rollout.stage(self._clock()), _named()
        unit = named or _found(asked, self.rollout.plan.entity)
        return Turn(stage, unit, named is not None, self.rollout.takes(unit, stage))

    def beside(self, champion: LiveModel) -> bool:
        """Return whether this is the champion that the challenger is to be compared with, in time.

        A rollout is over by the clock even where the store is away and nobody can record its end.
        """
        is_over = self.rollout.over(self._clock())
        return champion.served.generation == self.rollout.generation and not is_over

    def join(self, champion: LiveModel) -> bool:
        """Count a request of the challenger, as `acquire` does; False where it takes no part."""
        return self.beside(champion) and self.challenger.acquire()

    def drawn(self, served: ServedModel) -> ServedModel:
        """Return the name under which an answer is logged that was drawn for its side."""
        return replace(served, decision_id=self.rollout.rollout_id)

    def remember(self, turn: Turn, answered: Answered) -> Answered:
        """Take note of a unit that nothing in the log would tell, and return the answer."""
        if turn.named and answered.prediction_ids:
            self.named.append((answered.prediction_ids[0].rpartition("-")[0], turn.unit))
        return answered

    async def by_champion(
        self, desk: Desk, champion: LiveModel, asked: Asked, turn: Turn
    ) -> list[list[Row]]:
        """Have the champion answer; its failures count, its refusals do not."""
        start = time.perf_counter()
        try:
            rows = await desk.rows(champion, asked.instances, asked.logged)
        except (*REFUSALS, *CALLERS):
            raise
        except Exception:
            self.watch.failed("champion", turn.stage, time.perf_counter() - start, turn.unit)
            raise
        self.watch.answered("champion", turn.stage, time.perf_counter() - start, turn.unit)
        return rows

    async def by_challenger(self, desk: Desk, asked: Asked) -> tuple[list[list[Row]] | None, float]:
        """Have the acquired challenger answer; None where it cannot, and the seconds it took.

        Counted by the caller: what the champion refuses too is no failure.
        """
        start = time.perf_counter()
        try:
            rows = await desk.rows(self.challenger, asked.instances, asked.logged)
            return rows, time.perf_counter() - start
        except CALLERS:
            raise
        except Exception as error:  # noqa: BLE001 - a border: the champion answers in its place
            logger.info("%s: the challenger failed: %r", self.rollout.rollout_id, error)
            return None, time.perf_counter() - start


def _named() -> str | None:
    named = callers.header(_UNIT_BYTES)
    if named is None or len(named) <= UNIT_CHARACTERS:
        return named
    return blake2b(named.encode(), digest_size=16).hexdigest()


def _found(asked: Asked, entity: str | None) -> str:
    instances = asked.instances if asked.logged is None else asked.logged
    # What is no row is refused by whoever is asked.
    return unit_of(entity, instances) if instances and isinstance(instances[0], dict) else ""
