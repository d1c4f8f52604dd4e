"""However often a decision is looked into at once, it is the work of one; and not all may wait."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from serving import inspections
from serving.inspections import Document, Inspections, TooManyInspections


class Held(Inspections):
    """Looks into decisions as soon as it is let, and counts how often."""

    def __init__(self) -> None:
        super().__init__("sqlite://", Path())
        self.let = threading.Event()
        self.runs: list[str] = []

    def _run(self, task: str, decision_id: str) -> Document:
        self.runs.append(f"{task} {decision_id}")
        assert self.let.wait(30)
        return {"differences": []}


def test_asked_by_many_at_once_a_replay_runs_once():
    held = Held()

    async def asked() -> list[Document]:
        some = [asyncio.create_task(held.replay("d1")) for _ in range(20)]
        await asyncio.sleep(0)
        held.let.set()
        return await asyncio.gather(*some)

    answers = asyncio.run(asked())
    assert held.runs == ["replay d1"]
    assert [answer["differences"] for answer in answers] == [[]] * 20


def test_one_who_goes_away_takes_nothing_from_the_others():
    held = Held()

    async def asked() -> Document:
        first, second = (asyncio.create_task(held.errors("d1")) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        held.let.set()
        return await second

    assert asyncio.run(asked()) == {"differences": []}
    assert held.runs == ["errors d1"]


def test_when_enough_wait_the_next_is_refused_and_later_taken():
    held = Held()

    async def asked() -> Document:
        some = [asyncio.create_task(held.replay(f"d{n}")) for n in range(inspections.WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyInspections):
            await held.replay("one more")
        held.let.set()
        await asyncio.gather(*some)
        return await held.replay("one more")

    assert asyncio.run(asked())["differences"] == []
