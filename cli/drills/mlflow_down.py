"""MLflow hangs, and then dies: neither answered nor refused for a while, then gone."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, of_clients
from cli.drills.ground import Ground, until

SILENT_SECONDS = 2.0
SILENT_SECONDS_LONG = 600.0


@dataclass(frozen=True)
class Seen:
    """What became of answers, of a decision, and of a start while MLflow was silent."""

    silent_seconds: float
    answered_meanwhile: int
    refused_before_restart: str
    decided_and_served: bool
    restarted_and_served: bool
    alias_followed: bool
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Let it hang; decide, and start the API again, meanwhile; then kill it."""
    ground.have_two_champions()
    with ground.asking() as load:
        with ground.hanging("mlflow"):
            began = time.monotonic()
            time.sleep(SILENT_SECONDS_LONG if ground.long else SILENT_SECONDS)
            decision = str(ground.roll_back("MLflow is silent")["decision_id"])
            until(lambda: ground.served() == decision, 60, "the decision is served")
            refused = load.refused()
            restarted = ground.kill("api")
            until(lambda: load.answered_since(restarted) > 0, 120, "the API starts without MLflow")
            answers = [answer for answer in load.answers if answer.asked_at > restarted]
            silent = time.monotonic() - began
            meanwhile = load.answered_since(began)
            died = ground.kill("mlflow")
        ground.wait_until_served(180)
        recovery = time.monotonic() - died
    ground.wait_until_healthy()
    return Seen(
        silent_seconds=silent,
        answered_meanwhile=meanwhile,
        refused_before_restart=refused,
        decided_and_served=decision in load.decisions(began),
        restarted_and_served=any(answer.decision_id == decision for answer in answers),
        alias_followed=ground.alias() == ground.champion().version,
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=recovery,
    )


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"silent for {seen.silent_seconds:.0f} s, then killed; {seen.answered_meanwhile} "
            "answered meanwhile; a rollback and a start of the API in between"
        ),
        checks=(
            Check("the API answers meanwhile", seen.answered_meanwhile > 0),
            Check(
                "none is refused for it",
                not seen.refused_before_restart,
                seen.refused_before_restart,
            ),
            Check("a rollback stands and is served without it", seen.decided_and_served),
            Check("the API starts without it", seen.restarted_and_served),
            Check("the alias follows when it is back", seen.alias_followed),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="mlflow-down",
    fault="MLflow hangs, then is killed",
    promise="the API answers, follows decisions and starts without it; the alias follows later",
    cause=cause,
    judge=judge,
)
