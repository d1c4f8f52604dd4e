"""Takes the choices that people send, with what each of them was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.labels import Labels, exact
from pipelines.orders.choices import Choice, Choices
from pipelines.orders.choosing import Choosing, Outcome
from pipelines.orders.confirmed_orders import ConfirmedOrders
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.prediction_log import UnknownPrediction
from serving.review.order_board import entry_of
from serving.review.order_desk import shown_of
from serving.schemas.review import ReviewChoice
from serving.services import Services


class Chooser:
    """Keeps choices; for a thread, not for the event loop."""

    def __init__(self, services: Services) -> None:
        store = services.store
        self._services = services
        self._lines = OrderLines(store)
        self._labels = Labels(store)
        self._choices = Choices(store)
        orders = ConfirmedOrders(store)
        self._choosing = Choosing(store, self._labels, self._choices, orders, self._judged_at)

    def choose(self, reviewer: str, asked: Sequence[ReviewChoice]) -> list[Outcome]:
        """Keep choices, one after another; what is kept is on disk when this returns."""
        known = self._choices.known([choice.id for choice in asked])
        lines = self._lines.of(sorted({choice.line_id for choice in asked}))
        return [self._chosen(reviewer, one, lines.get(one.line_id), known) for one in asked]

    def _chosen(
        self, reviewer: str, asked: ReviewChoice, line: OrderLine | None, known: set[str]
    ) -> Outcome:
        if asked.id in known:
            return Outcome("already")
        if line is None:
            return Outcome("refused", "no order line has this id")
        if asked.action == "change" and asked.code is None:
            return Outcome("refused", "a change must name a code")
        shown = self._shown(asked, line)
        code = asked.code.strip() if asked.code else shown.get("code")
        choice = Choice(
            choice_id=asked.id,
            line_id=line.line_id,
            action=asked.action,
            code=None if code is None else str(code),
            quantity=line.quantity if asked.quantity is None else asked.quantity,
            reviewer=reviewer,
            shown={**shown, "state": asked.shown_state},
            at=asked.at.isoformat(),
        )
        return self._choosing.take(choice, line)

    def _shown(self, asked: ReviewChoice, line: OrderLine) -> dict[str, object]:
        """Return what the person saw, also where another version has answered since."""
        now = (line.prediction or {}).get("prediction_id")
        if asked.prediction_id is not None and asked.prediction_id != now:
            try:
                then = self._services.predictions.find(MODEL, asked.prediction_id)
            except UnknownPrediction:
                return {"prediction_id": asked.prediction_id}
            model = {"name": then.model, "version": then.version, "decision_id": then.decision_id}
            row = dict(then.answer[0]) if then.answer else {}
            answered = {**row, "model": model, "prediction_id": then.prediction_id}
            line = replace(line, prediction=answered)
        label = self._labels.confirmed(MODEL, [line.description]).get(exact(line.description))
        return shown_of(entry_of(line, label, None))

    def _judged_at(self) -> str | None:
        newest = self._services.decisions.list(MODEL, 1)
        return newest[0].created_at if newest else None
