"""Two-phase swaps: prepared by each worker, settled once, switched by all at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from pipelines.confirmations import confirm, confirmed
from pipelines.decisions.log import Champion
from pipelines.processes import ProcessIdentity, this_process
from pipelines.rendezvous import Rendezvous, members, preparations
from pipelines.store import Store
from serving.conductor import Conductor

pytestmark = pytest.mark.both_databases
CHAMPION = Champion("stub", "2", 2, "d2", "digest", None)
GONE = ProcessIdentity(this_process().host, 2**22 + 1, "1.0")
ELSEWHERE = ProcessIdentity("another-host", 77, "1.0")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(store: Store, clock: Clock) -> Callable[..., Rendezvous]:
    """Return a maker of workers that have joined."""

    def make(name: str, process: ProcessIdentity | None = None) -> Rendezvous:
        made = Rendezvous(store, name, process=process, clock=clock)
        made.join()
        return made

    return make


def test_a_worker_alone_switches_at_once(worker, clock):
    alone = worker("a")
    alone.say(CHAMPION, "prepared")

    assert alone.moment(CHAMPION) == clock.now


def test_nobody_switches_before_the_last_living_worker_is_prepared(worker, clock):
    first, last = worker("a"), worker("b")
    first.say(CHAMPION, "prepared")
    assert first.moment(CHAMPION) is None

    last.say(CHAMPION, "prepared")
    moment = last.moment(CHAMPION)

    assert moment is not None
    assert moment > clock.now
    assert first.moment(CHAMPION) == moment


def test_what_one_worker_prepares_for_another_decision_does_not_count(worker):
    first, last = worker("a"), worker("b")
    first.say(CHAMPION, "prepared")
    last.say(replace(CHAMPION, generation=1, decision_id="d1"), "prepared")

    assert first.moment(CHAMPION) is None


def test_a_worker_that_cannot_load_holds_nobody_up_and_is_seen(worker, store):
    first, broken = worker("a"), worker("b")
    first.say(CHAMPION, "prepared")
    broken.say(CHAMPION, "failed", "the disk is full")

    assert first.moment(CHAMPION) is not None
    assert [word.note for word in preparations(store, "stub")] == ["", "the disk is full"]


def test_a_silent_worker_is_waited_for_with_patience_only(worker, clock):
    first = worker("a")
    worker("b")
    first.say(CHAMPION, "prepared")
    clock.now += first.patience_seconds - 0.1
    assert first.moment(CHAMPION) is None

    clock.now += 0.2

    assert first.moment(CHAMPION) is not None


def test_a_killed_worker_is_not_waited_for_and_is_forgotten(worker, store, clock):
    first = worker("a")
    worker("killed", GONE)
    confirm(store, "killed", "stub", "1", 1, "d1", clock=clock)
    first.say(CHAMPION, "prepared")

    assert first.moment(CHAMPION) is not None
    first.join()

    assert [member.worker_id for member in members(store)] == ["a"]
    assert confirmed(store, "stub", clock=clock) == []


def test_a_worker_of_another_host_counts_until_it_has_been_silent_for_long(worker, store, clock):
    first = worker("a")
    worker("far", ELSEWHERE)
    first.say(CHAMPION, "prepared")
    assert first.moment(CHAMPION) is None

    clock.now += 16
    first.say(CHAMPION, "prepared")

    assert first.moment(CHAMPION) is not None
    first.join()
    assert [member.worker_id for member in members(store)] == ["a", "far"]


def test_a_worker_that_left_is_not_waited_for(worker):
    first, leaving = worker("a"), worker("b")
    first.say(CHAMPION, "prepared")
    leaving.leave()

    assert first.moment(CHAMPION) is not None


def test_a_worker_that_starts_later_finds_the_moment_settled(worker, clock):
    first = worker("a")
    first.say(CHAMPION, "prepared")
    moment = first.moment(CHAMPION)
    clock.now += 60

    assert worker("late").agreed(CHAMPION) == moment


def test_a_champion_that_was_overtaken_need_not_be_waited_with(worker):
    alone = worker("a")
    alone.say(CHAMPION, "prepared")
    moment = alone.moment(CHAMPION)

    assert alone.agreed(replace(CHAMPION, generation=1, decision_id="d1")) == moment
    assert alone.agreed(replace(CHAMPION, generation=3, decision_id="d3")) is None


def test_what_is_served_is_no_longer_said_to_be_prepared(worker, store):
    first = worker("a")
    first.say(CHAMPION, "prepared")
    first.take_back("stub", "an-earlier-decision")
    assert len(preparations(store, "stub")) == 1

    first.take_back("stub", "d2")

    assert preparations(store, "stub") == []


def test_one_moment_holds_for_all_however_many_settle_it_at_once(store):
    workers = [Rendezvous(store, f"w{number}") for number in range(4)]
    for each in workers:
        each.join()
        each.say(CHAMPION, "prepared")
    moments: list[float | None] = []
    threads = [
        threading.Thread(target=lambda mine=each: moments.append(mine.moment(CHAMPION)))
        for each in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(moments) == 4
    assert len(set(moments)) == 1


class Meeting:
    """A rendezvous that says what the test tells it."""

    patience_seconds = 0.05
    clock = staticmethod(time.time)

    def __init__(self) -> None:
        self.settled: float | None = None
        self.away = False
        self.said: list[str] = []

    def say(self, _champion, state, _note=""):
        self._reach()
        self.said.append(state)

    def take_back(self, _model, _decision_id):
        self._reach()

    def agreed(self, _champion):
        self._reach()
        return self.settled

    def moment(self, champion):
        return self.agreed(champion)

    def _reach(self) -> None:
        if self.away:
            raise OperationalError("select", {}, Exception("the store is away"))


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


@pytest.fixture
def conductor(meeting: Meeting):
    conductor = Conductor(meeting)
    yield conductor
    conductor.stop()


def test_a_turn_comes_when_its_moment_is_settled(conductor, meeting):
    switched = threading.Event()
    conductor.prepared(CHAMPION, switched.set)
    assert not switched.wait(0.1)

    meeting.settled = time.time()

    assert switched.wait(120)
    assert meeting.said == ["prepared"]


def test_a_turn_that_has_passed_is_taken_at_once_and_nothing_is_said(conductor, meeting):
    meeting.settled = time.time() - 1
    switched = threading.Event()

    conductor.prepared(CHAMPION, switched.set)

    assert switched.is_set()
    assert meeting.said == []


def test_a_later_champion_takes_the_turn_of_one_that_waits(conductor, meeting):
    first, later = threading.Event(), threading.Event()
    conductor.prepared(CHAMPION, first.set)
    conductor.prepared(replace(CHAMPION, generation=3, decision_id="d3"), later.set)

    meeting.settled = time.time()

    assert later.wait(120)
    assert not first.is_set()


def test_a_moment_far_ahead_by_another_clock_is_not_waited_for(conductor, meeting):
    meeting.settled = time.time() + 3_600
    switched = threading.Event()

    conductor.prepared(CHAMPION, switched.set)

    assert switched.wait(120)


def test_without_the_store_a_champion_has_its_turn_after_the_same_patience(conductor, meeting):
    meeting.away = True
    switched = threading.Event()

    conductor.prepared(CHAMPION, switched.set)

    assert switched.wait(120)
    conductor.failed(CHAMPION, "it says so in vain, and raises nothing")


def test_after_its_stop_nobody_has_a_turn(meeting):
    conductor, switched = Conductor(meeting), threading.Event()
    conductor.stop()
    meeting.settled = time.time()

    conductor.prepared(CHAMPION, switched.set)

    assert not switched.is_set()
