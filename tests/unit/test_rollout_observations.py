"""What workers see is counted once, summed over all of them, and survives them."""

from __future__ import annotations

import threading

import pytest

from pipelines.rollouts.observations import Totals, latency_limit, totals, write
from pipelines.rollouts.plan import Guardrails, Plan, Rollout
from pipelines.rollouts.tally import (
    FAILED_LIMIT,
    Counts,
    Tally,
    bucket_of,
    edge_ms,
    quantile_ms,
    slower,
)

pytestmark = pytest.mark.both_databases

PLAN = Plan(
    model="codes", challenger="2", mode="canary", seconds=3600.0, actor="ana", reason="try it"
)
ROLLOUT = Rollout("d1", PLAN, "1", "a1", 1, "a2", "salt", 0.0, 3600.0)


@pytest.mark.parametrize("seconds", [1e-9, 60e-6, 0.0003, 0.001, 0.0163, 0.5, 3.0, 127.0])
def test_a_latency_is_in_the_bucket_that_holds_it(seconds):
    bucket = bucket_of(seconds)
    assert seconds * 1_000 <= edge_ms(bucket) * (1 + 1e-9)
    if bucket:
        assert edge_ms(bucket - 1) < seconds * 1_000 * (1 + 1e-9)
        assert edge_ms(bucket) < seconds * 1_000 * 1.1


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e9, float("inf")])
def test_no_latency_is_too_odd_for_a_bucket(seconds):
    assert bucket_of(seconds) in (0, 168)


def test_quantiles_and_slow_answers_come_out_of_the_buckets():
    tally = Tally()
    for number in range(1, 101):
        tally.answered("champion", 0, number / 1_000)
    write_free = Totals.from_json(
        {"cells": [{"stage": 0, "arm": "champion", **tally.counts()[0, "champion"]}]}
    )
    histogram = write_free.of("champion").latency
    assert 95 <= quantile_ms(histogram, 0.95) <= 95 * 1.1
    assert slower(histogram, edge_ms(bucket_of(0.050))) == pytest.approx(50, abs=5)
    assert slower(histogram, 1e9) == 0
    assert quantile_ms({}, 0.95) is None


def test_a_unit_counts_once_however_often_it_asks():
    tally = Tally()
    for _ in range(5):
        tally.answered("challenger", 0, 0.001, "ana")
        tally.failed("challenger", 0, 0.001, "ben")
        tally.compared(0, agreed=False, unit="ana")
    tally.answered("challenger", 1, 0.002, "ana")
    counts = tally.counts()
    first = counts[0, "challenger"]
    assert (first["requests"], first["errors"]) == (10, 5)
    assert (first["units"], first["unit_errors"]) == (2, 1)
    assert (first["compared"], first["agreed"]) == (1, 0)
    assert (counts[1, "challenger"]["requests"], counts[1, "challenger"]["units"]) == (1, 0)


def test_a_unit_that_fails_after_it_was_answered_still_counts_as_failing():
    tally = Tally()
    tally.answered("champion", 0, 0.001, "ana")
    tally.failed("champion", 0, 0.001, "ana")
    counts = tally.counts()[0, "champion"]
    assert (counts["units"], counts["unit_errors"]) == (1, 1)


def test_a_request_without_a_unit_is_a_unit_of_its_own():
    tally = Tally()
    for _ in range(3):
        tally.answered("champion", 0, 0.001)
    assert tally.counts()[0, "champion"]["units"] == 3


def test_the_memory_for_units_is_bounded_and_forgets_the_oldest():
    tally = Tally(units_limit=100)
    for number in range(150):
        tally.answered("champion", 0, 0.001, f"unit-{number}")
    tally.answered("champion", 0, 0.001, "unit-149")
    assert tally.counts()[0, "champion"]["units"] == 150
    tally.answered("champion", 0, 0.001, "unit-0")
    assert tally.counts()[0, "champion"]["units"] == 151


def test_many_threads_lose_no_count():
    tally = Tally()

    def ask(name):
        for number in range(500):
            tally.answered("champion", 0, 0.001, f"{name}-{number}")

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = tally.counts()[0, "champion"]
    assert (counts["requests"], counts["units"]) == (2_000, 2_000)


