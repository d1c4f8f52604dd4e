"""A model worker put together: it follows the decision log and answers what it has."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING

from pipelines.confirmations import confirmed
from pipelines.decisions.log import Champion, DecisionLog
from pipelines.rollouts.records import active_rollouts
from pipelines.settings import Settings
from pipelines.store import Store
from serving.live.batching import QueueLimits
from serving.live.loaded import LiveModel
from serving.model_worker.holdings import Holdings
from serving.model_worker.presence import Presence, State
from serving.model_worker.reading import Reader
from serving.model_worker.wanted import wanted
from serving.remote.wire import Target
from serving.slots.cache import PackageCache, Source
from serving.slots.loading import ChampionLoader

if TYPE_CHECKING:
    from redis import Redis

DRAIN_SECONDS = 5.0
"""How long a worker that is told to stop goes on answering what nobody else may be there for."""

logger = logging.getLogger(__name__)


class ModelWorker:
    """Follows and answers until told to stop."""

    def __init__(
        self,
        holdings: Callable[[Presence], Holdings],
        redis: Redis,
        worker_id: str,
        poll_seconds: float,
    ) -> None:
        self._poll_seconds = poll_seconds
        self.presence = Presence(redis, worker_id, self._state)
        self.holdings = holdings(self.presence)

    def run(self, stop: Event) -> None:
        """Work; then answer what waits, unless others do, and let everything go."""
        self.presence.start()
        while not stop.is_set():
            self._look_safely()
            stop.wait(self._poll_seconds)
        # First of all: from now on requests are for the others, where there are any.
        self.presence.leave()
        self.holdings.stop(DRAIN_SECONDS)
        self.presence.stop()

    def _look_safely(self) -> None:
        try:
            self.holdings.look()
        except Exception:  # a border: whatever happens, what is there is answered
            logger.exception("a look at the decision log failed; the versions stay as they are")

    def _state(self) -> State:
        return State(self.holdings.word, self.holdings.readers)


def compose(
    settings: Settings, store: Store, registry: Source, redis: Redis, models: Sequence[str]
) -> ModelWorker:
    """Return a worker with the real store, log, registry and Redis."""
    log = DecisionLog(store, settings.var / "predictions")
    load = ChampionLoader(
        PackageCache(settings.var / "cache", registry),
        log,
        text_limit=settings.serving.text_limit_characters,
        # Nobody waits here; but a version's own process is given as long for a call as by the API.
        limits=QueueLimits(deadline_seconds=settings.serving.deadline_seconds),
    )
    worker_id = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"

    def decided() -> Mapping[str, Champion]:
        running = active_rollouts(log)
        found: dict[str, Champion] = {}
        for model in models:
            found |= wanted(model, log, running, confirmed(store, model))
        return found

    def holdings(presence: Presence) -> Holdings:
        def open_reader(live: LiveModel) -> Reader:
            target = Target(live.served.name, live.served.digest)
            return Reader(redis, worker_id, target, live.loaded, presence.now_ms)

        return Holdings(worker_id, models, decided, load, open_reader, presence.say_now)

    return ModelWorker(holdings, redis, worker_id, settings.serving.poll_seconds)
