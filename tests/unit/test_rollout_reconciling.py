"""The reconciler beside rollouts: meeting requests is no judgement, and a victory is no edit."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from told_rollouts import MODEL, Stage

from pipelines.arena.reconciler import Reconciler
from pipelines.decisions.log import NewDecision
from pipelines.registry.aliases import rollback
from pipelines.registry.client import RegisteredModel, VersionInfo
from pipelines.rollouts import records
from pipelines.rollouts.records import Outcome

pytestmark = pytest.mark.both_databases


@dataclass
class FakeClient:
    """A registry of versions that others registered, with aliases in a dictionary."""

    versions_: tuple[str, ...]
    aliases: dict[str, str] = field(default_factory=lambda: {"champion": "1"})

    def snapshot(self):
        return {MODEL: RegisteredModel(MODEL, dict(self.aliases), self.versions_[-1])}

    def versions(self, _model):
        return [self.version(MODEL, each) for each in self.versions_]

    def version(self, model, version):
        return VersionInfo(model, version, "models:/m", "", "READY", 0, {})

    def is_packaged(self, _model, _version):
        return False

    def set_alias(self, _model, alias, version):
        self.aliases[alias] = version


@pytest.fixture
def stage(store, tmp_path):
    return Stage.open(store, tmp_path / "predictions")


def reconciled(stage, client):
    """Look once; return the versions that were handed to the gate, and what was found."""
    judged = []

    def judge(model, version, _trigger):
        judged.append(version)
        return stage.log.append(NewDecision("verdict", model, {}, version, verdict="rejected"))

    findings = Reconciler(stage.log, client, judge, {MODEL: "judge"}).look()
    return judged, findings


def test_a_foreign_version_that_met_requests_before_it_was_judged_is_judged_still(stage):
    rollout = stage.start()
    records.end(stage.log, rollout, Outcome("completed", "time is up"), actor="steward")
    judged, _ = reconciled(stage, FakeClient(("1", "2")))
    assert judged == ["2"]


def test_the_alias_follows_a_victory_and_is_not_taken_for_an_edit_by_hand(stage):
    client = FakeClient(("1", "2"))
    rollout = stage.start(on_success="promote")
    won = Outcome("superior", "it is better")
    records.end(stage.log, rollout, won, actor="steward", promote=True)
    _, findings = reconciled(stage, client)
    assert client.aliases["champion"] == "2"
    assert [finding.kind for finding in findings if finding.version == "2"][:1] == ["projected"]
    assert "foreign_edit" not in {entry.kind for entry in stage.log.list(MODEL)}
    rollback(stage.log, client, MODEL, actor="ana", reason="worse after all")
    assert client.aliases["champion"] == "1"
    assert stage.log.verify_chain() == []
