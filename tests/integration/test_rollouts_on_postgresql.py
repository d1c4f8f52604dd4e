"""Rollouts on PostgreSQL keep the promises that they keep on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from postgresql_server import new_database, postgresql_server
from told_rollouts import Stage

from pipelines.decisions.log import Conflict
from pipelines.records.replay import replay
from pipelines.rollouts import disagreements, records
from pipelines.rollouts.feedback import note_units
from pipelines.rollouts.steward import Steward
from pipelines.store import Store, open_store


@pytest.fixture(scope="module")
def server_uri() -> Iterator[str]:
    with postgresql_server() as uri:
        yield uri


@pytest.fixture
def store(server_uri: str) -> Iterator[Store]:
    opened = open_store(new_database(server_uri))
    yield opened
    opened.close()


def test_a_rollout_is_started_once_judged_by_its_feedback_and_ended_once(store, tmp_path):
    stage = Stage.open(store, tmp_path)

    def started(_number):
        try:
            return stage.start()
        except Conflict:
            return None

    with ThreadPoolExecutor(4) as threads:
        (rollout,) = [found for found in threads.map(started, range(4)) if found]
    assert records.active_rollouts(stage.log) == {"codes": rollout}
    stage.saw(rollout, "champion", answers=250)
    stage.saw(rollout, "challenger", answers=250)
    stewards = [Steward(stage.log, clock=stage.clock) for _ in range(2)]
    assert stewards[0].tend() == []
    for number in range(200):
        stage.judge(rollout, "1", right=number % 2 == 0)
        request = stage.judge(rollout, "2", right=number % 10 > 0)
        note_units(store, rollout.rollout_id, {request: f"shop-{number}"})
    ended = [decision for steward in stewards for decision in steward.tend()]
    assert [decision.verdict for decision in ended] == ["superior"]
    outcome = records.get(stage.log, rollout.rollout_id).ending.outcome
    assert outcome.evidence["latency_limit_ms"] > 25
    assert replay(stage.log, ended[0].decision_id) == []
    assert stage.log.verify_chain() == []
    assert disagreements.latest(store, rollout.rollout_id, 5) == []


def test_a_store_of_an_earlier_release_is_given_what_is_new(server_uri):
    url = new_database(server_uri)
    for _ in range(2):
        open_store(url).close()
    store = open_store(url)
    with store.write() as connection:
        connection.exec_driver_sql("DROP INDEX decisions_of_kind")
        connection.exec_driver_sql("DROP TABLE rollout_totals")
    store.close()
    store = open_store(url)
    with store.read() as connection:
        query = "SELECT count(*) FROM pg_indexes WHERE indexname = 'decisions_of_kind'"
        assert connection.exec_driver_sql(query).scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM rollout_totals").scalar() == 0
    store.close()
