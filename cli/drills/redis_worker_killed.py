"""`kill -9` of one of two model workers behind Redis while it has requests in hand."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from cli.drills.books import Account, account, strangers
from cli.drills.drill import Check, Drill, Outcome, decisions_known, none_lost
from cli.drills.ground import MODEL, Ground, until
from cli.drills.load import Load
from cli.drills.workers_scene import workers_scene

HELD_SECONDS = 0.5
"""So long it answers nothing of what it has in hand, before it dies."""
STEADY_ANSWERS = 30
CLIENTS = 6
AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Seen:
    """What became of the requests that it had in hand."""

    interrupted: int
    """Requests that it had in hand when it died: they had waited for it already."""
    refused: str
    answered_after: int
    answered_twice: int
    strangers: int
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Kill one of two, and wait for what it had in hand to be answered by the other."""
    with workers_scene(ground, "redis-worker-killed") as scene:
        with Load(scene.server.address, clients=CLIENTS) as load:
            until(lambda: len(load.answers) >= STEADY_ANSWERS, 60, "model workers answer")
            victim = scene.workers[0]
            victim.send_signal(signal.SIGSTOP)
            time.sleep(HELD_SECONDS)
            victim.kill()
            died = time.monotonic()
            until(
                lambda: load.clients_answered(died) == CLIENTS,
                AGAIN_SECONDS,
                "every client is answered again",
            )
        logged = account(scene.settings, load.ids)
    waiting = died - HELD_SECONDS / 2
    in_hand = [each for each in load.answers if each.asked_at < waiting and died <= each.at]
    return Seen(
        interrupted=len(in_hand),
        refused=load.refused(),
        answered_after=load.answered_since(died),
        answered_twice=len(load.ids) - len(set(load.ids)),
        strangers=len(strangers(ground.log, MODEL, load.decisions())),
        logged=logged,
        recovery_seconds=max((each.at - died for each in in_hand), default=0.0),
    )


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"{seen.interrupted} requests were in its hands and answered by the other worker; "
            f"{seen.refused or 'none'} refused"
        ),
        checks=(
            Check("the fault was felt", seen.interrupted > 0),
            Check("what it had in hand is answered by another", not seen.refused, seen.refused),
            Check("no answer is given twice", seen.answered_twice == 0),
            Check("the other one answers on", seen.answered_after > 0),
            decisions_known(seen.strangers),
            none_lost(seen.logged.missing, seen.logged.answered, "answered prediction"),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="redis-worker-killed",
    fault="kill -9 of a model worker behind Redis that has requests in hand",
    promise="they are handed to another worker and answered once",
    cause=cause,
    judge=judge,
)
