"""What a worker says to the rollouts' records, where the store fails for a while."""

from __future__ import annotations

import random

import pytest
from rollout_parts import challenger, rollout
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from pipelines.decisions.log import DecisionLog
from pipelines.store import rollout_units
from serving.rollouts import affairs as rollout_affairs
from serving.rollouts.affairs import StoredAffairs
from serving.traffic.rollouts import take_up

pytestmark = pytest.mark.both_databases


def noted(store):
    with store.read() as connection:
        return {row.request for row in connection.execute(select(rollout_units))}


def test_units_that_callers_named_survive_a_store_that_is_locked(store, tmp_path, monkeypatch):
    affairs = StoredAffairs(DecisionLog(store, tmp_path), "w1", lambda _model: None)
    live = challenger(tmp_path)
    taken = take_up(rollout("ab", 0.5), live, random.Random(1))
    taken.named.extend([("r1", "ana"), ("r2", "ben")])

    def locked(*_arguments: object) -> None:
        taken.named.append(("r3", "eva"))  # requests go on meanwhile
        raise OperationalError("insert", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(rollout_affairs, "note_units", locked)
        with pytest.raises(OperationalError):
            affairs.report(taken)
    assert noted(store) == set()
    affairs.report(taken)

    assert noted(store) == {"r1", "r2", "r3"}
    assert not taken.named
    live.finish()
