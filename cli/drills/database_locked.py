"""Another process holds the write lock of Contender's own database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, log_whole, none_refused, of_clients
from cli.drills.goods import KINDS
from cli.drills.ground import MODEL, Ground, until

LOCKED_SECONDS = 6.0
LOCKED_SECONDS_LONG = 45.0
"""Longer than anything waits for the lock, which is 30 s."""


@dataclass(frozen=True)
class Seen:
    """What clients noticed of the lock."""

    locked_seconds: float
    answered_meanwhile: int
    slowest_seconds: float
    refused: str
    feedback: int
    feedback_kept: bool
    logged: Account
    chain: tuple[str, ...]
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Hold the lock while clients ask and one gives feedback."""
    seconds = LOCKED_SECONDS_LONG if ground.long else LOCKED_SECONDS
    with ground.asking() as load, ThreadPoolExecutor(1) as pool:
        until(lambda: bool(load.answers), 30, "the API answers")
        told = load.ids[0]
        with locked(Path(ground.settings.var / "contender.db")):
            began = time.monotonic()
            waiting = pool.submit(_give_feedback, ground, told)
            time.sleep(seconds)
            ended = time.monotonic()
        status = waiting.result()
    # Only now: whoever had to wait for the lock was answered after it.
    during = [answer for answer in load.answers if began <= answer.asked_at < ended]
    logged = account(ground.settings, load.ids, load.named)
    return Seen(
        locked_seconds=seconds,
        answered_meanwhile=sum(answer.at < ended for answer in during),
        slowest_seconds=max((answer.at - answer.asked_at for answer in during), default=seconds),
        refused=load.refused(),
        feedback=status,
        feedback_kept=told in _with_feedback(ground),
        logged=logged,
        chain=tuple(ground.log.verify_chain()),
        recovery_seconds=time.monotonic() - ended,
    )


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock of an SQLite file."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def _give_feedback(ground: Ground, prediction_id: str) -> int:
    body = {"prediction_id": prediction_id, "actual": KINDS[0], "reviewer": "drill"}
    path = f"{ground.api}/v1/models/{MODEL}/feedback"
    return httpx.post(path, json=body, timeout=120, trust_env=False).status_code


def _with_feedback(ground: Ground) -> set[str]:
    from sqlalchemy import select

    from pipelines.store import feedback

    with ground.log.store.read() as connection:
        return set(connection.execute(select(feedback.c.prediction_id)).scalars())


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise: feedback is kept where it was accepted, or refused with 503."""
    accepted = seen.feedback == httpx.codes.CREATED
    refused = seen.feedback == httpx.codes.SERVICE_UNAVAILABLE
    lost_feedback = int(accepted and not seen.feedback_kept)
    return Outcome(
        happened=(
            f"locked for {seen.locked_seconds:.0f} s; {seen.answered_meanwhile} answered "
            f"meanwhile, the slowest in {seen.slowest_seconds:.2f} s; feedback got {seen.feedback}"
        ),
        checks=(
            Check("requests are answered meanwhile", seen.answered_meanwhile > 0),
            none_refused(seen.refused),
            Check(
                "none waits for the lock",
                seen.slowest_seconds < seen.locked_seconds / 2,
                f"one took {seen.slowest_seconds:.2f} s",
            ),
            Check(
                "feedback is kept, or refused with 503",
                (accepted and seen.feedback_kept) or refused,
                f"answered {seen.feedback}",
            ),
            log_whole(seen.chain),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing + lost_feedback,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="database-locked",
    fault="another process holds the write lock of the store",
    promise="predictions are answered as ever and logged afterwards; feedback waits, or gets 503",
    cause=cause,
    judge=judge,
)
