"""Takes a person's choice about an order line: its label, and what stands for the line.

Both are one transaction, in which nobody else chooses: two tabs that send the same choice at the
same moment make one label, and no choice is kept about a line that has just been ordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.labels import Label, LabelRefused, Labels, exact
from pipelines.orders.choices import UNDO, Choice, Choices
from pipelines.orders.confirmed_orders import ConfirmedOrders
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.store import Store

STAYS = "its label stays, because versions were judged since it was given"


@dataclass(frozen=True)
class Outcome:
    """What became of a choice; `reason` where there is something to say about it."""

    outcome: Literal["kept", "already", "refused"]
    reason: str | None = None


class Choosing:
    """Takes choices one by one; `judged_at` says when a version was last judged, if ever."""

    def __init__(
        self,
        store: Store,
        labels: Labels,
        choices: Choices,
        orders: ConfirmedOrders,
        judged_at: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._labels = labels
        self._choices = choices
        self._orders = orders
        self._judged_at = judged_at
        self._lines = OrderLines(store)

    def take(self, choice: Choice, line: OrderLine) -> Outcome:
        """Keep a choice about `line`; on disk when this returns.

        A choice takes the place of the one before it, whose label is withdrawn. Where a version
        was judged since, that label stays and a newer one counts in its place.
        """
        try:
            with self._store.together():
                return self._taken(choice, line)
        except LabelRefused as error:
            return Outcome("refused", str(error))

    def _taken(self, choice: Choice, line: OrderLine) -> Outcome:
        if self._choices.known([choice.choice_id]):
            return Outcome("already")
        order = self._orders.of_message(line.message_id)
        if order and self._is_settled(line):
            return Outcome("refused", f"its message is order {order.order_id} already")
        if choice.action == UNDO:
            return self._undo(choice, line)
        if choice.action == "skip":
            self._withdraw(line, choice.reviewer)
            return self._kept(replace(choice, code=None))
        if not choice.code:
            return Outcome("refused", "it names no code")
        return self._kept(self._labelled(choice, line, choice.code))

    def _is_settled(self, line: OrderLine) -> bool:
        """Return whether a line went with an order of its message, and was not added since."""
        return self._lines.of([line.line_id]).get(line.line_id, line).read

    def _undo(self, choice: Choice, line: OrderLine) -> Outcome:
        if not self._choices.since_undone(line.line_id):
            return Outcome("refused", "nothing was chosen for this line")
        stays = self._withdraw(line, choice.reviewer)
        kept = self._kept(replace(choice, code=None))
        return replace(kept, reason=STAYS) if stays else kept

    def _labelled(self, choice: Choice, line: OrderLine, code: str) -> Choice:
        before = self._confirmed(line)
        if before and before.value != code and not self._withdraw(line, choice.reviewer):
            before = self._confirmed(line)
        if before and before.value == code:
            # A second click must not turn a label about the model's answer into one about a
            # person's.
            return replace(choice, label_id=before.label_id)
        shown = {**choice.shown, "confirmed": before is not None, "choice_id": choice.choice_id}
        label = self._labels.add(
            MODEL, line.description, code, shown=shown, reviewer=choice.reviewer
        )
        return replace(choice, label_id=label.label_id, label_made=True)

    def _confirmed(self, line: OrderLine) -> Label | None:
        return self._labels.confirmed(MODEL, [line.description]).get(exact(line.description))

    def _withdraw(self, line: OrderLine, reviewer: str) -> bool:
        """Withdraw the labels of what was chosen for a line; return whether one has to stay."""
        stays = False
        for label_id in {c.label_id for c in self._choices.since_undone(line.line_id)} - {None}:
            resting = self._choices.of_label(str(label_id))
            others = self._choices.standing(
                [c.line_id for c in resting if c.line_id != line.line_id]
            )
            if not any(choice.label_made for choice in resting) or any(
                choice.label_id == label_id for choice in others.values()
            ):
                continue  # given elsewhere, or another line rests on it
            judged_at = self._judged_at()
            given_at = min(choice.created_at for choice in resting)
            if judged_at is not None and given_at <= judged_at:
                stays = True
            else:
                self._labels.withdraw(str(label_id), reviewer=reviewer)
        return stays

    def _kept(self, choice: Choice) -> Outcome:
        self._choices.keep(choice)
        return Outcome("kept")


def code_of(prediction: Mapping[str, object] | None) -> str | None:
    """Return the code that was predicted for a line."""
    code = (prediction or {}).get("code")
    return None if code is None else str(code)
