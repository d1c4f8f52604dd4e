"""The versions that a worker has: loaded when they are decided, let go when nobody asks them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.decisions.log import Champion
from serving.live.loaded import LiveModel
from serving.model_worker.reading import Reader
from serving.remote.roll import Held, WorkerWord

GRACE_SECONDS = 10.0
"""How long a version that is not wanted any more is kept: somebody may be asking it."""
LONGEST_RETRY_SECONDS = 60.0
FINISH_SECONDS = 10.0

logger = logging.getLogger(__name__)


@dataclass
class _Version:
    """One version that is loaded, and the thread that answers for it."""

    live: LiveModel
    reader: Reader
    unwanted_since: float | None = None
    leaving: bool = False
    """Whether its thread was told to stop; it cannot be asked again, only loaded anew."""


@dataclass
class _Failure:
    """One that could not be loaded."""

    why: str
    count: int
    retry_at: float


@dataclass
class Holdings:
    """Everything that one worker has. `look` is called by one thread."""

    worker_id: str
    models: Sequence[str]
    wanted: Callable[[], Mapping[str, Champion]]
    """Which versions to have, by digest."""
    load: Callable[[Champion], LiveModel]
    open_reader: Callable[[LiveModel], Reader]
    changed: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.monotonic
    _versions: dict[str, _Version] = field(default_factory=dict)
    _failures: dict[str, _Failure] = field(default_factory=dict)

    @property
    def readers(self) -> list[Reader]:
        """The threads that answer."""
        return [version.reader for version in list(self._versions.values())]

    @property
    def word(self) -> WorkerWord:
        """What this worker says of itself."""
        versions = list(self._versions.values())
        held = [_held(version.live) for version in versions if not version.leaving]
        failed = {digest: failure.why for digest, failure in list(self._failures.items())}
        return WorkerWord(self.worker_id, tuple(self.models), tuple(held), failed)

    def look(self) -> None:
        """Load what is wanted and missing, and let go of what has been unwanted for a while."""
        wanted = self.wanted()
        self._failures = {each: why for each, why in self._failures.items() if each in wanted}
        for digest in [each for each, version in self._versions.items() if version.leaving]:
            self._release(digest)
        for digest, champion in wanted.items():
            if digest in self._versions:
                self._versions[digest].unwanted_since = None
            elif self.clock() >= self._retry_at(digest):
                self._take_up(digest, champion)
        for digest in self._versions.keys() - wanted.keys():
            self._let_go(digest)

    def stop(self, drain_seconds: float) -> None:
        """Answer what waits, for so long at most, and release everything."""
        for reader in self.readers:
            reader.stop(drain_seconds)
        for version in self._versions.values():
            if not version.reader.join(drain_seconds + FINISH_SECONDS):
                logger.error("%s is still being answered; left to others", version.live.served.name)
            version.live.close_if_idle()
        self._versions = {}

    def _retry_at(self, digest: str) -> float:
        failure = self._failures.get(digest)
        return failure.retry_at if failure else float("-inf")

    def _take_up(self, digest: str, champion: Champion) -> None:
        name = f"{champion.model} version {champion.version}"
        try:
            live = self.load(champion)
        except Exception as error:  # noqa: BLE001 - a border: the other versions are answered on
            before = self._failures.get(digest)
            count = before.count + 1 if before else 1
            pause = min(LONGEST_RETRY_SECONDS, 2.0 ** (count - 1))
            self._failures[digest] = _Failure(str(error), count, self.clock() + pause)
            logger.error("%s cannot be loaded: %s; next try in %.0f s", name, error, pause)
        else:
            self._failures.pop(digest, None)
            reader = self.open_reader(live)
            self._versions[digest] = _Version(live, reader)
            reader.start()
            logger.info("%s is answered here", name)
        self.changed()

    def _let_go(self, digest: str) -> None:
        version = self._versions[digest]
        if version.leaving:
            return
        if version.unwanted_since is None:
            version.unwanted_since = self.clock()
        if self.clock() < version.unwanted_since + GRACE_SECONDS:
            return
        version.leaving = True
        version.reader.stop()
        self.changed()
        self._release(digest)

    def _release(self, digest: str) -> None:
        """Forget a version that is leaving, unless a call is still under way."""
        version = self._versions[digest]
        if version.reader.join(0.0):
            del self._versions[digest]
            version.live.close_if_idle()
            served = version.live.served
            logger.info("%s version %s is let go", served.name, served.version)


def _held(live: LiveModel) -> Held:
    served, loaded = live.served, live.loaded
    return Held(served.name, served.version, served.digest, loaded.instance_ms, loaded.batch_ms)
