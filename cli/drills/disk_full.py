"""The disk below the server's home is full."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, of_clients, refused_clearly
from cli.drills.ground import Ground, until
from cli.drills.load import Load, Refusal
from cli.drills.server import Server
from cli.drills.small_disk import small_disk

ROOM_MEGABYTES = 24
"""Beside what is copied to it."""
FULL_SECONDS = 3.0
STEADY_ANSWERS = 30


@dataclass(frozen=True)
class Seen:
    """What clients were told while nothing could be written, and afterwards."""

    kind: str
    refused: tuple[Refusal, ...]
    watched: bool
    """Whether the server said that it lives, and what it counts, while the disk was full."""
    answered_after: int
    ended: int | None
    """What the server ended with, if it did: a signal where it is negative."""
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Fill the disk below a server of its own, and make room again."""
    folder = ground.room("small")
    used = sum(file.stat().st_size for file in ground.settings.var.rglob("*") if file.is_file())
    with small_disk(folder, used // 1_000_000 + ROOM_MEGABYTES) as disk:
        settings = ground.copied(folder)
        log = ground.settings.var / "logs" / "disk-full.log"
        with Server(settings, ground.stack_id, log) as server:
            pid = server.process.pid
            with Load(server.address) as load:
                until(lambda: len(load.answers) >= STEADY_ANSWERS, 30, "the server answers")
                filled = time.monotonic()
                disk.fill(pid)
                time.sleep(FULL_SECONDS)
                watched = _can_be_watched(server)
                freed = time.monotonic()
                disk.free(pid)
                until(
                    lambda: not server.lives or load.answered_since(freed) >= STEADY_ANSWERS,
                    60,
                    "the server answers once there is room",
                )
                recovery = load.recovery(freed)
            logged = account(settings, load.ids, load.named)
            ended = server.process.poll()
    return Seen(
        kind=disk.kind,
        refused=tuple(each for each in load.refusals if each.asked_at >= filled),
        watched=watched,
        answered_after=load.answered_since(freed),
        ended=ended,
        logged=logged,
        recovery_seconds=recovery,
    )


def _can_be_watched(server: Server) -> bool:
    try:
        found = [
            httpx.get(f"{server.address}{path}", trust_env=False, timeout=30)
            for path in ("/livez", "/metrics")
        ]
    except httpx.TransportError:
        return False
    return all(response.is_success for response in found)


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"{seen.kind}: {len(seen.refused)} refused with 503, "
            f"{seen.logged.answered} answered before and after"
        ),
        checks=(
            *refused_clearly(seen.refused),
            Check(
                "the server lives on",
                seen.ended is None,
                "" if seen.ended is None else f"ended with {seen.ended}",
            ),
            Check("it can be watched meanwhile", seen.watched),
            Check("it answers once there is room", seen.answered_after > 0),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="disk-full",
    fault="the disk below the server is full",
    promise="no answer leaves unlogged: 503 with Retry-After until there is room, then as before",
    cause=cause,
    judge=judge,
)
