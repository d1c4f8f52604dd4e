"""The alias follows the log, also where both move at the same time."""

from __future__ import annotations

import pytest

from pipelines.arena.reconciler import Reconciler
from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.registry.aliases import is_projected, project
from pipelines.registry.client import RegisteredModel, RegistryUnavailable, VersionInfo

pytestmark = pytest.mark.both_databases
MODEL = "stub"


class Registry:
    """A registry of one model in memory; `on_set` happens right after the alias was set."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.on_set = lambda: None

    def snapshot(self) -> dict[str, RegisteredModel]:
        return {MODEL: RegisteredModel(MODEL, dict(self.aliases), None)}

    def set_alias(self, model: str, alias: str, version: str) -> None:
        assert model == MODEL
        self.aliases[alias] = version
        happens, self.on_set = self.on_set, lambda: None
        happens()

    def version(self, model: str, version: str) -> VersionInfo:
        return VersionInfo(model, version, "", "", "READY", 0, {})


@pytest.fixture
def log(store, tmp_path) -> DecisionLog:
    return DecisionLog(store, tmp_path / "predictions")


def promote(log: DecisionLog, version: str, kind: str = "verdict") -> Decision:
    verdict = "promoted" if kind == "verdict" else None
    new = NewDecision(
        kind, MODEL, {}, version, verdict, artifact_digest=version, becomes_champion=True
    )
    return log.append(new)


def no_judge(model: str, version: str, trigger: object) -> Decision:
    raise AssertionError("nothing was to be judged")


def test_a_champion_that_moves_while_its_alias_is_set_is_followed(log):
    registry = Registry()
    promote(log, "1")
    registry.on_set = lambda: promote(log, "2")
    project(log, registry, MODEL)
    assert registry.aliases["champion"] == "2"
    head = log.head(MODEL)
    assert head is not None
    assert is_projected(log, head)


def test_an_edit_is_recorded_also_when_the_registry_goes_away_before_it_is_undone(log):
    promote(log, "1")
    registry = Registry()
    project(log, registry, MODEL)
    registry.aliases["champion"] = "9"

    def go_away() -> None:
        raise RegistryUnavailable("gone")

    registry.on_set = go_away
    with pytest.raises(RegistryUnavailable):
        Reconciler(log, registry, no_judge, {MODEL: "revert"}).look()
    assert (log.list(MODEL)[0].kind, log.list(MODEL)[0].version) == ("foreign_edit", "9")


def test_a_version_that_was_rolled_back_is_not_called_adopted_when_named_by_hand(log):
    promote(log, "1")
    earlier = promote(log, "2")
    promote(log, "1", kind="rollback")
    registry = Registry()
    project(log, registry, MODEL)
    registry.aliases["champion"] = "2"
    (finding,) = Reconciler(log, registry, lambda *_: earlier, {MODEL: "judge"}).look()
    assert f"not adopted: {earlier.decision_id}" in finding.message
    assert registry.aliases["champion"] == "1"
