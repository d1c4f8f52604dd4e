"""Parts of a rollout in one process: live models of two versions, a plan, and a counter."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from serving_stage import MODEL, write_package

from pipelines.rollouts.plan import Mode, Plan, Rollout, Step
from serving.live import callers
from serving.live.answers import Answered, ServedModel
from serving.live.loaded import LiveModel, load
from serving.slots.slots import Slots

CHAMPION, CHALLENGER = "1", "2"
ENDS_AT = 1e11


class Recorder:
    """Keeps what was logged in a list."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, str, list, list]] = []

    def append(self, provenance, instances, answers):
        self.logged.append(
            (provenance.version, provenance.decision_id, list(instances), list(answers))
        )
        return [f"p{number}" for number in range(len(instances))]

    def append_together(self, entries):
        return [self.append(*entry) for entry in entries]


class Counts:
    """Counts what traffic says, and lets a test wait for it."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self._changed = threading.Condition()

    def answered(self, arm, _stage, _seconds, _unit):
        self._count(f"{arm} answered")

    def failed(self, arm, _stage, _seconds, _unit):
        self._count(f"{arm} failed")

    def compared(self, _stage, agreed, _unit):
        self._count("agreed" if agreed else "disagreed")

    def dropped(self, _stage):
        self._count("dropped")

    def wait_for(self, what: str, times: int, seconds: float = 120.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.seen[what] >= times, seconds), self.seen

    def _count(self, what: str) -> None:
        with self._changed:
            self.seen[what] += 1
            self._changed.notify_all()


class Answers:
    """A runtime that does what a function says."""

    def __init__(self, answer: Callable[[Mapping[str, object]], dict[str, object]]) -> None:
        self._answer = answer
        self.closed = threading.Event()

    def predict(self, instances: Sequence[Mapping[str, object]]):
        assert not self.closed.is_set(), "it was released while a request used it"
        return [[self._answer(instance)] for instance in instances]

    def close(self) -> None:
        self.closed.set()


def fails(error: Exception) -> Answers:
    def answer(_instance):
        raise error

    return Answers(answer)


def ask(slots: Slots, text: str = "a", unit: str | None = None, **options: object) -> Answered:
    """Ask as a caller does who names himself, where he is a `unit`, by the header."""

    async def answer() -> Answered:
        if unit:
            headers = [(b"x-unit-id", unit.encode())]
            callers.remember({"type": "http", "headers": headers}, None)
        return await slots.answer(MODEL, [{"text": text}], **options)

    return asyncio.run(answer())


def champion(folder: Path, topic: str = "uno", generation: int = 1, **contract: object):
    """Return a champion that answers `topic`."""
    return _live(folder, CHAMPION, topic, f"d{generation}", generation, contract)


def challenger(folder: Path, topic: str = "dos", runtime=None, **contract: object) -> LiveModel:
    """Return a challenger of generation 1's champion; `runtime` answers in place of its own."""
    live = _live(folder, CHALLENGER, topic, "rollout-1", 1, contract)
    if runtime is None:
        return live
    return LiveModel(live.served, replace(live.loaded, runtime=runtime))


def _live(
    folder: Path,
    version: str,
    topic: str,
    decision_id: str,
    generation: int,
    contract: Mapping[str, object],
) -> LiveModel:
    package = write_package(folder / f"{version}-{generation}", topic, **contract)
    served = ServedModel(MODEL, version, decision_id, generation, package.digest)
    return LiveModel(served, load(package))


def rollout(mode: Mode, share: float, ramp: tuple[Step, ...] = (), **plan: object) -> Rollout:
    """Return a rollout that started at second 1,000 and outlasts every test."""
    metrics = {"ab": "zero_one", "interleaving": "choices"}
    planned = Plan(
        MODEL,
        CHALLENGER,
        mode,
        3_600.0,
        "ana",
        "to see",
        share=share,
        ramp=ramp,
        metric=metrics.get(mode),  # type: ignore[arg-type]
        target="topic",
        **plan,  # type: ignore[arg-type]
    )
    return Rollout("rollout-1", planned, CHAMPION, "0" * 64, 1, "1" * 64, "salt", 1_000.0, ENDS_AT)
