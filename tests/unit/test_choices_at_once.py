"""Two people, two tabs and two workers at the same line: each choice and each order counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pipelines.labels import Label, Labels
from pipelines.orders.choices import UNDO, Choice, Choices
from pipelines.orders.choosing import Choosing, Outcome
from pipelines.orders.confirmed_orders import ConfirmedOrders
from pipelines.orders.confirming import Confirming, LinesOpen
from pipelines.orders.order_lines import IncomingLine, OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.store import Store

pytestmark = pytest.mark.both_databases
PATIENCE_SECONDS = 1.0


@pytest.fixture
def line(store: Store) -> OrderLine:
    lines = OrderLines(store)
    lines.add([IncomingLine("m1", 0, "martillo", 2.0)])
    return lines.message("m1")[0]


def choice(line: OrderLine, choice_id: str, action: str, code: str | None) -> Choice:
    at = "2026-11-21T10:00:00Z"
    return Choice(choice_id, line.line_id, action, code, line.quantity, "ana", {}, at)


class Meeting(Labels):
    """Labels whose readers wait for each other: what both see is what was there before either."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.barrier = threading.Barrier(2)

    def confirmed(self, model: str, texts=None) -> dict[str, Label]:
        """Return what was there when another reader asked, too, if one can."""
        found = super().confirmed(model, texts)
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait(PATIENCE_SECONDS)
        return found


def both(first: Callable[[], Outcome], second: Callable[[], Outcome]) -> list[str]:
    with ThreadPoolExecutor(2) as pool:
        return [done.result().outcome for done in [pool.submit(first), pool.submit(second)]]


def chooser(store: Store, labels: Labels) -> Choosing:
    return Choosing(store, labels, Choices(store), ConfirmedOrders(store), lambda: None)


def test_two_tabs_that_send_the_same_choice_make_one_label(store: Store, line: OrderLine) -> None:
    choosing = chooser(store, Meeting(store))
    sent = choice(line, "choice-1", "accept", "A")

    outcomes = both(lambda: choosing.take(sent, line), lambda: choosing.take(sent, line))

    assert sorted(outcomes) == ["already", "kept"]
    chooser(store, Labels(store)).take(choice(line, "choice-2", UNDO, None), line)
    assert Labels(store).confirmed(MODEL) == {}


def test_two_tabs_that_send_the_same_undo_are_both_told_that_it_counts(
    store: Store, line: OrderLine
) -> None:
    choosing = chooser(store, Labels(store))
    choosing.take(choice(line, "choice-1", "accept", "A"), line)
    undo = choice(line, "choice-2", UNDO, None)

    assert [choosing.take(undo, line).outcome for _ in range(2)] == ["kept", "already"]


def test_of_two_clerks_codes_the_label_is_that_of_the_choice_that_stands(
    store: Store, line: OrderLine
) -> None:
    choosing = chooser(store, Meeting(store))

    outcomes = both(
        lambda: choosing.take(choice(line, "choice-1", "change", "A"), line),
        lambda: choosing.take(choice(line, "choice-2", "change", "B"), line),
    )

    assert outcomes == ["kept", "kept"]
    standing = Choices(store).standing([line.line_id])[line.line_id]
    [label] = Labels(store).confirmed(MODEL).values()
    assert label.value == standing.code
    assert label.label_id == standing.label_id


class Undone(Choices):
    """Choices that somebody takes back right after they were looked at, if nothing prevents it."""

    def __init__(self, store: Store, undo: Callable[[], Outcome]) -> None:
        super().__init__(store)
        self._undo = undo
        self.outcomes: list[Outcome] = []
        self.undoing: threading.Thread | None = None

    def standing(self, line_ids) -> dict[str, Choice]:
        """Return what stood a moment ago."""
        found = super().standing(line_ids)
        if self.undoing is None:
            self.undoing = threading.Thread(target=lambda: self.outcomes.append(self._undo()))
            self.undoing.start()
            self.undoing.join(PATIENCE_SECONDS)
        return found


def test_a_line_taken_back_while_its_message_is_confirmed_is_ordered_or_open_but_not_both(
    store: Store, line: OrderLine
) -> None:
    choosing = chooser(store, Labels(store))
    choosing.take(choice(line, "choice-1", "accept", "A"), line)
    undone = Undone(store, lambda: choosing.take(choice(line, "choice-2", UNDO, None), line))
    orders = ConfirmedOrders(store)
    confirming = Confirming(store, OrderLines(store), undone, orders, deliver=False)

    confirming.confirm("m1", "ana", lambda _code, _text: None)

    assert undone.undoing
    undone.undoing.join()
    assert [outcome.outcome for outcome in undone.outcomes] == ["refused"]
    assert line.line_id in Choices(store).standing([line.line_id])


def test_all_that_is_written_together_is_kept_together_or_not_at_all(
    store: Store, line: OrderLine
) -> None:
    choices = Choices(store)

    def kept_and_then(failing: bool) -> None:
        with store.together():
            choices.keep(choice(line, "choice-1", "accept", "A"))
            assert choices.known(["choice-1"]) == {"choice-1"}
            if failing:
                raise LinesOpen([line])

    with pytest.raises(LinesOpen):
        kept_and_then(failing=True)
    assert choices.known(["choice-1"]) == set()
    kept_and_then(failing=False)
    assert choices.known(["choice-1"]) == {"choice-1"}