def test_workers_are_summed_and_a_worker_replaces_only_its_own_word(store):
    one, two = Tally(), Tally()
    one.answered("champion", 0, 0.001)
    write(store, "d1", "w1", one, 1.0)
    one.answered("champion", 0, 0.002)
    one.answered("challenger", 1, 0.002)
    write(store, "d1", "w1", one, 2.0)
    two.answered("champion", 0, 0.001)
    two.dropped(0)
    write(store, "d1", "w2", two, 2.0)
    write(store, "d2", "w2", two, 2.0)
    write(store, "d1", "w3", Tally(), 2.0)
    found = totals(store, "d1")
    assert found.of("champion").requests == 3
    assert found.of("champion").latency.total() == 3
    assert found.at(1, "challenger").requests == 1
    assert found.of("challenger").dropped == 1
    assert found.at(7, "champion").requests == 0


def test_totals_survive_their_record(store):
    tally = Tally()
    tally.answered("champion", 0, 0.001, "ana")
    tally.failed("challenger", 2, 0.2, "ben")
    write(store, "d1", "w1", tally, 1.0)
    found = totals(store, "d1")
    assert Totals.from_json(found.as_json()) == found
    assert Totals.from_json({}) == Totals()


def test_the_latency_limit_waits_for_the_champion_and_is_set_once(store):
    few, many, slow = Tally(), Tally(), Tally()
    for tally, count, seconds in ((few, 199, 0.010), (many, 400, 0.010), (slow, 400, 1.0)):
        for _ in range(count):
            tally.answered("champion", 0, seconds)
    write(store, "d1", "w1", few, 1.0)
    assert latency_limit(store, ROLLOUT, totals(store, "d1")) is None
    write(store, "d1", "w1", many, 2.0)
    limit = latency_limit(store, ROLLOUT, totals(store, "d1"))
    assert 1.5 * 10 + 25 <= limit < (1.5 * 11 + 25) * 1.1
    write(store, "d1", "w1", slow, 3.0)
    assert latency_limit(store, ROLLOUT, totals(store, "d1")) == limit


def test_an_answer_exactly_at_the_limit_is_not_slow(store):
    tally = Tally()
    for _ in range(200):
        tally.answered("champion", 0, 0.010)
    write(store, "d1", "w1", tally, 1.0)
    seen = totals(store, "d1")
    limit = latency_limit(store, ROLLOUT, seen)
    at_limit = {bucket_of(limit / 1_000): 1}
    assert slower(at_limit, limit) == 0
    assert PLAN.guardrails == Guardrails()


def test_a_unit_that_fails_at_several_workers_is_one_piece_of_evidence(store):
    for worker in ("w1", "w2", "w3"):
        tally = Tally()
        tally.failed("challenger", 0, 0.1, "ana")
        tally.failed("challenger", 0, 0.1)
        write(store, "d1", worker, tally, 1.0)
    found = totals(store, "d1").of("challenger")
    assert (found.errors, found.unit_errors) == (6, 4)


def test_a_unit_that_failed_before_the_ramp_moved_it_says_nothing_of_the_challenger(store):
    same, other = Tally(), Tally()
    same.failed("champion", 0, 0.1, "ana")
    same.failed("challenger", 1, 0.1, "ana")
    other.failed("challenger", 1, 0.1, "ana")
    other.failed("challenger", 1, 0.1, "ben")
    for worker, tally in (("w1", same), ("w2", other)):
        write(store, "d1", worker, tally, 1.0)
    found = totals(store, "d1")
    assert found.of("champion").unit_errors == 1
    assert found.of("challenger").unit_errors == 1


def test_names_of_failed_units_are_bounded_and_their_number_is_not():
    tally = Tally()
    for number in range(FAILED_LIMIT + 50):
        tally.failed("challenger", 0, 0.1, f"unit-{number}")
    counts = tally.counts()[0, "challenger"]
    assert len(counts["failed"]) == FAILED_LIMIT
    assert counts["unit_errors"] == FAILED_LIMIT + 50


def test_a_units_latency_counts_once_in_each_stage_on_both_sides():
    tally = Tally()
    for stage in (0, 1, 0):
        tally.answered("champion", stage, 0.001, "ana")
        tally.answered("champion" if stage == 0 else "challenger", stage, 0.001, "ben")
    cells = {
        place: sum(counts["unit_latency"].values()) for place, counts in tally.counts().items()
    }
    assert cells == {(0, "champion"): 2, (1, "champion"): 1, (1, "challenger"): 1}


def test_a_record_names_no_units(store):
    tally = Tally()
    tally.failed("challenger", 0, 0.2, "ben")
    assert "failed" not in Totals({(0, "challenger"): Counts()}).as_json()["cells"][0]
    write(store, "d1", "w1", tally, 1.0)
    assert "failed" not in totals(store, "d1").as_json()["cells"][0]
