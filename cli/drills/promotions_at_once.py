"""Two versions are judged at once while an operator moves the champion under their feet."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, log_whole, none_refused, of_clients
from cli.drills.ground import MODEL, Ground
from cli.drills.moments import IN_LINE, ON_THE_VERGE
from pipelines.decisions.log import Decision


@dataclass(frozen=True)
class Seen:
    """What stands in the log of the two judgements and of what came between."""

    verdicts: tuple[int, int]
    """How many of each version are recorded."""
    judged_against_todays: bool
    generations: tuple[int, ...]
    served_is_newest: bool
    chain: tuple[str, ...]
    refused: str
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Hold a judgement just before its verdict, begin another one, and roll back meanwhile."""
    ground.have_two_champions()
    first = ground.challenger(alpha=4e-4)
    second = ground.challenger(alpha=5e-4)
    with ground.asking() as load:
        held = ground.trainer.hold_at(ON_THE_VERGE, "promote", MODEL, version=first)
        held.wait_until_reached()
        other = ground.trainer.hold_at(IN_LINE, "promote", MODEL, version=second)
        other.wait_until_reached()
        other.go_on()
        back = str(ground.roll_back("while two versions are judged")["version"])
        began = time.monotonic()
        held.go_on()
        held.wait()
        other.wait()
        ground.wait_until_served()
        seconds = time.monotonic() - began
    return Seen(
        verdicts=(len(verdicts(ground, first)), len(verdicts(ground, second))),
        judged_against_todays=all(_champion(entry) == back for entry in verdicts(ground, first)),
        generations=generations(ground),
        served_is_newest=ground.served() == ground.champion().decision_id,
        chain=tuple(ground.log.verify_chain()),
        refused=load.refused(),
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=seconds,
    )


def verdicts(ground: Ground, version: str) -> list[Decision]:
    """Return the recorded verdicts on a version."""
    entries = ground.log.list(MODEL)
    return [entry for entry in entries if entry.kind == "verdict" and entry.version == version]


def generations(ground: Ground) -> tuple[int, ...]:
    """Return the model's generations of champions in the order in which they were recorded."""
    found = [entry.generation for entry in reversed(ground.log.list(MODEL))]
    return tuple(each for each in found if each is not None)


def _champion(entry: Decision) -> str | None:
    champion = entry.record.get("champion")
    return str(champion["version"]) if isinstance(champion, dict) else None


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    in_sequence = seen.generations == tuple(range(1, len(seen.generations) + 1))
    lost = sum(count == 0 for count in seen.verdicts)
    return Outcome(
        happened=(
            f"verdicts on the two: {seen.verdicts[0]} and {seen.verdicts[1]}; "
            f"{len(seen.generations)} generations, {seen.refused or 'no request'} refused"
        ),
        checks=(
            Check("each version gets one verdict", seen.verdicts == (1, 1), str(seen.verdicts)),
            Check(
                "who was judged against a champion of yesterday is judged again",
                seen.judged_against_todays,
            ),
            Check("no generation is given twice or left out", in_sequence, str(seen.generations)),
            Check("the API answers by the newest decision", seen.served_is_newest),
            log_whole(seen.chain),
            *of_clients(seen.logged),
            none_refused(seen.refused),
        ),
        lost=lost + seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="promotions-at-once",
    fault="two judgements and a rollback of one model at the same time",
    promise="one verdict each, against the champion of the moment; one line of generations",
    cause=cause,
    judge=judge,
)
