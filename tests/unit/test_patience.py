"""Who is waited for, for how long, and who has to go when there are too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pipelines.client_settings import ClientSettings
from serving.hot.patience import Doing, Patience

SETTINGS = ClientSettings(connections=10, head_seconds=10, stall_seconds=20, bytes_per_second=100)


class Loop:
    """An event loop whose time passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        self._timers.append((self.now + seconds, call))

    @property
    def sleeps(self) -> bool:
        return not self._timers

    def passes(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [timer for timer in self._timers if timer[0] <= until]:
            timer = min(due, key=lambda each: each[0])
            self._timers.remove(timer)
            self.now = timer[0]
            timer[1]()
        self.now = until


@dataclass(eq=False)
class Client:
    doing: Doing = "idle"
    message: object = None
    received: int = 0
    taken: int = 0
    left: int = 0
    listens: bool = True
    timeout_keep_alive: float = 65
    told: list[int] = field(default_factory=list)
    aborted: bool = False

    def refuse(self, status: int, said: str) -> None:
        assert said
        self.told.append(status)
        self.doing = "closing"

    def abort(self) -> None:
        self.aborted = True
        self.doing = "closing"


class House:
    """A server's connections, watched."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.clients: set[Client] = set()
        self.patience = Patience(SETTINGS, lambda: self.clients, self.loop)  # type: ignore[arg-type]

    def enter(self, doing: Doing = "silent") -> Client:
        client = Client(doing)
        self.clients.add(client)
        self.patience.welcome(client)
        return client


@pytest.fixture
def house() -> House:
    return House()


def test_a_head_that_never_ends_is_told_so_and_closed(house: House) -> None:
    slow = house.enter("head")
    house.loop.passes(9)
    assert not slow.told
    house.loop.passes(4)
    assert slow.told == [408]


def test_many_heads_one_after_another_are_each_given_their_time(house: House) -> None:
    busy = house.enter("head")
    for _ in range(20):
        busy.message = object()
        house.loop.passes(5)
    assert not busy.told


def test_who_says_nothing_at_all_is_let_go_like_an_idle_one(house: House) -> None:
    silent = house.enter()
    house.loop.passes(60)
    assert not silent.aborted
    house.loop.passes(10)
    assert silent.aborted


@pytest.mark.parametrize(("pace", "told"), [(90, [408]), (110, [])])
def test_a_body_has_to_bring_some_bytes_on_all_the_time(
    house: House, pace: int, told: list[int]
) -> None:
    client = house.enter("body")
    for _ in range(60):
        house.loop.passes(1)
        client.received += pace
    assert client.told == told


def test_a_great_start_is_no_credit_for_standing_still_later(house: House) -> None:
    client = house.enter("body")
    client.received = 10_000_000
    house.loop.passes(50)
    assert client.told == [408]


def test_who_is_not_listened_to_is_not_slow(house: House) -> None:
    client = house.enter("body")
    client.listens = False
    house.loop.passes(100)
    assert not client.told


def test_an_answer_that_nobody_takes_is_given_up(house: House) -> None:
    client = house.enter("answer")
    house.loop.passes(30)
    assert client.aborted


def test_an_answer_that_is_taken_bit_by_bit_is_not(house: House) -> None:
    client = house.enter("answer")
    for _ in range(10):
        house.loop.passes(15)
        client.taken += 1
    assert not client.aborted


@pytest.mark.parametrize("doing", ["answer", "closing"])
@pytest.mark.parametrize(("pace", "aborted"), [(90, True), (110, False)])
def test_a_long_answer_sent_in_one_piece_may_be_taken_slowly(
    house: House, pace: int, aborted: bool, doing: Doing
) -> None:
    client = house.enter(doing)
    client.left = 10_000_000
    for _ in range(60):
        house.loop.passes(1)
        client.left -= pace
    assert client.aborted is aborted


def test_what_does_not_close_by_itself_is_closed(house: House) -> None:
    client = house.enter("closing")
    house.loop.passes(30)
    assert client.aborted


def test_who_waits_for_us_is_waited_for(house: House) -> None:
    client = house.enter("working")
    house.loop.passes(1_000)
    assert not client.told
    assert not client.aborted


def test_beyond_the_limit_those_go_first_that_have_asked_nothing(house: House) -> None:
    working = [house.enter("working") for _ in range(7)]
    idle, head, silent = house.enter("idle"), house.enter("head"), house.enter("silent")
    house.loop.passes(2)
    for gone in (silent, head, idle):
        newcomer = house.enter("working")
        assert gone.aborted
        house.clients.discard(gone)
        working.append(newcomer)
    late = house.enter("silent")
    assert late.told == [503]
    assert not any(client.aborted or client.told for client in working)


def test_of_equals_the_one_goes_that_has_waited_longest(house: House) -> None:
    clients = []
    for _ in range(10):
        clients.append(house.enter("idle"))
        house.loop.passes(2)
    house.enter("idle")
    assert [client.aborted for client in clients] == [True] + [False] * 9


def test_one_that_is_closed_already_makes_room_once_its_end_is_seen(house: House) -> None:
    clients = [house.enter("idle") for _ in range(10)]
    house.loop.passes(2)
    for _ in range(3):
        house.enter("working")
    # Nobody's end has been seen yet: each newcomer costs one connection and no more.
    assert sum(client.aborted for client in clients) == 3


def test_nobody_is_looked_at_when_nobody_is_there(house: House) -> None:
    client = house.enter("idle")
    house.loop.passes(5)
    house.clients.discard(client)
    house.loop.passes(5)
    assert house.loop.sleeps
    house.enter("head")
    assert not house.loop.sleeps
