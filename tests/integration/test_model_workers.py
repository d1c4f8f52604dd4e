"""Models that workers answer through a real Redis: the same answers, and nobody waits in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from asgi_client import AppClient
from redis_server import RedisServer
from remote_stage import (
    PREDICT,
    WorkerThread,
    remote_settings,
    started,
    versions,
)
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.contract import RequestRefused
from pipelines.settings import Settings
from serving.remote.wire import GROUP, Target

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisServer) -> RedisServer:
    return started(redis_server)


@pytest.fixture
def stage(make_settings: Callable[..., Settings], redis: RedisServer) -> Iterator[Stage]:
    stage = Stage(remote_settings(make_settings, redis.url, queue_limit=4, deadline_seconds=100))
    stage.promote("1", "uno")
    yield stage
    stage.close()


class Gate:
    """A model that answers with the text, keeps "espera" waiting until let, and refuses "no"."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.begun = threading.Semaphore(0)

    def predict(self, instances):
        if any(instance["text"] == "espera" for instance in instances):
            self.begun.release()
            assert self.opened.wait(120)
        if any(instance["text"] == "no" for instance in instances):
            place = [instance["text"] for instance in instances].index("no")
            raise RequestRefused(f"instance {place}: text is refused")
        return [[{"topic": instance["text"], "confidence": 1.0}] for instance in instances]

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def gate(monkeypatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr("serving.live.loaded.open_runtime", lambda _package: gate)
    yield gate
    gate.opened.set()


def ask(client: AppClient, *texts: str, **headers: str):
    body = {"instances": [{"text": text} for text in texts]}
    return client.post(PREDICT, json=body, headers=headers)


def topics(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [row["topic"] for row in response.json()["predictions"]]


def queue(stage: Stage) -> str:
    head = stage.log.head(MODEL)
    assert head
    return Target(MODEL, head.artifact_digest).queue


def logged(stage: Stage) -> list[tuple]:
    """Return what the prediction log has, without what is drawn anew each time."""
    from sqlalchemy import select

    from pipelines.store import predictions

    with stage.store.read() as connection:
        rows = connection.execute(select(predictions)).mappings()
        kept = ("model", "version", "generation", "decision_id", "instance", "answer")
        return [tuple(row[name] for name in kept if name in row) for row in rows]


def test_both_ways_give_the_same_answers_and_the_same_rows_in_the_log(stage, make_settings):
    asked = ["pintura blanca", "ñandú", "papel"]
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        remote = ask(client, *asked)
        assert client.get(f"/v1/models/{MODEL}").json()["answering"]["where"] == "model worker"
    there = logged(stage)
    stage.settings = make_settings(models={MODEL: {"source": {"url": "texts.csv"}}})
    with AppClient(stage.app()) as client:
        local = ask(client, *asked)

    assert remote.json()["predictions"] == local.json()["predictions"]
    assert remote.json()["model"] == local.json()["model"]
    assert remote.headers["X-Generation"] == local.headers["X-Generation"]
    assert len(there) == len(asked)
    assert logged(stage)[len(asked) :] == there


def test_what_the_contract_or_the_model_refuses_is_refused_in_the_same_words(stage):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        invalid = ask(client, "bien", "")
        refused = ask(client, "bien", "  ")

    assert (invalid.status_code, refused.status_code) == (422, 422)
    assert invalid.json()["type"].endswith("invalid-instances")
    assert refused.json()["detail"] == "instance 1: text must be a text that is not empty"


def test_one_refused_request_spoils_no_other_of_its_call(stage, gate):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(ask, client, "espera")
            assert gate.begun.acquire(timeout=120)
            others = [pool.submit(ask, client, text) for text in ("sí", "no", "también")]
            wait_for(lambda: worker.redis.xlen(queue(stage)) == 4)
            gate.opened.set()
            answers = [each.result() for each in (first, *others)]

    assert [answer.status_code for answer in answers] == [200, 200, 422, 200]


def test_a_large_request_comes_back_in_order(stage, gate):
    texts = [f"texto {number}" for number in range(300)]
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")

        assert topics(ask(client, *texts)) == texts


def test_a_deadline_ends_the_wait_and_takes_the_request_back(stage, gate, redis):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(ask, client, "espera")
            assert gate.begun.acquire(timeout=120)
            late = ask(client, "tarde", **{"X-Deadline-Ms": "300"})
            wait_for(lambda: redis.client().xlen(queue(stage)) == 1)
            gate.opened.set()

            assert topics(first.result()) == ["espera"]
    assert late.status_code == 504
    assert all("tarde" not in str(row) for row in logged(stage))


def test_a_full_queue_turns_requests_away_and_says_when_to_come_again(stage, gate):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(ask, client, "espera") for _ in range(4)]
            wait_for(lambda: worker.redis.xlen(queue(stage)) == 4)
            full = ask(client, "una más")
            gate.opened.set()

            assert [answer.result().status_code for answer in waiting] == [200] * 4
        assert full.status_code == 429
        assert int(full.headers["Retry-After"]) >= 1
        assert topics(ask(client, "otra vez")) == ["otra vez"]


def test_without_a_worker_there_is_a_refusal_at_once_and_an_answer_as_soon_as_there_is_one(stage):
    with AppClient(stage.app()) as client:
        alone = ask(client, "hola")
        with WorkerThread(stage) as worker:
            worker.wait_until_it_has("1")
            wait_for(lambda: ask(client, "hola").status_code == 200)

        assert alone.status_code == 503
        assert alone.json()["type"].endswith("no-model-worker")
        assert "Retry-After" in alone.headers
        wait_for(lambda: ask(client, "hola").status_code == 503)


def test_while_redis_is_down_requests_are_refused_and_afterwards_answered_again(stage, redis):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        assert topics(ask(client, "antes")) == ["uno"]
        redis.stop()
        down = [ask(client, "durante") for _ in range(3)]
        up_then = client.get("/metrics").text
        redis.start()  # empty: no queue, no group, no worker that it knows
        wait_for(lambda: ask(client, "después").status_code == 200)
        up_now = client.get("/metrics").text

    assert [answer.status_code for answer in down] == [503] * 3
    assert all(answer.json()["type"].endswith("redis-away") for answer in down)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in down)
    assert "contender_redis_up 0.0" in up_then
    assert "contender_redis_up 1.0" in up_now
    assert 'contender_model_workers{model="stub",version="1"} 1.0' in up_now


