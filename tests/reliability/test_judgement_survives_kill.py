"""A judgement killed between any two steps loses nothing, doubles nothing, blocks nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow_server import MlflowServer
from stub_lifecycle import GOOD, WEAK, Lifecycle

from pipelines import tracking
from pipelines.arena.reconciler import Reconciler
from pipelines.registry import aliases as registry
from pipelines.registry.client import RegistryUnavailable

pytestmark = pytest.mark.slow

MOMENTS = ("before:verdict", "after:verdict", "after:alias", "before:effect", "after:effect")


def judge_and_die(lifecycle: Lifecycle, version: str, moment: str, folder: Path) -> None:
    settings = folder / "settings.json"
    # Redis' address is a secret and would be written masked; no judge asks Redis.
    given = lifecycle.settings.model_dump_json(exclude={"workers"})
    settings.write_text(given, encoding="utf-8")
    command = [sys.executable, "-m", "killed_judge", str(settings), version, moment]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def verdicts(lifecycle: Lifecycle) -> list[str | None]:
    return [entry.version for entry in lifecycle.log.list("stub") if entry.kind == "verdict"]


def reconciler(lifecycle: Lifecycle) -> Reconciler:
    def judge(model, version, trigger):
        return lifecycle.gate.judge(model, version, trigger=trigger)

    return Reconciler(lifecycle.log, lifecycle.gate.client, judge, {"stub": "judge"})


@pytest.mark.parametrize("moment", MOMENTS)
def test_judging_again_after_a_kill_gives_one_decision_and_its_alias(
    lifecycle: Lifecycle, tmp_path: Path, moment: str
) -> None:
    version = lifecycle.challenge(vocabulary=GOOD)
    judge_and_die(lifecycle, version, moment, tmp_path)
    decision = lifecycle.judge(version)
    assert decision.verdict == "first_champion"
    assert verdicts(lifecycle) == [version]
    assert lifecycle.alias() == version
    assert lifecycle.log.verify_chain() == []


@pytest.mark.parametrize("moment", ["after:verdict", "after:alias"])
def test_reconciler_carries_out_a_decision_whose_process_died(
    lifecycle: Lifecycle, tmp_path: Path, moment: str
) -> None:
    version = lifecycle.challenge(vocabulary=GOOD)
    judge_and_die(lifecycle, version, moment, tmp_path)
    reconciler(lifecycle).look()
    assert lifecycle.alias() == version
    assert "foreign_edit" not in {entry.kind for entry in lifecycle.log.list("stub")}
    assert reconciler(lifecycle).look() == []


def test_version_registered_by_a_training_that_died_can_still_be_judged(
    lifecycle: Lifecycle,
) -> None:
    candidate = lifecycle.train(vocabulary=GOOD)
    logged = tracking.log_candidate(candidate, lifecycle.settings.mlflow_url)
    # The process dies here: nothing was admitted, no alias was set.
    assert lifecycle.log.list("stub") == []
    decision = lifecycle.judge(logged.version)
    assert decision.verdict == "first_champion"
    assert lifecycle.log.admitted("stub", logged.version) == candidate.package.digest


def test_rollback_while_mlflow_is_dead_stands_and_is_carried_out_later(
    lifecycle: Lifecycle, mlflow_server: MlflowServer
) -> None:
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    lifecycle.judge(lifecycle.challenge(vocabulary=GOOD))
    mlflow_server.kill()
    back = registry.rollback(
        lifecycle.log, lifecycle.gate.client, "stub", actor="ana", reason="complaints"
    )
    assert back.version == "1"
    with pytest.raises(RegistryUnavailable):
        reconciler(lifecycle).look()
    mlflow_server.ensure_running()
    assert lifecycle.alias() == "2"
    reconciler(lifecycle).look()
    assert lifecycle.alias() == "1"
