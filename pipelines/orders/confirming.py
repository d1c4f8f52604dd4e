"""Makes an order of a message whose lines were all chosen or skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.orders.choices import Choice, Choices
from pipelines.orders.confirmed_orders import ConfirmedOrder, ConfirmedOrders, OrderedLine
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import Product
from pipelines.store import Store

ProductOf = Callable[[str, str], Product | None]
"""The catalogue's product of a code that is most like a description."""


class UnknownMessage(LookupError):
    """No message has that id."""


class LinesOpen(ValueError):
    """Some lines of the message wait for a person; `lines` are those."""

    def __init__(self, lines: Sequence[OrderLine]) -> None:
        super().__init__(f"{len(lines)} lines of the message are neither chosen nor skipped")
        self.lines = tuple(lines)


class NothingOrdered(ValueError):
    """Every line of the message was skipped."""


@dataclass(frozen=True)
class Confirming:
    """What turns messages into orders; `deliver` says whether they are posted somewhere."""

    store: Store
    lines: OrderLines
    choices: Choices
    orders: ConfirmedOrders
    deliver: bool

    def confirm(self, message_id: str, reviewer: str, product_of: ProductOf) -> ConfirmedOrder:
        """Keep the message as an order and hide its lines; on disk when this returns.

        Confirmed once more, the order is the one it is already. Lines that a feed has added to it
        since are an order of their own: what was ordered, skipped or hidden before stays so.
        Raises `UnknownMessage`, `LinesOpen` or `NothingOrdered`. Nobody takes a choice back while
        this looks at them.
        """
        with self.store.together():
            lines = self.lines.message(message_id)
            if not lines:
                raise UnknownMessage(f"no message is called {message_id!r}")
            known = self.orders.of_message(message_id)
            added = [line for line in lines if not line.read]
            if known is None or added:
                part = known.part + 1 if known else 1
                known = self._new(message_id, part, added or lines, reviewer, product_of)
            self.lines.mark_read(message_id)
        return known

    def _new(
        self,
        message_id: str,
        part: int,
        lines: Sequence[OrderLine],
        reviewer: str,
        product_of: ProductOf,
    ) -> ConfirmedOrder:
        standing = self.choices.standing([line.line_id for line in lines])
        if waiting := [line for line in lines if line.line_id not in standing]:
            raise LinesOpen(waiting)
        pairs = [(line, standing[line.line_id]) for line in lines]
        ordered = [_ordered(line, choice, product_of) for line, choice in pairs if choice.code]
        if not ordered:
            raise NothingOrdered("every line of the message was skipped; mark it as read instead")
        return self.orders.confirm(
            message_id, ordered, reviewer=reviewer, deliver=self.deliver, part=part
        )


def _ordered(line: OrderLine, choice: Choice, product_of: ProductOf) -> OrderedLine:
    code = str(choice.code)
    product = product_of(code, line.description)
    return OrderedLine(
        line_id=line.line_id,
        description=line.description,
        quantity=choice.quantity,
        code=code,
        product=product.description if product else None,
        product_id=product.product_id if product else None,
        price=product.price if product else None,
    )
