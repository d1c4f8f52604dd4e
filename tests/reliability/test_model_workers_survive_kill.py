"""`kill -9` of a model worker that holds requests: another one answers them, each once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from decided_home import PREDICT, DecidedHome
from redis_server import RedisServer
from remote_stage import versions, worker_process
from serving_process import ServingProcess
from serving_stage import MODEL
from sqlalchemy import func, select
from waiting import wait_for

from pipelines.store import predictions
from serving.remote.wire import GROUP, REDELIVERED, Target

CLIENTS = 4


@pytest.fixture
def redis(tmp_path, monkeypatch) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        monkeypatch.setenv("CONTENDER_REDIS_URL", server.url)
        yield server


@pytest.fixture
def home(make_settings, redis) -> Iterator[DecidedHome]:
    with DecidedHome(make_settings) as home:
        with (home.folder / "contender.toml").open("a") as stream:
            stream.write(f'[workers]\nmodels = ["{MODEL}"]\n')
        home.decide("1", "uno")
        yield home


class Clients:
    """Ask one request after the other, some at a time, until told to stop."""

    def __init__(self, url: str) -> None:
        self.answers: list[str] = []
        self.refused: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url,)) for _ in range(CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, url: str) -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not self._stop.is_set():
                answer = client.post(PREDICT, json={"instances": [{"text": "pintura"}]})
                if answer.status_code == 200:
                    self.answers += answer.json()["prediction_ids"]
                else:
                    self.refused.append(answer.text)


@pytest.mark.slow
def test_what_a_killed_worker_held_is_answered_by_another_one_and_logged_once(home, redis):
    folder, url = home.folder, redis.url
    queue = Target(MODEL, home.stage.log.head(MODEL).artifact_digest).queue
    with worker_process(folder, url) as victim, worker_process(folder, url), redis.client() as look:
        wait_for(lambda: versions(look) == ["1", "1"])
        with ServingProcess(folder) as server, Clients(server.url) as clients:
            wait_for(lambda: len(clients.answers) > 50)
            stop_with_requests_in_hand(victim, look, queue)
            os.kill(victim.pid, signal.SIGKILL)
            wait_for(lambda: look.hget(REDELIVERED, MODEL))
            before = len(clients.answers)
            wait_for(lambda: len(clients.answers) > before + 50)

    with home.stage.store.read() as connection:
        logged = connection.execute(select(func.count()).select_from(predictions)).scalar()
    assert clients.refused == []
    assert len(set(clients.answers)) == len(clients.answers) == logged


def stop_with_requests_in_hand(victim: subprocess.Popen[bytes], look, queue: str) -> None:
    """Stop a worker at a moment when it has taken requests and not answered them yet."""

    def caught() -> bool:
        victim.send_signal(signal.SIGSTOP)
        time.sleep(0.1)  # what Redis owes whoever it believes to be waiting is given by then
        if held_by(look, queue, victim.pid):
            return True
        victim.send_signal(signal.SIGCONT)
        time.sleep(0.05)
        return False

    wait_for(caught)


def held_by(look, queue: str, pid: int) -> int:
    """Return how many requests a worker has taken and not answered."""
    return sum(
        each["pending"]
        for each in look.xinfo_consumers(queue, GROUP)
        if f"-{pid}-" in each["name"].decode()
    )


@pytest.mark.slow
def test_a_worker_told_to_stop_under_load_loses_nothing(home, redis):
    folder, url = home.folder, redis.url
    with (
        worker_process(folder, url) as leaving,
        worker_process(folder, url),
        redis.client() as look,
    ):
        wait_for(lambda: versions(look) == ["1", "1"])
        with ServingProcess(folder) as server, Clients(server.url) as clients:
            wait_for(lambda: len(clients.answers) > 50)
            leaving.terminate()
            assert leaving.wait(timeout=120) == 0
            before = len(clients.answers)
            wait_for(lambda: len(clients.answers) > before + 50)

    assert clients.refused == []
    assert not look.hget(REDELIVERED, MODEL)
