"""`kill -9` of a training at each of its steps, and of a judgement at each of its own."""

from __future__ import annotations

from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, log_whole, of_clients
from cli.drills.ground import MODEL, Ground
from cli.drills.moments import DECIDED, JUDGING, TRAINING

LEAVING = 3
"""The last moments of a training leave a version behind, the last but two before anybody knows."""


@dataclass(frozen=True)
class Seen:
    """What stood in log and registry after each kill."""

    kills: int
    moved_undecided: tuple[str, ...]
    """Moments after which another version was champion although no verdict had been recorded."""
    not_carried_out: tuple[str, ...]
    """Moments after which a recorded verdict had not made its version champion."""
    versions_left: int
    versions_judged: int
    decisions_lost: int
    chain: tuple[str, ...]
    last_verdict: str
    scratch_left: tuple[str, ...]
    """Scratch folders that stay on the disk after the last run, which was not killed."""
    logged: Account
    refused: str
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Kill a run at every moment; each run has to get past where the one before ended."""
    before = {entry.decision_id for entry in ground.log.list()}
    moved: list[str] = []
    failed: list[str] = []
    slowest = 0.0
    with ground.asking() as load:
        left = _kill_trainings(ground, moved)
        unjudged = list(left)
        for moment in JUDGING:
            version = unjudged[-1]
            champion = ground.champion()
            ground.trainer.kill_at(moment, "promote", MODEL, version=version)
            if moment not in DECIDED:
                _note_moved(ground, champion.decision_id, moment.name, moved)
                continue
            unjudged.pop()
            slowest = max(slowest, ground.wait_until_served())
            if ground.champion().version != version:
                failed.append(moment.name)
        last = ground.train(alpha=3e-4)
        ground.wait_until_served()
    entries = ground.log.list()
    judged = {entry.version for entry in entries if entry.kind == "verdict"}
    return Seen(
        kills=len(TRAINING) + len(JUDGING),
        moved_undecided=tuple(moved),
        not_carried_out=tuple(failed),
        versions_left=len(left),
        versions_judged=len(judged & set(left)),
        decisions_lost=len(before - {entry.decision_id for entry in entries}),
        chain=tuple(ground.log.verify_chain()),
        last_verdict=str(last["verdict"]),
        scratch_left=tuple(each.name for each in ground.scratch.iterdir() if each.is_dir()),
        logged=account(ground.settings, load.ids, load.named),
        refused=load.refused(),
        recovery_seconds=slowest,
    )


def _kill_trainings(ground: Ground, moved: list[str]) -> list[str]:
    """Kill trainings; return the versions that they left, in the order of their numbers."""
    known = {info.version for info in ground.registry.versions(MODEL)}
    for number, moment in enumerate(TRAINING, start=1):
        champion = ground.champion()
        ground.trainer.kill_at(moment, "train-and-promote", MODEL, alpha=1e-4 + number * 1e-5)
        _note_moved(ground, champion.decision_id, moment.name, moved)
    found = [info.version for info in ground.registry.versions(MODEL)]
    return [version for version in found if version not in known]


def _note_moved(ground: Ground, decision_id: str, moment: str, moved: list[str]) -> None:
    if ground.champion().decision_id != decision_id:
        moved.append(moment)


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    unjudged = seen.versions_left - seen.versions_judged
    return Outcome(
        happened=(
            f"killed {seen.kills} times, {seen.refused or 'no request'} refused; "
            f"the last run ended: {seen.last_verdict}"
        ),
        checks=(
            Check(
                "nothing undecided becomes champion",
                not seen.moved_undecided,
                ", ".join(seen.moved_undecided),
            ),
            Check(
                "a recorded decision is carried out",
                not seen.not_carried_out,
                ", ".join(seen.not_carried_out),
            ),
            Check(
                "a killed run blocks no other",
                seen.last_verdict in {"promoted", "rejected", "undecided"},
                seen.last_verdict,
            ),
            Check(
                "the next run clears what killed ones had put aside",
                not seen.scratch_left,
                ", ".join(seen.scratch_left),
            ),
            Check(
                "versions that were registered can still be judged",
                seen.versions_left == LEAVING and unjudged == 0,
                f"{unjudged} of {seen.versions_left} were not",
            ),
            log_whole(seen.chain),
            Check("the API answers meanwhile", not seen.refused, seen.refused),
            *of_clients(seen.logged),
        ),
        lost=seen.decisions_lost + unjudged + seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="trainer-killed",
    fault="kill -9 of a training and a judgement, at each of their steps",
    promise="nothing undecided is served, what was decided is carried out, no run is blocked",
    cause=cause,
    judge=judge,
)
