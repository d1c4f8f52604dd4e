"""A version that was replaced leaves nothing behind, and nobody has to look for garbage."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_stage import MODEL, write_package

from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel, load
from serving.slots.slots import Slots


class Recorder:
    """Logs nothing."""

    def append(self, _provenance, instances, _answers):
        return [str(number) for number in range(len(instances))]

    def append_together(self, entries):
        return [self.append(*entry) for entry in entries]


@pytest.fixture
def without_collections() -> Iterator[None]:
    """Nothing is collected: what a start has made never is, and the rest is seldom."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collections")
def test_a_version_that_was_replaced_is_gone_when_it_is_released(tmp_path: Path) -> None:
    package = write_package(tmp_path / "package", "uno")
    slots = Slots([MODEL], Recorder())
    slots.put(_live(package, 1))
    live, runtime = _weakly(slots.acquire(MODEL, 1))
    question = dict(package.contract.golden[0])
    asyncio.run(_asked(slots, [question], rounds=3))
    asyncio.run(_asked(slots, [question] * 40, rounds=1))
    slots.put(_live(package, 2))
    while slots.release_retired():
        time.sleep(0.01)
    _until_threads_have_ended()
    assert live() is None
    assert runtime() is None
    slots.close()


def _live(package, generation: int) -> LiveModel:
    served = ServedModel(MODEL, str(generation), f"d{generation}", generation, package.digest)
    return LiveModel(served, load(package))


def _weakly(live: LiveModel):
    live.release()
    return weakref.ref(live), weakref.ref(live.loaded.runtime)


def _until_threads_have_ended() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("predict-") and "version 1" in thread.name:
            thread.join(120)


async def _asked(slots: Slots, instances, rounds: int) -> None:
    await asyncio.gather(*(slots.answer(MODEL, instances) for _ in range(rounds)))
