"""`kill -9` of a worker process that is answering for a model: one that no compiled form has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httpx
import psutil

from cli import processes
from cli.drills.books import Account, account
from cli.drills.commands import run_python
from cli.drills.drill import Check, Drill, Outcome, of_clients
from cli.drills.foreign import SCRIPT, SLOWLY, THINKING
from cli.drills.goods import KINDS, OTHER_MODEL
from cli.drills.ground import Ground, until

WORKER = "pipelines.versions.flavour_worker"
LOG_SECONDS = 120.0
ASKED_SECONDS = 30.0
AGAIN_SECONDS = 90.0
PATH = f"/v1/models/{OTHER_MODEL}/predict"


@dataclass(frozen=True)
class Seen:
    """What whoever was being answered was told, and those who came after."""

    killed: int
    status: int
    retry_after: bool
    wrong_answers: int
    others_refused: str
    logged: Account
    recovery_seconds: float


def cause(ground: Ground) -> Seen:
    """Kill every worker process while one is thinking, and ask on."""
    _have_foreign_champion(ground)
    told: list[httpx.Response] = []
    thinking = ground.settings.home / THINKING
    thinking.unlink(missing_ok=True)
    with ground.asking() as load, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_ask, ground, f"{KINDS[1]}1 {SLOWLY}")
        until(thinking.exists, ASKED_SECONDS, "a worker process thinks about its answer")
        fault = time.monotonic()
        killed = _kill_workers(ground)
        interrupted = asked.result()
        until(lambda: _answered(ground, told), AGAIN_SECONDS, "another worker process answers")
        recovery = time.monotonic() - fault
    good = [response for response in (interrupted, *told) if response.is_success]
    ids = [name for response in good for name in response.json()["prediction_ids"]]
    named = {(OTHER_MODEL, response.json()["model"]["decision_id"]) for response in good}
    return Seen(
        killed=killed,
        status=interrupted.status_code,
        retry_after="Retry-After" in interrupted.headers,
        wrong_answers=sum(
            response.json()["predictions"][0]["category"] != KINDS[1] for response in good
        ),
        others_refused=load.refused(),
        logged=account(ground.settings, [*load.ids, *ids], load.named | named),
        recovery_seconds=recovery,
    )


def _have_foreign_champion(ground: Ground) -> None:
    if ground.log.head(OTHER_MODEL) is None:
        arguments = ("-c", SCRIPT, ground.settings.mlflow_url, str(ground.scratch))
        printed = run_python(ground, "stranger", *arguments, seconds=LOG_SECONDS)
        version = printed.splitlines()[-1]
        ground.trainer.run("promote", OTHER_MODEL, version=version)
    until(
        lambda: _ask(ground, f"{KINDS[1]}1").is_success,
        AGAIN_SECONDS,
        "the version from elsewhere is served",
    )


def _ask(ground: Ground, text: str) -> httpx.Response:
    body = {"instances": [{"name": text}]}
    return httpx.post(f"{ground.api}{PATH}", json=body, timeout=60, trust_env=False)


def _answered(ground: Ground, told: list[httpx.Response]) -> bool:
    told.append(_ask(ground, f"{KINDS[1]}1"))
    return told[-1].is_success


def _kill_workers(ground: Ground) -> int:
    killed = 0
    for process in processes.marked(ground.stack_id, "api"):
        with suppress(psutil.NoSuchProcess):
            if WORKER in process.cmdline():
                process.kill()
                killed += 1
    return killed


def judge(seen: Seen) -> Outcome:
    """Hold it against the promise."""
    clear = seen.status == httpx.codes.BAD_GATEWAY and seen.retry_after
    return Outcome(
        happened=(
            f"{seen.killed} worker processes killed, one while answering: its caller got "
            f"{seen.status}"
        ),
        checks=(
            Check("the fault was felt", seen.killed > 0),
            Check("its caller is told to ask again", clear, f"got {seen.status}"),
            Check("nobody is answered wrongly", seen.wrong_answers == 0),
            Check("other models answer meanwhile", not seen.others_refused, seen.others_refused),
            *of_clients(seen.logged),
        ),
        lost=seen.logged.missing,
        recovery_seconds=seen.recovery_seconds,
    )


DRILL = Drill(
    name="model-worker-killed",
    fault="kill -9 of the worker process that is answering a request",
    promise="its caller is told to ask again; another takes its place, other models notice nothing",
    cause=cause,
    judge=judge,
)
