"""The server's cache of verified packages is damaged on disk, and the server starts again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.drills.books import Account, account
from cli.drills.drill import Check, Drill, Outcome, of_clients
from cli.drills.goods import question
from cli.drills.ground import MODEL, Ground, until
from cli.drills.packages import cached, compiled, spoil
from pipelines.versions.artifact import ArtifactRefused, open_package

QUESTIONS = 20


@dataclass(frozen=True)
class Seen:
    """What the cache holds afterwards, and whether the answers are the same."""

    files_spoiled: int
    mended_first: bool
    """Whether the damaged bytes were gone when the first answer came."""
    whole_again: bool
    same_answers: bool
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Spoil the champion's package, and have every worker start again."""
    champion = ground.champion()
    before = _answers(ground)
    with ground.asking() as load:
        until(lambda: bool(load.answers), 30, "the API answers")
        package = cached(ground, champion.artifact_digest)
        files = spoil(package)
        damage = {file: file.read_bytes() for file in compiled(package)}
        fault = ground.kill("api")
        until(lambda: load.answered_since(fault) > 0, 120, "the API answers again")
        damage_stands = any(_holds(file, content) for file, content in damage.items())
        recovery = load.recovery(fault)
    ground.wait_until_healthy()
    return Seen(
        files_spoiled=files,
        mended_first=not damage_stands,
        whole_again=_is_whole(ground, champion.artifact_digest),
        same_answers=_answers(ground) == before,
        logged=account(ground.settings, load.ids, load.named),
        recovery_seconds=recovery,
    )


def _answers(ground: Ground) -> object:
    body = {"instances": [question(number) for number in range(QUESTIONS)]}
    return ground.call("POST", f"/v1/models/{MODEL}/predict", body)["predictions"]


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content
    except FileNotFoundError:  # it is being replaced
        return False


def _is_whole(ground: Ground, digest: str) -> bool:
    try:
        open_package(cached(ground, digest), expected_digest=digest)
    except ArtifactRefused:
        return False
    return True


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    return Outcome(
        happened=f"{seen.files_spoiled} cached files changed, then a start from them",
        checks=(
            Check(
                "the damage is noticed and mended from MLflow",
                seen.whole_again and seen.files_spoiled > 0,
            ),
            Check("nobody is answered before it is mended", seen.mended_first),
            Check("the answers are what they were", seen.same_answers),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="cache-corrupted",
    fault="the server's cache of packages is damaged, and the server starts from it",
    promise="no damaged byte is answered from; the package is fetched again",
    cause=cause,
    judge=judge,
)
