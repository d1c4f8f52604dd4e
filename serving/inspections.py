"""Computing again what a decision rests on, in a process of its own: the server loads no pandas.

One at a time and in the background of the machine, so that nobody's answer waits for it. Asked
again while it is under way, it is the same work; of different work only so much may wait.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import OrderedDict
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Literal

import orjson
from anyio import CapacityLimiter, to_thread

MODULE = "pipelines.records.inspection"
PATIENCE_SECONDS = 120.0
KEPT = 64
WAITING = 8
"""So many may be under way: the last of them waits for some seconds, not for minutes."""
Task = Literal["replay", "errors"]
Document = dict[str, object]


class InspectionFailed(RuntimeError):
    """The process said nothing that can be shown; the message holds its last words."""


class TooManyInspections(RuntimeError):
    """Enough of them wait already."""


class Inspections:
    """Asks a process about recorded decisions, and remembers plots: records never change."""

    def __init__(self, store_url: str, predictions: Path) -> None:
        self._store_url = store_url
        self._predictions = predictions
        self._one = CapacityLimiter(1)
        self._under_way: dict[tuple[Task, str], asyncio.Task[Document]] = {}
        self._plots: OrderedDict[str, Document] = OrderedDict()

    async def replay(self, decision_id: str) -> Document:
        """Return the `differences` of a decision, and the `seconds` it took.

        Raises `InspectionFailed` or `TooManyInspections`, as `errors` does.
        """
        start = time.perf_counter()
        found = await self._ask("replay", decision_id)
        return {**found, "seconds": time.perf_counter() - start}

    async def errors(self, decision_id: str) -> Document:
        """Return what the challenger of a decision got wrong on the test set, as plots."""
        known = self._plots.get(decision_id)
        if known is None:
            known = await self._ask("errors", decision_id)
            self._plots[decision_id] = known
            while len(self._plots) > KEPT:
                self._plots.popitem(last=False)
        return known

    async def _ask(self, task: Task, decision_id: str) -> Document:
        asked = (task, decision_id)
        if asked not in self._under_way:
            if len(self._under_way) >= WAITING:
                raise TooManyInspections(f"{WAITING} decisions are being looked into already")
            work = asyncio.create_task(self._done(task, decision_id), context=Context())
            self._under_way[asked] = work
            work.add_done_callback(lambda _: self._under_way.pop(asked))
        # Others wait for it, too: it goes on when one of them has gone.
        return await asyncio.shield(self._under_way[asked])

    async def _done(self, task: Task, decision_id: str) -> Document:
        work = partial(self._run, task, decision_id)
        return await to_thread.run_sync(work, limiter=self._one)

    def _run(self, task: Task, decision_id: str) -> Document:
        # By its standard input: an address may hold a password, and arguments are for all to see.
        asked = {
            "task": task,
            "decision_id": decision_id,
            "store_url": self._store_url,
            "predictions": str(self._predictions),
        }
        try:
            done = subprocess.run(
                [sys.executable, "-m", MODULE],
                input=orjson.dumps(asked),
                capture_output=True,
                timeout=PATIENCE_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            message = f"{decision_id}: not done within {PATIENCE_SECONDS:.0f} s"
            raise InspectionFailed(f"{message}; `contender replay` has no such limit") from None
        except subprocess.CalledProcessError as error:
            last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise InspectionFailed(f"{decision_id}: {last}") from None
        found: Document = orjson.loads(done.stdout)
        return found
