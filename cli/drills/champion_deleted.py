"""Somebody deletes the champion's version at MLflow."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, log_whole, none_refused, of_clients
from cli.drills.ground import MODEL, Ground, until


@dataclass(frozen=True)
class Seen:
    """What the log says of it, and what clients noticed."""

    recorded: bool
    same_bytes: bool
    alias_follows: bool
    refused: str
    chain: tuple[str, ...]
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Delete it while clients ask, and wait for it to be back."""
    before = ground.champion()
    with ground.asking() as load:
        ground.registry.delete_version(MODEL, before.version)
        fault = time.monotonic()
        until(
            lambda: ground.champion().decision_id != before.decision_id,
            60,
            "the reconciler brings the champion back",
        )
        ground.wait_until_served()
        recovery = time.monotonic() - fault
    after = ground.champion()
    return Seen(
        recorded=ground.log.get(after.decision_id).kind == "restored",
        same_bytes=after.artifact_digest == before.artifact_digest,
        alias_follows=ground.alias() == after.version,
        refused=load.refused(),
        chain=tuple(ground.log.verify_chain()),
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=recovery,
    )


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened="it was registered again from its files, and recorded"
        if seen.recorded
        else "it was not restored",
        checks=(
            Check("the restoration is recorded", seen.recorded),
            Check("its bytes are the same", seen.same_bytes),
            Check("the alias follows", seen.alias_follows),
            none_refused(seen.refused),
            *of_clients(seen.logged),
            log_whole(seen.chain),
        ),
        lost=seen.logged.missing + (not seen.same_bytes),
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="champion-deleted",
    fault="the champion's version is deleted at MLflow",
    promise="it is served on, registered again with the same bytes, and recorded",
    cause=cause,
    judge=judge,
)
