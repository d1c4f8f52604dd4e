"""`kill -9` of the API under load: first of one of its workers, then of all of it at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

from cli import processes
from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, of_clients
from cli.drills.ground import MODEL, Ground, NeverHappened, until

LOADED_SECONDS = 1.0
STEADY_ANSWERS = 30


@dataclass(frozen=True)
class Seen:
    """What clients and the store know afterwards."""

    logged: Account
    refused: str
    answered_by_the_others: int
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Kill twice while clients ask, and add up."""
    with ground.asking() as load:
        time.sleep(LOADED_SECONDS)
        victim = _a_worker(ground)
        victim.kill()
        at = time.monotonic()
        time.sleep(LOADED_SECONDS)
        by_others = load.answered_since(at)
        fault = ground.kill("api")
        until(
            lambda: load.answered_since(fault) >= STEADY_ANSWERS,
            90,
            "the API answers again after kill -9",
        )
        recovery = load.recovery(fault)
    logged = account(ground.settings, load.ids, load.named)
    return Seen(
        logged=logged,
        refused=load.refused(),
        answered_by_the_others=by_others,
        recovery_seconds=recovery,
    )


def _a_worker(ground: Ground) -> psutil.Process:
    pids = {process.pid: process for process in processes.marked(ground.stack_id, "api")}
    for row in ground.call("GET", "/readyz")["workers"][MODEL]:
        pid = int(row["worker_id"].split("-")[-2])
        if pid in pids:
            return pids[pid]
    raise NeverHappened("no worker of the API could be found")


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=f"{seen.logged.answered} answered, {seen.refused or 'none'} refused",
        checks=(
            *of_clients(seen.logged),
            Check(
                "while one worker is replaced, the others answer",
                seen.answered_by_the_others > 0,
                f"{seen.answered_by_the_others} answers",
            ),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="api-killed",
    fault="kill -9 of a worker of the API under load, then of all of it",
    promise="every answer that left is in the prediction log; it comes back by itself",
    cause=cause,
    judge=judge,
)
