"""A promotion under steady load: no failed request, and each answer from one version."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.prediction_log import count
from pipelines.settings import Settings

CLIENTS = 8
TOPICS = {"1": "uno", "2": "dos", "3": "tres", "4": "cuatro"}


@dataclass
class Load:
    """What the clients of one run saw."""

    answers: list[dict] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 0.1}
    )
    stage = Stage(settings)
    yield stage
    stage.close()


@contextmanager
def served(stage: Stage) -> Iterator[str]:
    """Serve the stage over a real socket."""
    config = uvicorn.Config(stage.app(), port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextmanager
def loaded(url: str) -> Iterator[Load]:
    """Ask without pause from several clients, small requests and large ones."""
    load, over = Load(), threading.Event()

    def ask(size: int) -> None:
        body = {"instances": [{"text": "pintura"}] * size}
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not over.is_set():
                response = client.post(f"/v1/models/{MODEL}/predict", json=body)
                if response.status_code == 200:
                    load.answers.append(response.json())
                else:
                    load.failures.append(response.text)

    # The large ones take the way through a thread, the small ones the direct one.
    sizes = [1, 3, 1, 500] * (CLIENTS // 4)
    threads = [threading.Thread(target=ask, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _newest(load) -> str | None:
    return load.answers[-1]["model"]["version"] if load.answers else None


def test_no_request_fails_and_no_answer_mixes_versions_while_the_champion_changes(stage):
    stage.promote("1", TOPICS["1"])
    with served(stage) as url:
        with loaded(url) as load:
            wait_for(lambda: _newest(load) == "1")
            for version in ("2", "3", "4"):
                time.sleep(0.5)
                stage.promote(version, TOPICS[version])
                wait_for(lambda now=version: _newest(load) == now)
        predicted = sum(len(answer["predictions"]) for answer in load.answers)

    assert load.failures == []
    assert {answer["model"]["version"] for answer in load.answers} == set(TOPICS)
    for answer in load.answers:
        topics = {row["topic"] for row in answer["predictions"]}
        assert topics == {TOPICS[answer["model"]["version"]]}
    assert count(stage.store) == predicted


def test_after_a_swap_the_old_model_is_released_once_its_requests_are_done(stage):
    stage.promote("1", TOPICS["1"])
    app = stage.app()
    slots = app.state.services.slots
    follower = app.state.services.follower
    follower.look()
    follower.settle()
    before = slots._live[MODEL]
    assert before.acquire()  # a request that is still at it
    stage.promote("2", TOPICS["2"])

    follower.look()
    follower.settle()
    assert slots.release_retired() == 1
    assert slots.served(MODEL).version == "2"
    before.release()

    assert slots.release_retired() == 0
    assert not before.acquire()
    app.state.services.follower.stop()
    slots.close()
