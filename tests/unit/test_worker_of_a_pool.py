"""A worker of a pool ends when it is told to, also when Prefect overhears it the first time."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from flows import worker


async def deaf(deafness: int, began: list[bool]) -> None:
    """Work that takes no notice of so many cancellations."""
    began.append(True)
    for _ in range(deafness):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(60)


@pytest.mark.parametrize("deafness", [0, 1, 3])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_however_often_it_has_to_be_told(monkeypatch, deafness, number):
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.01)
    began: list[bool] = []

    async def told() -> None:
        asyncio.get_running_loop().call_later(0.02, os.kill, os.getpid(), number)
        await asyncio.wait_for(worker.until_told(deaf(deafness, began)), 60)

    asyncio.run(told())
    assert began == [True]


def test_what_the_work_raises_is_raised():
    async def refused() -> None:
        raise ConnectionError("no server")

    with pytest.raises(ConnectionError, match="no server"):
        asyncio.run(worker.until_told(refused()))