def test_a_redis_that_says_nothing_more_holds_up_no_request_for_long(stage, redis):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        assert topics(ask(client, "antes")) == ["uno"]
        redis.hang()
        try:
            hung = ask(client, "durante")
            again = ask(client, "durante")
        finally:
            redis.go_on()
        wait_for(lambda: ask(client, "después").status_code == 200)

    # The deadline is 100 s, and would be a 504: neither request has waited for it.
    assert hung.status_code == again.status_code == 503


def test_a_cut_connection_loses_no_answer(stage, gate, redis):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, client, "espera")
            assert gate.begun.acquire(timeout=120)
            with redis.client() as admin:
                admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            gate.opened.set()

            assert topics(asked.result()) == ["espera"]


def test_what_a_dead_worker_left_is_answered_by_another_one_and_logged_once(stage, redis):
    with redis.client() as dead, AppClient(stage.app()) as client:
        # One that lives as far as anybody knows, takes the request, and is never heard of again.
        target = Target(MODEL, stage.log.head(MODEL).artifact_digest)
        dead.xgroup_create(target.queue, GROUP, id="0", mkstream=True)
        dead.zadd(target.serving, {"dead": (time.time() + 3600) * 1000})
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, client, "huérfana")
            wait_for(lambda: dead.xreadgroup(GROUP, "dead", {target.queue: ">"}))
            with WorkerThread(stage):
                assert topics(asked.result()) == ["uno"]
        assert (
            'contender_redelivered_requests_total{model="stub"} 1.0' in client.get("/metrics").text
        )
        assert dead.xlen(target.queue) == 0
    assert len(logged(stage)) == 1


