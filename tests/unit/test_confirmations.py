"""Workers say what they serve; a silent one is not waited for."""

from __future__ import annotations

import pytest

from pipelines.confirmations import confirm, confirmed, withdraw
from pipelines.store import Store

pytestmark = pytest.mark.both_databases


def test_repeating_a_confirmation_keeps_the_time_of_the_swap(store: Store) -> None:
    confirm(store, "w1", "stub", "3", 2, "d-2", clock=lambda: 1_000.0)
    confirm(store, "w1", "stub", "3", 2, "d-2", clock=lambda: 1_010.0)
    (found,) = confirmed(store, "stub", clock=lambda: 1_011.0)
    assert found.confirmed_at == "1970-01-01T00:16:40+00:00"
    assert found.seen_at == 1_010.0


def test_a_swap_replaces_what_the_worker_said_before(store: Store) -> None:
    confirm(store, "w1", "stub", "3", 2, "d-2", clock=lambda: 1_000.0)
    confirm(store, "w1", "stub", "4", 3, "d-3", clock=lambda: 1_005.0)
    (found,) = confirmed(store, "stub", clock=lambda: 1_006.0)
    assert (found.version, found.generation, found.decision_id) == ("4", 3, "d-3")


def test_workers_and_models_are_kept_apart(store: Store) -> None:
    for worker in ("w2", "w1"):
        confirm(store, worker, "stub", "3", 2, "d-2", clock=lambda: 1_000.0)
    confirm(store, "w1", "other", "1", 1, "d-1", clock=lambda: 1_000.0)
    found = confirmed(store, "stub", clock=lambda: 1_001.0)
    assert [row.worker_id for row in found] == ["w1", "w2"]


def test_a_worker_not_seen_lately_is_left_out(store: Store) -> None:
    confirm(store, "w1", "stub", "3", 2, "d-2", clock=lambda: 1_000.0)
    assert confirmed(store, "stub", within_seconds=30, clock=lambda: 1_031.0) == []


def test_a_worker_that_stops_withdraws_all_it_said(store: Store) -> None:
    confirm(store, "w1", "stub", "3", 2, "d-2", clock=lambda: 1_000.0)
    confirm(store, "w1", "other", "1", 1, "d-1", clock=lambda: 1_000.0)
    withdraw(store, "w1")
    assert confirmed(store, "stub", clock=lambda: 1_000.0) == []
    assert confirmed(store, "other", clock=lambda: 1_000.0) == []
