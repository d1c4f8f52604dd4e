"""Rollouts in the log: one at a time, ended once, found again by whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.decisions.log import Conflict, DecisionLog, NewDecision
from pipelines.gate.verdict import Check
from pipelines.records.replay import replay
from pipelines.rollouts import records
from pipelines.rollouts.plan import Plan
from pipelines.rollouts.records import Outcome, RolloutRefused, UnknownRollout

pytestmark = pytest.mark.both_databases

STOPPED = Outcome("stopped", "enough seen")


@pytest.fixture
def log(store, tmp_path):
    log = DecisionLog(store, tmp_path / "predictions")
    for model in ("codes", "categories"):
        for version in ("1", "2"):
            log.append(NewDecision("admitted", model, {}, version, artifact_digest=f"a{version}"))
        log.append(
            NewDecision("override", model, {}, "1", artifact_digest="a1", becomes_champion=True)
        )
    return log


def plan(**changes):
    usual = {
        "model": "codes",
        "challenger": "2",
        "mode": "ab",
        "metric": "zero_one",
        "target": "code",
        "seconds": 3600.0,
        "actor": "ana",
        "reason": "try it",
    }
    return Plan(**(usual | changes))


def test_a_started_rollout_is_found_with_all_that_was_planned(log):
    started = records.start(log, plan(share=0.25))
    assert records.active(log, "codes") == started
    assert (started.champion, started.champion_digest, started.generation) == ("1", "a1", 1)
    assert (started.challenger, started.challenger_digest) == ("2", "a2")
    assert started.plan == plan(share=0.25)
    assert started.ends_at == started.started_at + 3600
    assert records.get(log, started.rollout_id) == records.Entry(started, None)


def test_a_model_has_one_rollout_at_a_time_and_models_are_independent(log):
    mine = records.start(log, plan())
    with pytest.raises(Conflict, match="stop it first"):
        records.start(log, plan())
    other = records.start(log, plan(model="categories"))
    assert records.active_rollouts(log) == {"codes": mine, "categories": other}


def test_an_end_is_recorded_once_and_makes_room_for_the_next(log):
    started = records.start(log, plan())
    checks = (Check("errors", 1.0, 20.0, True, "no more errors"),)
    outcome = Outcome("rolled_back", "too slow", checks, {"arms": {}}, {"wealth": 1.5})
    records.end(log, started, outcome, actor="steward")
    with pytest.raises(Conflict, match="ended already"):
        records.end(log, started, STOPPED, actor="ana")
    assert records.active_rollouts(log) == {}
    ending = records.get(log, started.rollout_id).ending
    assert (ending.outcome, ending.actor, ending.promoted) == (outcome, "steward", False)
    again = records.start(log, plan())
    found = records.history(log, "codes")
    assert [entry.rollout for entry in found] == [again, started]
    assert [entry.ending is None for entry in found] == [True, False]


def test_of_many_who_start_and_end_at_once_one_does(log):
    def started(_number):
        try:
            return records.start(log, plan())
        except Conflict:
            return None

    def ended(rollout):
        try:
            return records.end(log, rollout, STOPPED, actor="ana")
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as threads:
        rollouts = [found for found in threads.map(started, range(8)) if found]
        ends = [found for found in threads.map(ended, rollouts * 8) if found]
    assert (len(rollouts), len(ends)) == (1, 1)
    assert log.verify_chain() == []


def test_a_late_end_of_an_earlier_rollout_does_not_end_the_next(log):
    first = records.start(log, plan())
    records.end(log, first, STOPPED, actor="ana")
    second = records.start(log, plan())
    with pytest.raises(Conflict):
        records.end(log, first, STOPPED, actor="steward")
    assert records.active(log, "codes") == second


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"challenger": "1"}, "champion already"),
        ({"challenger": "9"}, "never admitted"),
        ({"model": "unheard_of"}, "no champion"),
    ],
)
def test_what_cannot_be_compared_is_not_started(log, changes, why):
    with pytest.raises(RolloutRefused, match=why):
        records.start(log, plan(**changes))


def test_a_start_against_a_champion_that_moved_is_a_conflict(log, monkeypatch):
    head = log.head("codes")
    log.append(
        NewDecision("override", "codes", {}, "2", artifact_digest="a2", becomes_champion=True)
    )
    monkeypatch.setattr(log, "head", lambda _model: head)
    with pytest.raises(Conflict, match="generation"):
        records.start(log, plan())
    assert records.active_rollouts(log) == {}


def test_a_win_promotes_in_the_same_entry_where_that_was_asked_for(log):
    started = records.start(log, plan(on_success="promote"))
    outcome = Outcome("superior", "it is better")
    decision = records.end(log, started, outcome, actor="steward", promote=True)
    head = log.head("codes")
    assert (head.version, head.generation, head.rollback_to) == ("2", 2, "1")
    assert head.decision_id == decision.decision_id
    assert decision.record["promoted_for"] == {"actor": "ana", "reason": "try it"}
    assert records.get(log, started.rollout_id).ending.promoted


def test_nobody_is_promoted_unasked_or_without_a_win(log):
    started = records.start(log, plan())
    with pytest.raises(RolloutRefused):
        records.end(log, started, Outcome("superior", "better"), actor="steward", promote=True)
    records.end(log, started, STOPPED, actor="ana")
    asked = records.start(log, plan(on_success="promote"))
    with pytest.raises(RolloutRefused):
        records.end(log, asked, STOPPED, actor="ana", promote=True)


def test_a_win_over_a_champion_that_is_gone_promotes_nobody(log):
    started = records.start(log, plan(on_success="promote"))
    log.append(
        NewDecision("override", "codes", {}, "3", artifact_digest="a3", becomes_champion=True)
    )
    with pytest.raises(Conflict):
        records.end(log, started, Outcome("superior", "better"), actor="steward", promote=True)
    assert log.head("codes").version == "3"
    assert records.active(log, "codes") == started


def test_an_unknown_id_and_the_id_of_another_kind_are_refused(log):
    other = log.list("codes")[0].decision_id
    for name in ("d000999-abcdef", other):
        with pytest.raises(UnknownRollout):
            records.get(log, name)


def test_chain_and_replay_hold_with_rollouts_in_the_log(log):
    started = records.start(log, plan())
    records.end(log, started, STOPPED, actor="ana")
    assert log.verify_chain() == []
    assert [replay(log, entry.decision_id) for entry in log.list()] == [[]] * len(log.list())
