"""Answering by a slot: one version, logged, without holding up the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from serving_stage import MODEL, write_package
from waiting import wait_for

from pipelines.contract import RequestRefused
from pipelines.versions.artifact import open_package
from serving.live.answers import Answered, ServedModel
from serving.live.loaded import BrokenRuntime, LiveModel, WarmUpFailed, load
from serving.live.validation import InvalidActual, InvalidInstances
from serving.slots.slots import NoChampion, Slots, TooManyInstances, UnknownModel


class Recorder:
    """Keeps what was logged in a list."""

    def __init__(self) -> None:
        self.logged: list[tuple[str, list, list]] = []

    def append(self, provenance, instances, answers):
        self.logged.append((provenance.version, list(instances), list(answers)))
        return [f"p{number}" for number in range(len(instances))]

    def append_together(self, entries):
        return [self.append(*entry) for entry in entries]


class SlowRuntime:
    """Takes its time, as a model without a fast form does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.closed = threading.Event()

    def predict(self, instances):
        assert not self.closed.is_set(), "it was released while a request used it"
        time.sleep(self.seconds)
        return [[{"topic": "lento", "confidence": 1.0}] for _ in instances]

    def close(self):
        self.closed.set()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def slots(recorder: Recorder):
    slots = Slots([MODEL, "empty"], recorder, instances_limit=50)
    yield slots
    slots.close()


def live(folder: Path, version: str = "1", topic: str = "uno", **contract: object) -> LiveModel:
    package = write_package(folder / version, topic, **contract)
    served = ServedModel(MODEL, version, f"d{version}", int(version), package.digest)
    return LiveModel(served, load(package))


class Held:
    """What a model is asked in place of its own runtime: answers when it is let."""

    def __init__(self) -> None:
        self.begun, self.let = threading.Event(), threading.Event()

    def predict(self, instances):
        self.begun.set()
        assert self.let.wait(60), "nobody let it answer: the event loop stands still"
        return [[{"topic": "lento", "confidence": 1.0}] for _ in instances]


def hold(model: LiveModel) -> Held:
    """Have a model that is known to be slow answer only when it is let."""
    held = Held()
    model.loaded.runtime.predict = held.predict
    return held


def slow(folder: Path, seconds: float, monkeypatch) -> LiveModel:
    runtime = SlowRuntime(seconds)
    monkeypatch.setattr("serving.live.loaded.open_runtime", lambda _package: runtime)
    return live(folder, "7")


def ask(slots: Slots, model: str, instances: list, request_id: str | None = None) -> Answered:
    return asyncio.run(slots.answer(model, instances, request_id=request_id))


def test_an_answer_is_logged_under_the_version_that_gave_it(slots, recorder, tmp_path):
    slots.put(live(tmp_path))

    answered = ask(slots, MODEL, [{"text": "a"}], request_id="r")

    assert answered.predictions[0]["topic"] == "uno"
    assert (answered.request_id, answered.prediction_ids) == ("r", ["p0"])
    assert recorder.logged[0][:2] == ("1", [{"text": "a"}])


def test_a_model_that_answers_lists_answers_lists(slots, tmp_path):
    slots.put(live(tmp_path, many=True))

    answered = ask(slots, MODEL, [{"text": "a"}])

    assert [row["topic"] for row in answered.predictions[0]] == ["uno"]


@pytest.mark.parametrize(
    ("model", "instances", "error"),
    [
        ("nobody", [], UnknownModel),
        ("empty", [], NoChampion),
        (MODEL, [{"text": "a"}] * 51, TooManyInstances),
        (MODEL, [{"text": 5}], InvalidInstances),
        (MODEL, [{"text": " "}], RequestRefused),
    ],
)
def test_what_cannot_be_answered_is_refused_and_not_logged(
    slots, recorder, tmp_path, model, instances, error
):
    slots.put(live(tmp_path))

    with pytest.raises(error):
        ask(slots, model, instances)

    assert recorder.logged == []


def test_a_refused_request_does_not_keep_its_model_from_being_released(slots, tmp_path):
    slots.put(live(tmp_path))
    with pytest.raises(InvalidInstances):
        ask(slots, MODEL, [{}])

    slots.put(live(tmp_path, "2"))

    assert slots.release_retired() == 0


def test_a_slow_answer_does_not_hold_up_the_event_loop(slots, tmp_path, monkeypatch):
    model = slow(tmp_path, 0.1, monkeypatch)
    held = hold(model)
    slots.put(model)

    async def ask_and_tick() -> int:
        ticks = 0
        asked = asyncio.create_task(slots.answer(MODEL, [{"text": "a"}]))
        while not asked.done():
            await asyncio.sleep(0.005)
            ticks += 1
            if ticks > 5:
                held.let.set()
        return ticks

    assert asyncio.run(ask_and_tick()) > 5


