"""Worker processes are replaced when they die or hang, and restarted without losing a request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest
from ports import free_port
from waiting import wait_for

pytestmark = pytest.mark.slow


class Parent:
    """`python -m plain_workers` on a free port."""

    def __init__(self, *arguments: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "PYTHONSAFEPATH": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "plain_workers", str(port), *arguments], env=environment
        )

    @property
    def children(self) -> set[int]:
        found = psutil.Process(self.process.pid).children()
        return {each.pid for each in found if is_worker(each)}

    def ask(self, path: str = "/") -> int:
        """Return the id of the process that answered."""
        return int(httpx.get(f"{self.url}{path}", trust_env=False, timeout=60).text)

    @contextmanager
    def begun(self, path: str) -> Iterator[httpx.Response]:
        """Ask, and yield as soon as the head of the answer is there."""
        with httpx.stream("GET", f"{self.url}{path}", trust_env=False, timeout=60) as response:
            yield response

    def serving(self) -> set[int]:
        """Return which processes answer, as far as some new connections tell."""
        try:
            return {self.ask() for _ in range(20)}
        except httpx.TransportError:
            return set()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


@contextmanager
def running(*arguments: str) -> Iterator[Parent]:
    """A parent of two workers that answer, ended afterwards."""
    parent = Parent(*arguments)
    try:
        wait_for(lambda: len(parent.serving()) == 2)
        yield parent
    finally:
        parent.process.terminate()
        parent.process.wait(timeout=120)


@pytest.fixture
def parent() -> Iterator[Parent]:
    with running() as parent:
        yield parent


def test_a_killed_worker_is_replaced(parent):
    victim = min(parent.children)

    os.kill(victim, signal.SIGKILL)

    wait_for(lambda: len(parent.serving() - {victim}) == 2)
    assert victim not in parent.children


def test_a_worker_that_is_stopped_is_replaced_and_the_other_goes_on(parent):
    hung, other = sorted(parent.children)

    os.kill(hung, signal.SIGSTOP)

    assert {parent.ask() for _ in range(5)} == {other}
    wait_for(lambda: len(parent.serving() - {hung}) == 2)


def test_a_worker_whose_event_loop_is_blocked_is_replaced(parent):
    before = parent.children
    threading.Thread(target=ignore_loss, args=(parent, "/block")).start()

    wait_for(lambda: len(before - parent.children) == 1)
    wait_for(lambda: len(parent.serving()) == 2)


def test_whoever_comes_while_it_stops_is_refused_and_kept_waiting_for_nobody():
    with running("--stop-seconds", "100") as parent, parent.begun("/held"):
        parent.signal(signal.SIGTERM)

        wait_for(lambda: refuses(parent), 60)
        assert parent.process.poll() is None, "it had ended before"


def test_a_restart_of_all_workers_under_load_loses_no_request(parent):
    before = parent.children
    with asking(parent) as (answers, failures):
        wait_for(lambda: len(answers) > 20)
        parent.signal(signal.SIGHUP)
        wait_for(lambda: len(parent.children) == 2 and not parent.children & before)
        wait_for(lambda: set(answers) >= parent.children)

    assert failures == []
    assert set(answers) >= parent.children


def test_workers_are_added_and_taken_away_by_signals(parent):
    parent.signal(signal.SIGTTIN)
    wait_for(lambda: len(parent.serving()) == 3)

    parent.signal(signal.SIGTTOU)
    wait_for(lambda: len(parent.children) == 2)


def test_what_was_asked_before_the_end_is_answered(parent):
    answers: list[int] = []
    begun: list[int] = []

    def ask() -> None:
        with parent.begun("/slow") as response:
            begun.append(response.status_code)
            answers.append(int(response.read()))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(begun) == 6, every=0.005)

    parent.signal(signal.SIGTERM)

    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert parent.process.wait(timeout=120) == 0


def test_a_worker_that_hangs_does_not_keep_the_parent_from_ending(parent):
    hung = min(parent.children)
    os.kill(hung, signal.SIGSTOP)

    parent.signal(signal.SIGTERM)

    assert parent.process.wait(timeout=120) == 0
    assert not psutil.pid_exists(hung)


def test_a_parent_none_of_whose_workers_can_start_gives_up():
    parent = Parent("--broken")

    assert parent.process.wait(timeout=120) == 3


def is_worker(process: psutil.Process) -> bool:
    try:
        return "multiprocessing.spawn" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False  # it has ended, and its parent has not read how yet


@contextmanager
def asking(parent: Parent) -> Iterator[tuple[list[int], list[str]]]:
    """Ask without pause, from clients that stay on their connection and others that do not."""
    answers: list[int] = []
    failures: list[str] = []
    over = threading.Event()

    def go(kept: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=kept)
        with httpx.Client(
            base_url=parent.url, trust_env=False, timeout=60, limits=limits
        ) as client:
            while not over.is_set():
                try:
                    answers.append(int(client.get("/").text))
                except httpx.HTTPError as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=go, args=(kept,)) for kept in (1, 1, 1, 0)]
    for thread in threads:
        thread.start()
    try:
        yield answers, failures
    finally:
        over.set()
        for thread in threads:
            thread.join()


def refuses(parent: Parent) -> bool:
    try:
        parent.ask()
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        pass  # accepted, and then let go
    return False


def ignore_loss(parent: Parent, path: str) -> None:
    try:
        parent.ask(path)
    except httpx.TransportError:
        return  # the process that was asked is killed
