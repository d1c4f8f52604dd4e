"""What people do to the registry by hand is noticed, settled and recorded."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from foreign_models import log_sklearn_pipeline
from stub_lifecycle import GOOD, WEAK, Lifecycle

from pipelines import tracking
from pipelines.arena.reconciler import EditPolicy, Reconciler
from pipelines.gate.verdict import Trigger

pytestmark = pytest.mark.slow


def reconciler(
    lifecycle: Lifecycle,
    policy: EditPolicy = "judge",
    clock: Callable[[], float] = time.time,
) -> Reconciler:
    def judge(model: str, version: str, trigger: Trigger):
        return lifecycle.gate.judge(model, version, trigger=trigger)

    client = lifecycle.gate.client
    return Reconciler(lifecycle.log, client, judge, {"stub": policy}, clock=clock)


def kinds(lifecycle: Lifecycle) -> list[str]:
    return [decision.kind for decision in reversed(lifecycle.log.list("stub"))]


@pytest.fixture
def promoted(lifecycle: Lifecycle) -> Lifecycle:
    """A home with a good champion and a weak challenger that was refused."""
    good, weak = lifecycle.challenge(vocabulary=GOOD), lifecycle.challenge(vocabulary=WEAK)
    assert lifecycle.judge(good).verdict == "first_champion"
    assert lifecycle.judge(weak).verdict == "rejected"
    return lifecycle


def test_nothing_is_found_where_nothing_happened(promoted: Lifecycle) -> None:
    before = kinds(promoted)
    assert reconciler(promoted).look() == []
    assert kinds(promoted) == before


def test_alias_moved_to_a_worse_version_is_put_back(promoted: Lifecycle) -> None:
    promoted.gate.client.set_alias("stub", "champion", "2")
    (finding,) = reconciler(promoted).look()
    assert finding.kind == "alias_edit"
    assert "not adopted: rejected" in finding.message
    assert promoted.alias() == "1"
    assert "foreign_edit" in kinds(promoted)


def test_alias_moved_to_a_better_version_is_adopted_through_the_gate(lifecycle: Lifecycle) -> None:
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    lifecycle.gate.client.set_alias("stub", "champion", lifecycle.challenge(vocabulary=GOOD))
    (finding,) = reconciler(lifecycle).look()
    assert "adopted by the gate" in finding.message
    head = lifecycle.log.head("stub")
    assert head is not None
    assert head.version == lifecycle.alias() == "2"


def test_policy_can_be_to_put_every_alias_back(lifecycle: Lifecycle) -> None:
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    lifecycle.gate.client.set_alias("stub", "champion", lifecycle.challenge(vocabulary=GOOD))
    (finding,) = reconciler(lifecycle, "revert").look()
    assert finding.decision_id is None
    assert lifecycle.alias() == "1"
    assert lifecycle.log.list("stub")[0].kind == "foreign_edit"


def test_deleted_alias_is_set_again(promoted: Lifecycle) -> None:
    promoted.gate.client.delete_alias("stub", "champion")
    (finding,) = reconciler(promoted).look()
    assert finding.kind == "alias_edit"
    assert promoted.alias() == "1"


def test_first_champion_named_by_hand_is_judged(lifecycle: Lifecycle) -> None:
    version = lifecycle.challenge(vocabulary=0)
    lifecycle.gate.client.set_alias("stub", "champion", version)
    (finding,) = reconciler(lifecycle).look()
    assert "not adopted: rejected" in finding.message
    assert lifecycle.alias() is None


def test_deleted_champion_is_restored_from_its_files(promoted: Lifecycle) -> None:
    before = promoted.log.head("stub")
    promoted.gate.client.delete_version("stub", "1")
    (finding,) = reconciler(promoted).look()
    assert finding.kind == "restored"
    after = promoted.log.head("stub")
    assert before is not None
    assert after is not None
    assert after.artifact_digest == before.artifact_digest
    assert after.version == promoted.alias() == "3"
    assert reconciler(promoted).look() == []


def test_deleted_model_is_restored_too(promoted: Lifecycle, mlflow_server: object) -> None:
    mlflow_server.forget_models()
    (finding,) = reconciler(promoted).look()
    assert finding.kind == "restored"
    head = promoted.log.head("stub")
    assert head is not None
    assert promoted.alias() == head.version


def test_champion_whose_files_are_gone_is_replaced_by_the_one_before(
    lifecycle: Lifecycle, mlflow_server: object
) -> None:
    import shutil

    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    lifecycle.judge(lifecycle.challenge(vocabulary=GOOD))
    root = lifecycle.gate.client.artifact_root("stub", "2")
    lifecycle.gate.client.delete_version("stub", "2")
    shutil.rmtree(mlflow_server.folder / "artifacts" / root)
    (finding,) = reconciler(lifecycle).look()
    assert finding.kind == "restored"
    assert lifecycle.alias() == "1"
    assert lifecycle.log.list("stub")[1].kind == "rollback"


def test_new_version_from_elsewhere_is_noticed_and_judged_once(lifecycle: Lifecycle) -> None:
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    log_sklearn_pipeline(lifecycle.settings.mlflow_url)
    watch = reconciler(lifecycle)
    (finding,) = watch.look()
    assert finding.kind == "new_version"
    assert "adopted by the gate" in finding.message
    assert lifecycle.alias() == "2"
    assert watch.look() == []
    assert reconciler(lifecycle).look() == []


def test_version_of_our_own_waits_for_its_own_run(lifecycle: Lifecycle) -> None:
    lifecycle.challenge(vocabulary=GOOD)
    assert reconciler(lifecycle).look() == []


def test_package_of_ours_is_left_to_its_own_training_for_a_while(lifecycle: Lifecycle) -> None:
    tracking.log_candidate(lifecycle.train(vocabulary=GOOD), lifecycle.settings.mlflow_url)
    assert reconciler(lifecycle).look() == []
    (finding,) = reconciler(lifecycle, clock=lambda: time.time() + 3600).look()
    assert finding.kind == "new_version"
    assert lifecycle.alias() == "1"
