"""The bytes of a version were changed at MLflow after it was admitted, and it is to be served."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, of_clients
from cli.drills.ground import MODEL, Ground, until
from cli.drills.packages import cached, spoiled, stored

WATCHED_SECONDS = 2.5


@dataclass(frozen=True)
class Seen:
    """By what was answered while the bytes were other ones, and what the server said of it."""

    files_spoiled: int
    served_poisoned: int
    answered_meanwhile: int
    refused: str
    said_why: bool
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Go back to a version that has to be fetched again, and whose bytes are other ones."""
    ground.have_two_champions()
    now = ground.champion()
    assert now.rollback_to is not None
    before = next(
        entry
        for entry in ground.log.list(MODEL)
        if entry.generation is not None and entry.version == now.rollback_to
    )
    shutil.rmtree(cached(ground, str(before.artifact_digest)), ignore_errors=True)
    with ground.asking() as load:
        with spoiled(stored(ground, now.rollback_to)) as files:
            decision = str(ground.roll_back("a poisoned version")["decision_id"])
            until(lambda: _is_refused(ground), 60, "a worker says that it refuses the version")
            since = time.monotonic()
            time.sleep(WATCHED_SECONDS)
            poisoned = sum(answer.decision_id == decision for answer in load.answers)
            said_why = _is_refused(ground)
            meanwhile = load.answered_since(since)
        restored = time.monotonic()
        ground.wait_until_served()
        recovery = time.monotonic() - restored
    return Seen(
        files_spoiled=files,
        served_poisoned=poisoned,
        answered_meanwhile=meanwhile,
        refused=load.refused(),
        said_why=said_why,
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=recovery,
    )


def _is_refused(ground: Ground) -> bool:
    words = ground.call("GET", "/readyz")["preparations"][MODEL]
    return any(each["state"] == "failed" and "changed" in each["note"] for each in words)


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"{seen.files_spoiled} files changed; {seen.answered_meanwhile} answered by the "
            f"champion before, {seen.served_poisoned} by the poisoned one"
        ),
        checks=(
            Check(
                "changed bytes are never answered from",
                seen.served_poisoned == 0 and seen.files_spoiled > 0,
                f"{seen.served_poisoned} answers",
            ),
            Check(
                "the champion before goes on answering",
                seen.answered_meanwhile > 0 and not seen.refused,
                seen.refused,
            ),
            Check("the server says why", seen.said_why),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="artifact-poisoned",
    fault="the bytes of a decided version are changed at MLflow",
    promise="they are never answered from; the champion before answers until they are right again",
    cause=cause,
    judge=judge,
)
