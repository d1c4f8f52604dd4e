"""The network between the API and Redis is cut, and mended."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cli.drills.books import Account, account, logged_ids
from cli.drills.drill import Check, Drill, Outcome, all_told, of_clients, refused_clearly
from cli.drills.ground import Ground, until
from cli.drills.load import Answer, Load, Refusal
from cli.drills.workers_scene import workers_scene

CUT_SECONDS = 6.0
CUT_SECONDS_LONG = 120.0
STEADY_ANSWERS = 30
PATIENCE_SECONDS = 6.0
"""By then whoever was asking when the cable went has been told; who asks later is told at once."""


@dataclass(frozen=True)
class Seen:
    """What clients were told while Redis could not be reached, and afterwards."""

    cut_seconds: float
    refused: tuple[Refusal, ...]
    slowest_seconds: float
    """Of those that asked during the cut or had asked before, whatever they were told at last."""
    answered_after: int
    unheard: int
    """Predictions that are logged though nobody was told of them, as of a second answer."""
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Pull the cable while clients ask, and put it in again."""
    seconds = CUT_SECONDS_LONG if ground.long else CUT_SECONDS
    with workers_scene(ground, "redis-cut") as scene:
        before = logged_ids(scene.settings)
        with Load(scene.server.address) as load:
            until(lambda: len(load.answers) >= STEADY_ANSWERS, 60, "model workers answer")
            began = time.monotonic()
            scene.cable.cut()
            time.sleep(seconds)
            mended = time.monotonic()
            scene.cable.mend()
            until(
                lambda: load.answered_since(mended) >= STEADY_ANSWERS,
                60,
                "model workers answer again",
            )
        logged = account(scene.settings, load.ids, load.named)
    told: list[Answer | Refusal] = [*load.refusals, *load.answers]
    during = [each for each in told if each.asked_at < mended and each.at >= began]
    return Seen(
        cut_seconds=seconds,
        refused=tuple(each for each in load.refusals if each.at >= began),
        slowest_seconds=max((each.at - each.asked_at for each in during), default=0.0),
        answered_after=load.answered_since(mended),
        unheard=len(logged_ids(scene.settings) - before - set(load.ids)),
        logged=logged,
        recovery_seconds=load.recovery(mended),
    )


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"cut for {seen.cut_seconds:.0f} s: {len(seen.refused)} refused with 503, the "
            f"slowest after {seen.slowest_seconds:.1f} s"
        ),
        checks=(
            *refused_clearly(seen.refused),
            Check(
                "nobody hangs",
                seen.slowest_seconds < PATIENCE_SECONDS,
                f"one waited {seen.slowest_seconds:.1f} s",
            ),
            Check("it answers again by itself", seen.answered_after > 0),
            all_told(seen.unheard),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="redis-cut",
    fault="the network between the API and Redis is cut: packets get lost, nobody is told",
    promise="503 with Retry-After within seconds, no hanging; it answers again by itself",
    cause=cause,
    judge=judge,
)
