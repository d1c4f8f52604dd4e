"""Asked often and at once, a model is retrained by one run at a time."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fastapi.concurrency import run_in_threadpool
from serving_stage import FakeOrchestration

from pipelines.leases import Busy, Lease
from pipelines.orchestration import OrchestrationUnavailable
from serving.retraining import PATIENCE_SECONDS, Retrainer

pytestmark = pytest.mark.both_databases


def test_many_requests_at_once_start_one_run(store, monkeypatch):
    monkeypatch.setattr("serving.retraining.PATIENCE_SECONDS", 120.0)
    orchestration = FakeOrchestration()
    retrain = Retrainer(orchestration, store)
    answers = []

    def ask() -> None:
        answers.append(retrain("stub", actor="ana", reason="new data"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(orchestration.started) == 1
    assert [answer.started for answer in answers].count(True) == 1
    assert {answer.run for answer in answers} == set(orchestration.started)


def test_another_model_is_retrained_beside_it(store):
    orchestration = FakeOrchestration()
    retrain = Retrainer(orchestration, store)

    assert retrain("stub", actor="ana", reason="new data").started
    assert retrain("other", actor="ana", reason="new data").started


def test_prefect_being_away_is_said_and_blocks_nobody_afterwards(store):
    class Away(FakeOrchestration):
        def running(self, model):
            raise OrchestrationUnavailable(f"Prefect is away, {model} cannot be retrained")

    with pytest.raises(OrchestrationUnavailable):
        Retrainer(Away(), store)("stub", actor="ana", reason="new data")

    assert Retrainer(FakeOrchestration(), store)("stub", actor="ana", reason="again").started


def test_patience_with_somebody_else_ends(store):
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    retrain = Retrainer(FakeOrchestration(), store, clock=lambda: now[0], sleep=sleep)
    with Lease(store, "retrain-request:stub"), pytest.raises(Busy):
        retrain("stub", actor="ana", reason="new data")

    assert now[0] >= PATIENCE_SECONDS


def test_while_prefect_hangs_other_requests_find_a_thread(store):
    back = threading.Event()

    class Hanging(FakeOrchestration):
        def running(self, model):
            back.wait(120)
            return super().running(model)

    async def ask_often() -> str:
        retrain = Retrainer(Hanging(), store)
        waiting = [
            asyncio.create_task(retrain.ask(f"model-{number}", actor="ana", reason="new data"))
            for number in range(60)
        ]
        try:
            await asyncio.sleep(0.2)
            return await asyncio.wait_for(run_in_threadpool(lambda: "a choice is kept"), 60)
        finally:
            back.set()
            await asyncio.gather(*waiting)

    assert asyncio.run(ask_often()) == "a choice is kept"