def test_only_little_work_of_this_very_process_is_done_on_the_event_loop(tmp_path):
    loaded = replace(live(tmp_path).loaded, instance_ms=0.01, instance_bytes=14)
    foreign = loaded.package.contract.model_copy(update={"form": "flavour"})
    elsewhere = replace(loaded, package=replace(loaded.package, contract=foreign))

    assert loaded.is_quick([{"text": "a"}] * 100)
    assert not loaded.is_quick([{"text": "a"}] * 10_000)
    assert not loaded.is_quick([{"text": "a" * 10_000}])
    assert not elsewhere.is_quick([{"text": "a"}])


def test_what_the_server_has_put_in_is_looked_through_only_where_what_was_told_does_not_fit(
    tmp_path,
):
    loaded = live(tmp_path).loaded
    foreign = loaded.package.contract.model_copy(update={"form": "flavour"})
    elsewhere = replace(loaded, package=replace(loaded.package, contract=foreign))
    fits, does_not = [{"text": "a"}], [{"text": 5}]

    loaded.check_told(does_not, fits)
    loaded.check_told(fits, does_not)
    for told in (None, does_not):
        with pytest.raises(InvalidInstances):
            loaded.check_told(does_not, told)
    with pytest.raises(InvalidInstances):
        elsewhere.check_told(does_not, fits)


@pytest.mark.slow
def test_a_cancelled_request_keeps_its_model_until_its_thread_is_done(slots, tmp_path, monkeypatch):
    retired = slow(tmp_path, 0.2, monkeypatch)
    held = hold(retired)
    slots.put(retired)
    monkeypatch.undo()

    async def ask_and_leave() -> None:
        asked = asyncio.create_task(slots.answer(MODEL, [{"text": "a"}]))
        assert await asyncio.to_thread(held.begun.wait, 60)
        asked.cancel()
        slots.put(live(tmp_path, "8"))
        assert slots.release_retired() == 1
        assert not retired.loaded.runtime.closed.is_set()
        held.let.set()

    asyncio.run(ask_and_leave())
    wait_for(lambda: slots.release_retired() == 0)
    assert retired.loaded.runtime.closed.is_set()


@pytest.mark.slow
def test_a_request_cancelled_while_it_waits_for_a_thread_lets_go_of_its_model(
    slots, tmp_path, monkeypatch
):
    slots.put(slow(tmp_path, 0.2, monkeypatch))

    async def ask_and_cancel() -> None:
        asked = [asyncio.create_task(slots.answer(MODEL, [{"text": "a"}])) for _ in range(20)]
        await asyncio.sleep(0.05)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(ask_and_cancel())
    monkeypatch.undo()
    slots.put(live(tmp_path, "8"))

    wait_for(lambda: slots.release_retired() == 0)


def test_what_is_said_to_be_true_must_be_a_possible_answer(slots, tmp_path):
    slots.check_actual("empty", object())  # nobody can tell yet
    slots.put(live(tmp_path))
    slots.check_actual(MODEL, "dos")

    with pytest.raises(InvalidActual, match="topic"):
        slots.check_actual(MODEL, ["dos"])


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ({"golden": []}, "no golden"),
        ({"golden": [{"text": "a"}, {"texto": "b"}]}, "instance 1"),
        ({"response_schema": {"properties": {"topic": {"type": "integer"}}}}, "topic"),
    ],
)
def test_a_version_that_does_not_keep_its_own_contract_is_not_loaded(tmp_path, contract, said):
    with pytest.raises(WarmUpFailed, match=said):
        live(tmp_path, **contract)


def test_a_runtime_that_answers_too_little_is_not_loaded(tmp_path, monkeypatch):
    runtime = SlowRuntime(0)
    monkeypatch.setattr(runtime, "predict", lambda _instances: [])
    monkeypatch.setattr("serving.live.loaded.open_runtime", lambda _package: runtime)

    with pytest.raises(WarmUpFailed, match="0 answers to 2"):
        live(tmp_path)

    assert runtime.closed.is_set()


def test_a_broken_answer_later_on_is_an_error_and_not_an_answer(tmp_path):
    champion = live(tmp_path)
    loaded = champion.loaded
    loaded.runtime.predict = lambda instances: [[] for _ in instances]

    with pytest.raises(BrokenRuntime, match="other than one row"):
        loaded.predict([{"text": "a"}])


def test_a_package_opened_twice_answers_the_same(tmp_path):
    package = write_package(tmp_path / "1", "uno")

    assert load(package).golden == load(open_package(package.directory)).golden
