"""Requests that a version answers one by one are answered side by side, as far as threads go."""

from __future__ import annotations

import asyncio
import threading

from serving.live.batching import Batcher
from serving.live.costs import Cost


def test_of_two_that_come_at_once_to_an_idle_thread_the_second_gets_another_thread():
    both = threading.Barrier(2, timeout=30)

    def predict(rows):
        if rows[0]["waits"]:
            both.wait()
        return [[row] for row in rows]

    async def ask() -> list[list[list[dict[str, bool]]]]:
        queue = Batcher(predict, Cost(10.0, 160.0), name="test", threads=2)
        await queue.answer([{"waits": False}])
        answers = await asyncio.gather(*(queue.answer([{"waits": True}]) for _ in range(2)))
        queue.close(30)
        return answers

    assert asyncio.run(ask()) == [[[{"waits": True}]]] * 2
