"""What people choose for order lines: once each, with its label, and back again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.labels import Labels, exact
from pipelines.orders.choices import Choice, Choices
from pipelines.orders.choosing import STAYS, Choosing
from pipelines.orders.confirmed_orders import ConfirmedOrders
from pipelines.orders.order_lines import IncomingLine, OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.store import Store

pytestmark = pytest.mark.both_databases
SHOWN = {"code": "A", "confidence": 40.0, "prediction_id": "p1"}


class Desk:
    """Two messages with one description in common, and somebody who chooses."""

    def __init__(self, store: Store) -> None:
        self.lines = OrderLines(store)
        self.lines.add(
            [IncomingLine("m1", 0, "martillo", 2.0), IncomingLine("m1", 1, "cable", 1.0)]
        )
        self.lines.add([IncomingLine("m2", 0, "Martillo ", 3.0)])
        self.labels = Labels(store)
        self.choices = Choices(store)
        self.judged_at: str | None = None
        self.choosing = Choosing(
            store, self.labels, self.choices, ConfirmedOrders(store), lambda: self.judged_at
        )
        self._number = 0

    def line(self, message_id: str, place: int = 0) -> OrderLine:
        return self.lines.message(message_id)[place]

    def choice(self, line: OrderLine, action: str, code: str | None = None) -> Choice:
        self._number += 1
        return Choice(
            choice_id=f"choice-{self._number}",
            line_id=line.line_id,
            action=action,
            code=code,
            quantity=line.quantity,
            reviewer="ana",
            shown=SHOWN,
            at="2026-11-21T10:00:00+00:00",
        )

    def take(self, line: OrderLine, action: str, code: str | None = None) -> tuple[str, str | None]:
        outcome = self.choosing.take(self.choice(line, action, code), line)
        return outcome.outcome, outcome.reason

    def confirmed(self, text: str = "martillo") -> str | None:
        label = self.labels.confirmed(MODEL, [text]).get(exact(text))
        return label.value if label else None


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_an_accepted_code_is_the_label_of_its_description_with_what_was_shown(desk):
    assert desk.take(desk.line("m1"), "accept", "A") == ("kept", None)

    label = desk.labels.confirmed(MODEL)[exact("martillo")]
    assert (label.value, label.reviewer) == ("A", "ana")
    assert label.shown == {**SHOWN, "confirmed": False, "choice_id": "choice-1"}
    assert desk.choices.standing([desk.line("m1").line_id])[desk.line("m1").line_id].code == "A"


def test_sent_twice_a_choice_counts_once(desk):
    choice = desk.choice(desk.line("m1"), "accept", "A")

    outcomes = [desk.choosing.take(choice, desk.line("m1")).outcome for _ in range(2)]

    assert outcomes == ["kept", "already"]
    assert len(desk.choices.since(datetime.min.replace(tzinfo=UTC))) == 1


def test_undone_the_label_counts_no_more_and_neither_does_the_choice(desk):
    line = desk.line("m1")
    desk.take(line, "accept", "A")
    assert desk.take(line, "undo") == ("kept", None)

    assert desk.confirmed() is None
    assert desk.choices.standing([line.line_id]) == {}
    assert desk.take(line, "undo") == ("refused", "nothing was chosen for this line")


def test_an_older_label_counts_again_after_an_undo(desk):
    desk.labels.add(MODEL, "martillo", "OLD", shown={}, reviewer="berta")
    desk.take(desk.line("m1"), "change", "NEW")
    assert desk.confirmed() == "NEW"

    desk.take(desk.line("m1"), "undo")

    assert desk.confirmed() == "OLD"


def test_undone_after_a_version_was_judged_the_label_stays_and_that_is_said(desk):
    desk.take(desk.line("m1"), "accept", "A")
    desk.judged_at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()

    assert desk.take(desk.line("m1"), "undo") == ("kept", STAYS)
    assert desk.confirmed() == "A"
    assert desk.choices.standing([desk.line("m1").line_id]) == {}


def test_a_code_changed_at_once_is_a_label_about_the_model_and_not_about_a_person(desk):
    desk.take(desk.line("m1"), "accept", "A")
    desk.take(desk.line("m1"), "change", "B")

    label = desk.labels.confirmed(MODEL)[exact("martillo")]
    assert (label.value, label.shown["confirmed"]) == ("B", False)


def test_a_code_changed_after_a_version_was_judged_corrects_a_person(desk):
    desk.take(desk.line("m1"), "accept", "A")
    desk.judged_at = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    desk.take(desk.line("m1"), "change", "B")

    label = desk.labels.confirmed(MODEL)[exact("martillo")]
    assert (label.value, label.shown["confirmed"]) == ("B", True)


def test_a_label_stays_while_another_line_rests_on_it(desk):
    desk.take(desk.line("m1"), "accept", "A")
    desk.take(desk.line("m2"), "accept", "A")
    assert len(desk.labels.training_rows(MODEL) + desk.labels.test_rows(MODEL)) == 1

    desk.take(desk.line("m1"), "undo")
    assert desk.confirmed() == "A"

    desk.take(desk.line("m2"), "undo")
    assert desk.confirmed() is None


def test_a_label_that_was_given_elsewhere_is_not_withdrawn(desk):
    desk.labels.add(MODEL, "martillo", "A", shown={}, reviewer="POST /api/send-seleccion")
    desk.take(desk.line("m1"), "accept", "A")
    desk.take(desk.line("m1"), "undo")

    assert desk.confirmed() == "A"


def test_a_skipped_line_has_no_label_and_takes_its_former_one_back(desk):
    desk.take(desk.line("m1"), "accept", "A")
    assert desk.take(desk.line("m1"), "skip", "A") == ("kept", None)

    assert desk.confirmed() is None
    assert desk.choices.standing([desk.line("m1").line_id])[desk.line("m1").line_id].code is None


class KilledBeforeTheChoice(Choices):
    """Choices of a process that ends once the label is written."""

    def keep(self, _choice: Choice) -> bool:
        raise KeyboardInterrupt


def test_killed_between_label_and_choice_neither_is_there_and_the_repeated_choice_counts(
    desk, store
):
    line = desk.line("m1")
    choice = desk.choice(line, "accept", "A")
    killed = Choosing(
        store, desk.labels, KilledBeforeTheChoice(store), ConfirmedOrders(store), lambda: None
    )
    with pytest.raises(KeyboardInterrupt):
        killed.take(choice, line)
    assert desk.confirmed() is None

    assert desk.choosing.take(choice, line).outcome == "kept"
    desk.take(line, "undo")
    assert desk.confirmed() is None


@pytest.mark.parametrize(("code", "reason"), [(None, "names no code"), ("x" * 300, "256")])
def test_a_choice_without_a_proper_code_is_refused(desk, code, reason):
    outcome, said = desk.take(desk.line("m1"), "accept", code)
    assert outcome == "refused"
    assert reason in said
    assert desk.confirmed() is None


def test_what_was_chosen_since_a_moment_is_told_in_order(desk):
    before = datetime.now(UTC)
    desk.take(desk.line("m1"), "accept", "A")
    desk.take(desk.line("m1", 1), "skip")

    assert [choice.action for choice in desk.choices.since(before)] == ["accept", "skip"]
    assert desk.choices.since(datetime.now(UTC) + timedelta(hours=1)) == []


def test_the_same_id_for_another_line_is_the_choice_that_was_kept(desk):
    first = desk.choice(desk.line("m1"), "accept", "A")
    desk.choosing.take(first, desk.line("m1"))
    other = replace(first, line_id=desk.line("m1", 1).line_id)

    assert desk.choices.keep(other) is False
    assert desk.choices.standing([other.line_id]) == {}
