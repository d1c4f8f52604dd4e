"""Servers and a judge whose clocks are an hour ahead and an hour behind the others'."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from cli.drills.books import Account, account
from cli.drills.commands import run_python
from cli.drills.drill import Check, Drill, Outcome, log_whole, none_refused, of_clients
from cli.drills.ground import MODEL, Ground, NeverHappened, free_port, until
from cli.drills.load import Load
from cli.drills.moments import ON_THE_VERGE
from cli.drills.promotions_at_once import generations, verdicts
from cli.drills.server import Server

HOUR = 3600
AGREED_SECONDS = 30.0
JUDGED_SECONDS = 180.0


@dataclass(frozen=True)
class Seen:
    """Whether everybody followed, and what was decided while clocks disagreed."""

    verdicts: tuple[int, int]
    overtaken: str
    """What the judge was told whose turn another one's clock had ended, if he lost it."""
    generations: tuple[int, ...]
    all_follow: bool
    chain: tuple[str, ...]
    refused: str
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Add a server on either side of the time, and judge twice at once, once an hour ahead."""
    first, second = ground.challenger(alpha=6e-4), ground.challenger(alpha=7e-4)
    with ExitStack() as held:
        servers = [held.enter_context(_server(ground, skew)) for skew in (HOUR, -HOUR)]
        addresses = [ground.api, *(server.address for server in servers)]
        loads = [held.enter_context(Load(address, clients=2)) for address in addresses]
        judging = ground.trainer.hold_at(ON_THE_VERGE, "promote", MODEL, version=first)
        judging.wait_until_reached()
        # To this one every lease has expired long ago, though its holder lives.
        _judge_an_hour_ahead(ground, second)
        judging.go_on()
        overtaken = judging.wait().error
        if overtaken:
            ground.trainer.run("promote", MODEL, version=first)
        decided = time.monotonic()
        all_follow = _all_follow(ground, servers, loads)
        recovery = time.monotonic() - decided
    ids = [name for load in loads for name in load.ids]
    named = {each for load in loads for each in load.named}
    return Seen(
        verdicts=(len(verdicts(ground, first)), len(verdicts(ground, second))),
        overtaken=overtaken,
        generations=generations(ground),
        all_follow=all_follow,
        chain=tuple(ground.log.verify_chain()),
        refused="; ".join(filter(None, (load.refused() for load in loads))),
        logged=account(ground.settings, ids, named),
        recovery_seconds=recovery,
    )


def _server(ground: Ground, skew: int) -> Server:
    ports = ground.settings.ports.model_copy(update={"api": free_port()})
    settings = ground.settings.model_copy(update={"ports": ports})
    log = ground.settings.var / "logs" / f"clock{skew:+d}.log"
    return Server(settings, ground.stack_id, log, through=("cli.drills.skewed", str(skew)))


def _all_follow(ground: Ground, servers: list[Server], loads: list[Load]) -> bool:
    """Return whether all answer by the newest decision before long, whatever their clocks say."""
    newest, since = ground.champion().decision_id, time.monotonic()

    def followed() -> bool:
        answering = {ground.served(), *(server.served(MODEL) for server in servers)}
        return answering == {newest} and all(newest in load.decisions(since) for load in loads)

    try:
        until(followed, AGREED_SECONDS, "every server answers by the newest decision")
    except NeverHappened:
        return False
    return True


def _judge_an_hour_ahead(ground: Ground, version: str) -> None:
    skewed = ("-m", "cli.drills.skewed", str(HOUR))
    promote = ("promote", MODEL, "--version", version, "--reason", "a failure drill")
    run_python(ground, "judge", *skewed, "cli.main", *promote, seconds=JUDGED_SECONDS)


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    in_sequence = seen.generations == tuple(range(1, len(seen.generations) + 1))
    lost = sum(count == 0 for count in seen.verdicts)
    return Outcome(
        happened=(
            f"servers an hour ahead and behind, {seen.logged.answered} answered; verdicts on the "
            f"two versions: {seen.verdicts[0]} and {seen.verdicts[1]}"
        ),
        checks=(
            Check("each version gets one verdict", seen.verdicts == (1, 1), str(seen.verdicts)),
            Check(
                "a judge who was overtaken records nothing, and is told",
                not seen.overtaken or "taken over" in seen.overtaken,
                seen.overtaken,
            ),
            Check("no generation is given twice or left out", in_sequence, str(seen.generations)),
            Check("every server follows", seen.all_follow),
            log_whole(seen.chain),
            *of_clients(seen.logged),
            none_refused(seen.refused),
        ),
        lost=lost + seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="clock-skewed",
    fault="clocks an hour ahead and an hour behind, at two servers and a judge",
    promise="order comes from the log, not from clocks: one line of decisions, all servers follow",
    cause=cause,
    judge=judge,
)
