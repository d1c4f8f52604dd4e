"""`kill -9` of one of two model workers behind Redis while it has requests in hand."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.drills.books import Account, account, logged_ids
from cli.drills.drill import Check, Drill, Outcome, all_told, of_clients
from cli.drills.ground import MODEL, Ground, until
from cli.drills.load import Load
from cli.drills.workers_scene import workers_scene
from serving.remote.connection import open_redis
from serving.remote.wire import GROUP, REDELIVERED, Target

if TYPE_CHECKING:
    from redis import Redis

OWED_SECONDS = 0.1
"""By then a stopped worker has what Redis owes it, which believes it to be waiting."""
CAUGHT_SECONDS = 30.0
STEADY_ANSWERS = 30
CLIENTS = 6
AGAIN_SECONDS = 60.0


@dataclass(frozen=True)
class Seen:
    """What became of the requests that it had in hand."""

    interrupted: int
    """Requests that it had taken, and not answered, when it died."""
    handed_on: int
    """Requests that another worker took over."""
    refused: str
    answered_after: int
    unheard: int
    """Predictions that are logged though nobody was told of them, as of a second answer."""
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Kill one of two, and wait for what it had in hand to be answered by the other."""
    with workers_scene(ground, "redis-worker-killed") as scene:
        before = logged_ids(scene.settings)
        with Load(scene.server.address, clients=CLIENTS) as load:
            until(lambda: len(load.answers) >= STEADY_ANSWERS, 60, "model workers answer")
            queue = Target(MODEL, ground.champion().artifact_digest).queue
            victim = scene.workers[0]
            with closing(open_redis(scene.redis_url, "drill")) as redis:
                in_hand = _stop_with_requests_in_hand(victim, redis, queue)
                already = _handed_on(redis)
                victim.kill()
                died = time.monotonic()
                until(
                    lambda: load.clients_answered(died) == CLIENTS,
                    AGAIN_SECONDS,
                    "every client is answered again",
                )
                handed_on = _handed_on(redis) - already
        logged = account(scene.settings, load.ids, load.named)
    spanning = [each for each in load.answers if each.asked_at < died <= each.at]
    return Seen(
        interrupted=in_hand,
        handed_on=handed_on,
        refused=load.refused(),
        answered_after=load.answered_since(died),
        unheard=len(logged_ids(scene.settings) - before - set(load.ids)),
        logged=logged,
        recovery_seconds=max((each.at - died for each in spanning), default=0.0),
    )


def _stop_with_requests_in_hand(victim: subprocess.Popen[bytes], redis: Redis, queue: str) -> int:
    """Stop a worker when it has taken requests and not answered them; return how many."""
    held = 0

    def caught() -> bool:
        nonlocal held
        victim.send_signal(signal.SIGSTOP)
        time.sleep(OWED_SECONDS)
        held = _held(redis, queue, victim.pid)
        if not held:
            victim.send_signal(signal.SIGCONT)
        return held > 0

    until(caught, CAUGHT_SECONDS, "the worker has taken requests and not answered them")
    return held


def _held(redis: Redis, queue: str, pid: int) -> int:
    consumers = redis.xinfo_consumers(queue, GROUP)
    return sum(each["pending"] for each in consumers if f"-{pid}-" in each["name"].decode())


def _handed_on(redis: Redis) -> int:
    return int(redis.hget(REDELIVERED, MODEL) or 0)


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"{seen.interrupted} requests were in its hands and {seen.handed_on} taken over by "
            f"the other worker; {seen.refused or 'none'} refused"
        ),
        checks=(
            Check("the fault was felt", seen.interrupted > 0),
            Check(
                "what it had in hand is answered by another",
                seen.handed_on >= seen.interrupted and not seen.refused,
                seen.refused or f"{seen.handed_on} of {seen.interrupted} taken over",
            ),
            all_told(seen.unheard),
            Check("the other one answers on", seen.answered_after > 0),
            *of_clients(seen.logged),
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