def test_a_request_that_ends_every_worker_is_given_up(stage, redis):
    with redis.client() as dead, AppClient(stage.app()) as client:
        target = Target(MODEL, stage.log.head(MODEL).artifact_digest)
        dead.xgroup_create(target.queue, GROUP, id="0", mkstream=True)
        dead.zadd(target.serving, {"dead": (time.time() + 3600) * 1000})
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, client, "veneno")
            wait_for(lambda: dead.xreadgroup(GROUP, "dead", {target.queue: ">"}))
            for _ in range(3):
                entries = [
                    each["message_id"]
                    for each in dead.xpending_range(target.queue, GROUP, "-", "+", 9)
                ]
                dead.xclaim(target.queue, GROUP, "dead too", 0, entries, idle=60_000)
            with WorkerThread(stage):
                given_up = asked.result()

    assert given_up.status_code == 502
    assert given_up.json()["type"].endswith("model-worker-failed")
    assert logged(stage) == []


def test_workers_have_a_promoted_version_before_the_api_switches_to_it(stage):
    seen: list[tuple[str, str]] = []
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")

        def switched() -> bool:
            answer = ask(client, "hola")
            assert answer.status_code == 200, answer.text
            document = answer.json()
            seen.append((document["model"]["version"], document["predictions"][0]["topic"]))
            return seen[-1][0] == "2"

        assert not switched()
        stage.promote("2", "dos")
        wait_for(switched)
        worker.wait_until_it_has("1")  # whoever has not switched yet is still answered

    assert set(seen) == {("1", "uno"), ("2", "dos")}


def test_a_version_that_no_worker_can_load_leaves_the_one_before_in_its_place(stage):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        stage.registry.spoil = lambda folder: (folder / "compiled" / "weights.npz").write_bytes(b"")
        stage.promote("2", "dos")

        def note() -> str:
            return str(client.get("/health").json()["slots"][0]["note"])

        wait_for(lambda: "no model worker has" in note() and "weights.npz" in note())
        assert topics(ask(client, "hola")) == ["uno"]
        assert versions(worker.redis) == ["1"]


def test_a_digest_that_was_never_admitted_is_loaded_by_no_worker(stage):
    with WorkerThread(stage) as worker:
        worker.wait_until_it_has("1")
        stage.decide("9", "f" * 64)
        wait_for(lambda: worker.worker.holdings.word.failed)

        assert "never admitted" in worker.worker.holdings.word.failed["f" * 64]
        assert versions(worker.redis) == ["1"]


def test_a_worker_that_is_told_to_stop_answers_what_it_has_begun(stage, gate):
    worker = WorkerThread(stage)
    with AppClient(stage.app()) as client, ThreadPoolExecutor(2) as pool:
        with worker:
            worker.wait_until_it_has("1")
            asked = pool.submit(ask, client, "espera")
            assert gate.begun.acquire(timeout=120)
            worker._stop.set()
            wait_for(lambda: versions(worker.redis) == [])
            late = ask(client, "tarde")
            gate.opened.set()

        assert topics(asked.result()) == ["espera"]
        assert late.status_code == 503


def test_the_api_needs_none_of_the_files_that_its_workers_answer_from(stage):
    with WorkerThread(stage) as worker, AppClient(stage.app()) as client:
        worker.wait_until_it_has("1")
        assert topics(ask(client, "hola")) == ["uno"]
        downloads = stage.registry.downloads

    assert downloads == 1  # the worker's
    contracts = Path(stage.settings.var / "cache" / ".contracts" / MODEL)
    assert [path.name for path in contracts.rglob("*") if path.is_file()] in ([], ["contract.json"])
