"""`kill -9` of the server under load: every answer that left is in the log, exactly once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from serving_process import ServingProcess
from serving_stage import MODEL, Stage
from sqlalchemy import select
from waiting import wait_for

from pipelines.settings import Settings
from pipelines.store import open_store, predictions

PREDICT = f"/v1/models/{MODEL}/predict"

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, make_settings: Callable[..., Settings]) -> Path:
    """A home with a champion in the verified cache and no MLflow at all."""
    settings = make_settings(models={MODEL: {"source": {"url": "texts.csv"}}})
    (settings.home / "contender.toml").write_text(
        f'[models.{MODEL}.source]\nurl = "texts.csv"\n[ports]\nmlflow = 1\nprefect = 2\n'
        "[serving]\npoll_seconds = 0.2\n"
    )
    stage = Stage(settings)
    decision = stage.promote("1", "uno")
    cached = settings.var / "cache" / MODEL / str(decision.artifact_digest)
    stage.registry.download(MODEL, "1", cached)
    stage.close()
    return settings.home


@contextmanager
def asking(server: ServingProcess, clients: int = 4):
    """Ask from several clients; yield the prediction ids of every answer that arrived."""
    received: list[str] = []
    over = threading.Event()

    def ask(size: int) -> None:
        body = {"instances": [{"text": "pintura"}] * size}
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            while not over.is_set():
                try:
                    answer = client.post(PREDICT, json=body)
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    received.extend(answer.json()["prediction_ids"])

    threads = [threading.Thread(target=ask, args=(size,)) for size in [1, 7, 300, 1][:clients]]
    for thread in threads:
        thread.start()
    try:
        yield received
    finally:
        over.set()
        for thread in threads:
            thread.join()


def logged(home: Path) -> list[str]:
    store = open_store(f"sqlite:///{home / 'var' / 'contender.db'}")
    with store.read() as connection:
        found = list(connection.execute(select(predictions.c.prediction_id)).scalars())
    store.close()
    return found


def test_no_answered_prediction_is_lost_or_counted_twice_over_three_kills(home):
    answered: set[str] = set()
    for _ in range(3):
        with ServingProcess(home) as server, asking(server) as received:
            time.sleep(0.9)  # long enough for some of it to be drained, and some not
            wait_for(lambda received=received: len(received) > 100)
            server.kill()
        answered |= set(received)
    with ServingProcess(home):
        pass  # the next start takes over what the killed ones left, and a clean stop drains

    kept = logged(home)
    assert len(answered) > 100
    assert answered <= set(kept)
    assert len(kept) == len(set(kept))
    assert not list((home / "var" / "spool").glob("*.jsonl"))


def test_a_killed_worker_is_replaced_and_its_predictions_are_kept(home):
    with ServingProcess(home, workers=2) as server:
        wait_for(lambda: len(workers(server)) == 2)
        with asking(server) as received:
            time.sleep(0.5)
            victim = int(workers(server)[0].split("-")[-2])
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda: is_replaced(server, victim))
            # Neither does the dead one count any more, nor is its successor left out.
            wait_for(lambda: told(server, "contender_workers ") == [2.0])
        with asking(server) as more:
            time.sleep(0.5)
            wait_for(lambda: more)

    assert len(more) > 0
    assert set(received) | set(more) <= set(logged(home))


def test_workers_end_with_a_killed_parent_so_that_the_next_start_gets_the_port(home):
    with ServingProcess(home, workers=2) as server:
        server.kill()
        wait_for(server.port_is_free)


def test_metrics_add_up_over_all_workers(home):
    with ServingProcess(home, workers=2) as server:
        wait_for(lambda: len(workers(server)) == 2)
        with asking(server) as received:
            time.sleep(0.5)
            wait_for(lambda: received)
        # Each worker hands over what it has counted now and then.
        answers = "contender_predictions_total"
        wait_for(lambda: told(server, answers) == [float(len(received))])
        # Of the store each says the same: that is not added up.
        assert told(server, "contender_store_up") == [1.0]
        assert told(server, "contender_decided_generation") == [1.0]


def test_who_asks_for_a_websocket_is_answered_as_everybody_is(home):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    with ServingProcess(home) as server:
        told = {**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        answer = httpx.get(f"{server.url}/livez", headers=told, trust_env=False, timeout=30)

    assert answer.json() == {"status": "alive"}


def told(server: ServingProcess, figure: str) -> list[float]:
    text = httpx.get(f"{server.url}/metrics", trust_env=False, timeout=60).text
    lines = [line for line in text.splitlines() if line.startswith(figure)]
    return [float(line.split()[-1]) for line in lines]


def workers(server: ServingProcess) -> list[str]:
    document = httpx.get(f"{server.url}/readyz", trust_env=False, timeout=60).json()
    return [worker["worker_id"] for worker in document["workers"][MODEL]]


def is_replaced(server: ServingProcess, victim: int) -> bool:
    """Return whether two workers live and the victim, forgotten after a while, is none of them."""
    try:
        names = workers(server)
    except httpx.TransportError:
        return False  # the socket was still the victim's
    return len(names) == 2 and not any(f"-{victim}-" in name for name in names)
