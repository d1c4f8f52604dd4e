"""Two real workers on one port: they switch together, and no client goes back in time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from decided_home import PREDICT, DecidedHome
from serving_process import ServingProcess
from serving_stage import MODEL
from waiting import wait_for

from pipelines.prediction_log import count
from pipelines.settings import Settings

pytestmark = pytest.mark.slow

TOPICS = {"1": "uno", "2": "dos", "3": "tres", "4": "cuatro"}


@pytest.fixture
def decided(make_settings: Callable[..., Settings]) -> Iterator[DecidedHome]:
    with DecidedHome(make_settings) as home:
        home.decide("1", TOPICS["1"])
        yield home


@dataclass
class Seen:
    """What one client saw, in its order: generation and version, topics, and what failed."""

    answers: list[tuple[int, str, set[str]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    predictions: int = 0

    @property
    def generations(self) -> list[int]:
        return [generation for generation, _, _ in self.answers]


def ask(client: httpx.Client, seen: Seen, size: int) -> None:
    """Ask once, demanding what was seen last."""
    demanded = {"X-Min-Generation": str(max(seen.generations[-1:], default=0))}
    body = {"instances": [{"text": "pintura"}] * size}
    answer = client.post(PREDICT, json=body, headers=demanded)
    if answer.status_code != 200:
        seen.failures.append(answer.text)
        return
    topics = {row["topic"] for row in answer.json()["predictions"]}
    generation = int(answer.headers["X-Generation"])
    assert generation == answer.json()["model"]["generation"]
    seen.answers.append((generation, answer.json()["model"]["version"], topics))
    seen.predictions += size


@contextmanager
def asking(server: ServingProcess) -> Iterator[list[Seen]]:
    """Ask without pause from four clients: two stay on their connection, two take one each time."""
    over = threading.Event()

    def go(seen: Seen, size: int, kept: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=kept)
        with httpx.Client(
            base_url=server.url, trust_env=False, timeout=60, limits=limits
        ) as client:
            while not over.is_set():
                try:
                    ask(client, seen, size)
                except httpx.TransportError as error:
                    seen.failures.append(repr(error))

    clients = [Seen() for _ in range(4)]
    shapes = [(1, 1), (300, 1), (1, 0), (7, 0)]
    threads = [
        threading.Thread(target=go, args=(seen, *shape))
        for seen, shape in zip(clients, shapes, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        over.set()
        for thread in threads:
            thread.join()


def readiness(server: ServingProcess) -> dict:
    return httpx.get(f"{server.url}/readyz", trust_env=False, timeout=60).json()


def pids(server: ServingProcess) -> set[int]:
    return {int(each["worker_id"].split("-")[-2]) for each in readiness(server)["workers"][MODEL]}


def wait_for_all(server: ServingProcess, generation: int, workers: int = 2) -> None:
    """Wait until so many workers live and all of them answer with this generation."""

    def all_do() -> bool:
        said = readiness(server)
        found = [each["generation"] for each in said["workers"][MODEL]]
        settled = said["agreed"][MODEL] and not said["preparations"][MODEL]
        return settled and found == [generation] * workers

    wait_for(all_do)


def wait_for_clients(clients: list[Seen], generation: int) -> None:
    """Wait until every client was answered by this generation."""
    wait_for(lambda: all(generation in seen.generations for seen in clients))


def test_swaps_under_load_fail_nothing_mix_nothing_and_never_go_back(decided):
    with ServingProcess(decided.folder, workers=2) as server:
        wait_for_all(server, 1)
        with asking(server) as clients:
            wait_for_clients(clients, 1)
            for version in ("2", "3", "4"):
                generation = decided.decide(version, TOPICS[version])
                wait_for_all(server, generation)
                wait_for_clients(clients, generation)
            generation = decided.go_back("3")
            wait_for_all(server, generation)
            wait_for_clients(clients, generation)

    assert [seen.failures for seen in clients] == [[]] * 4
    for seen in clients:
        assert seen.generations == sorted(seen.generations)
        assert set(seen.generations) == {1, 2, 3, 4, 5}
        assert all(topics == {TOPICS[version]} for _, version, topics in seen.answers)
    assert count(decided.stage.store) == sum(seen.predictions for seen in clients)


def test_a_killed_worker_is_waited_for_by_nobody_and_its_successor_agrees(decided):
    with ServingProcess(decided.folder, workers=2) as server:
        wait_for_all(server, 1)
        with asking(server) as clients:
            victim = min(pids(server))
            os.kill(victim, signal.SIGKILL)
            generation = decided.decide("2", TOPICS["2"])
            wait_for(lambda: has_agreed_without(server, victim, generation))
            wait_for_clients(clients, generation)

    for seen in clients:
        assert seen.generations == sorted(seen.generations)
        assert seen.generations[-1] == generation
        # A connection of the killed worker is lost, at most one request of each client with it.
        assert len(seen.failures) <= 1


def test_a_restart_of_the_workers_under_load_loses_no_request_and_no_row_of_the_log(decided):
    with ServingProcess(decided.folder, workers=2) as server:
        wait_for_all(server, 1)
        before = pids(server)
        with asking(server) as clients:
            wait_for_clients(clients, 1)
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(pids(server)) == 2 and not pids(server) & before)
            generation = decided.decide("2", TOPICS["2"])
            wait_for_all(server, generation)
            wait_for_clients(clients, generation)

    assert [seen.failures for seen in clients] == [[]] * 4
    assert all(set(seen.generations) == {1, 2} for seen in clients)
    assert count(decided.stage.store) == sum(seen.predictions for seen in clients)


def test_two_servers_with_one_store_agree_and_a_client_of_both_never_goes_back(decided):
    with ServingProcess(decided.folder) as one, ServingProcess(decided.folder) as other:
        wait_for_all(one, 1)
        seen, over = Seen(), threading.Event()

        def alternate() -> None:
            with (
                httpx.Client(base_url=one.url, trust_env=False, timeout=60) as first,
                httpx.Client(base_url=other.url, trust_env=False, timeout=60) as second,
            ):
                while not over.is_set():
                    ask(first, seen, 1)
                    ask(second, seen, 1)

        client = threading.Thread(target=alternate)
        client.start()
        try:
            wait_for_clients([seen], 1)
            for version in ("2", "3"):
                generation = decided.decide(version, TOPICS[version])
                wait_for_all(other, generation)
                wait_for_clients([seen], generation)
        finally:
            over.set()
            client.join()
        assert len(pids(one)) == 2

    assert seen.failures == []
    assert seen.generations == sorted(seen.generations)
    assert set(seen.generations) == {1, 2, 3}


def test_a_worker_that_hangs_holds_the_other_up_for_a_while_only_and_takes_nobody_back(
    make_settings,
):
    # It would not look again by itself for a minute: only who demands a generation gets it.
    with DecidedHome(make_settings, poll_seconds=60) as home:
        home.decide("1", TOPICS["1"])
        with ServingProcess(home.folder, workers=2) as server:
            wait_for(lambda: len(pids(server)) == 2)
            hung = min(pids(server))
            with asking(server) as clients:
                os.kill(hung, signal.SIGSTOP)
                try:
                    generation = home.decide("2", TOPICS["2"])
                    httpx.post(f"{server.url}/v1/registry-events", trust_env=False, timeout=60)
                    wait_for(lambda: any(generation in seen.generations for seen in clients))
                finally:
                    os.kill(hung, signal.SIGCONT)
                wait_for_clients(clients, generation)
                wait_for_all(server, generation)

    assert [seen.failures for seen in clients] == [[]] * 4
    for seen in clients:
        assert seen.generations == sorted(seen.generations)


def has_agreed_without(server: ServingProcess, victim: int, generation: int) -> bool:
    try:
        found = readiness(server)["workers"][MODEL]
        return (
            victim not in pids(server)
            and [each["generation"] for each in found] == [generation] * 2
        )
    except httpx.TransportError:
        return False  # the socket was still the victim's
