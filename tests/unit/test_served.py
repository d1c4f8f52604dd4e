"""When every living worker has confirmed a champion, that is recorded once."""

from __future__ import annotations

import pytest

from pipelines.arena.served import record_served
from pipelines.confirmations import confirm
from pipelines.decisions.log import Champion, DecisionLog, NewDecision
from pipelines.registry.aliases import is_projected

pytestmark = pytest.mark.both_databases


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


@pytest.fixture
def head(log) -> Champion:
    log.append(NewDecision("rollback", "stub", {}, "1", artifact_digest="d", becomes_champion=True))
    found = log.head("stub")
    assert found is not None
    return found


def say(store, worker, decision_id, now=1_000.0):
    confirm(store, worker, "stub", "1", 1, decision_id, clock=lambda: now)


def confirmations(log, head):
    return [effect.record["confirmations"] for effect in log.effects(head.decision_id)]


def test_nothing_is_recorded_while_no_worker_lives(log, store, head):
    say(store, "w1", head.decision_id)
    assert not record_served(log, head, clock=lambda: 2_000.0)
    assert confirmations(log, head) == []


def test_a_worker_that_still_answers_with_another_champion_is_waited_for(log, store, head):
    say(store, "w1", head.decision_id)
    say(store, "w2", "an-earlier-one")
    assert not record_served(log, head, clock=lambda: 1_001.0)
    say(store, "w2", head.decision_id, now=1_002.0)
    assert record_served(log, head, clock=lambda: 1_003.0)
    assert confirmations(log, head) == [
        {"w1": "1970-01-01T00:16:40+00:00", "w2": "1970-01-01T00:16:42+00:00"}
    ]


def test_it_is_recorded_once_and_is_part_of_the_chain(log, store, head):
    say(store, "w1", head.decision_id)
    for _ in range(2):
        assert record_served(log, head, clock=lambda: 1_001.0)
    assert len(confirmations(log, head)) == 1
    assert log.verify_chain() == []


def test_a_confirmation_does_not_say_that_the_alias_was_set(log, store, head):
    say(store, "w1", head.decision_id)
    record_served(log, head, clock=lambda: 1_001.0)
    assert not is_projected(log, head)
