"""Events that get lost, and events that somebody forged."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import httpx

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, none_refused, of_clients
from cli.drills.ground import MODEL, Ground, until
from pipelines.decisions.log import NewDecision
from pipelines.orchestration import OrchestrationClient

CLAIMED = ("contender.promoted", "contender.drift")
"""One that nothing listens to, and one that may start a training and no more."""
PUT_BACK_SECONDS = 120.0
STARTED_SECONDS = 120.0
ENDED_SECONDS = 60.0


@dataclass(frozen=True)
class Seen:
    """What followed from a decision that nobody was told of, and from claims without one."""

    followed_untold: bool
    forged_version_served: bool
    alias_put_back: bool
    edit_recorded: bool
    runs_started: int
    champions_without_verdict: int
    refused: str
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Decide without telling anybody; then tell what nobody has decided."""
    ground.have_two_champions()
    forged = ground.challenger(alpha=2.5e-4)
    with ground.asking() as load:
        decided, recovery = _decide_silently(ground)
        followed = ground.served() == decided
        first = len(ground.log.list(MODEL))
        ground.registry.set_alias(MODEL, "champion", forged)
        put_back = ground.champion().version
        until(lambda: ground.alias() == put_back, PUT_BACK_SECONDS, "the forged alias is put back")
        for event in CLAIMED:
            _forge(ground, event, forged)
        runs = _stop_runs(ground)
        ground.wait_until_served()
    entries = ground.log.list(MODEL)
    news = entries[: len(entries) - first]
    return Seen(
        followed_untold=followed,
        forged_version_served=forged in {answer.version for answer in load.answers},
        alias_put_back=ground.alias() != forged,
        edit_recorded=any(entry.kind == "foreign_edit" for entry in news),
        runs_started=runs,
        champions_without_verdict=sum(
            entry.generation is not None and entry.kind != "verdict" for entry in news
        ),
        refused=load.refused(),
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=recovery,
    )


def _decide_silently(ground: Ground) -> tuple[str, float]:
    """Record a rollback as a process does that dies right after: no alias, no word to the API."""
    head = ground.champion()
    target = next(
        entry
        for entry in ground.log.list(MODEL)
        if entry.generation is not None and entry.version == head.rollback_to
    )
    decision = ground.log.append(
        NewDecision(
            kind="rollback",
            model=MODEL,
            version=target.version,
            artifact_digest=target.artifact_digest,
            record={
                "actor": "contender drill",
                "reason": "nobody is told of it",
                "from": head.version,
                "to": target.version,
            },
            expected_generation=head.generation,
            becomes_champion=True,
        )
    )
    began = time.monotonic()
    ground.wait_until_served()
    return decision.decision_id, time.monotonic() - began


def _forge(ground: Ground, event: str, version: str) -> None:
    """Send Prefect an event that claims that a version was promoted."""
    body = {
        "id": str(uuid.uuid4()),
        "event": event,
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {
            "prefect.resource.id": f"contender.model.{MODEL}",
            "prefect.resource.name": MODEL,
        },
        "payload": {"kind": "drift", "reason": f"version {version} is champion now"},
    }
    path = f"{ground.settings.prefect_url}/api/events"
    httpx.post(path, json=[body], timeout=30, trust_env=False).raise_for_status()


def _stop_runs(ground: Ground) -> int:
    """Wait for the run that the event may start, and stop it; return how many there were."""
    with OrchestrationClient(ground.settings.prefect_url) as client:
        until(lambda: client.running(MODEL) is not None, STARTED_SECONDS, "the event starts a run")
        stopped = 0
        while run := client.running(MODEL):
            state = {"type": "CANCELLED", "message": "a failure drill has seen enough"}
            path = f"{ground.settings.prefect_url}/api/flow_runs/{run.id}/set_state"
            httpx.post(path, json={"state": state, "force": True}, timeout=30, trust_env=False)
            ended = partial(_has_ended, client, run.id)
            until(ended, ENDED_SECONDS, "the run is stopped")
            stopped += 1
    return stopped


def _has_ended(client: OrchestrationClient, run_id: str) -> bool:
    return client.get(run_id).ended


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=(
            f"decision without a word: {_yes(seen.followed_untold)} served; forged alias: "
            f"{_yes(seen.alias_put_back)} put back; forged events: {seen.runs_started} training "
            f"begun, {seen.champions_without_verdict} champions made"
        ),
        checks=(
            Check("a decision is served though nobody was told of it", seen.followed_untold),
            Check("a version that was not decided is never served", not seen.forged_version_served),
            Check(
                "a forged alias is put back and recorded",
                seen.alias_put_back and seen.edit_recorded,
            ),
            Check(
                "an event makes no champion: only a verdict does",
                seen.champions_without_verdict == 0,
                f"{seen.champions_without_verdict} without",
            ),
            Check(
                "an event starts one training at most",
                seen.runs_started <= 1,
                f"{seen.runs_started} begun",
            ),
            *of_clients(seen.logged),
            none_refused(seen.refused),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


def _yes(told: bool) -> str:
    return "was" if told else "was not"


DRILL = Drill(
    name="events-forged",
    fault="an event is lost, others and an alias are forged",
    promise="decisions are found without events; an event starts a training at most",
    cause=cause,
    judge=judge,
)
