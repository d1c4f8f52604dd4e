"""Confirms messages as orders, shows them, and has them delivered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from fastapi.concurrency import run_in_threadpool

from pipelines.orders.choices import Choices
from pipelines.orders.confirmed_orders import ConfirmedOrder, ConfirmedOrders
from pipelines.orders.confirming import Confirming
from pipelines.orders.documents import named
from pipelines.orders.order_lines import OrderLines
from pipelines.orders.outbox import NowhereToDeliver, Outbox, over_http
from pipelines.orders.product_catalogue import Product
from serving.review.order_delivery import Deliveries
from serving.schemas.review import Order, Orders
from serving.services import Services
from serving.slots.shelf import Shelf

LISTED = 200


class OrderOffice:
    """The orders of one process."""

    def __init__(self, services: Services, shelf: Shelf) -> None:
        store = services.store
        self._shelf = shelf
        self._post_to = services.settings.orders.post_to
        self._orders = ConfirmedOrders(store)
        self._confirming = Confirming(
            store,
            OrderLines(store),
            Choices(store),
            self._orders,
            deliver=self._post_to is not None,
        )
        self._look_now: Callable[[], None] = lambda: None

    def confirm(self, message_id: str, reviewer: str) -> ConfirmedOrder:
        """Make an order of a message. Raises what `Confirming.confirm` raises."""
        order = self._confirming.confirm(message_id, reviewer, self._product)
        self._look_now()
        return order

    def get(self, order_id: str) -> ConfirmedOrder:
        """Return an order. Raises `UnknownOrder`."""
        return self._orders.get(order_id)

    def list(self) -> Orders:
        """Return the latest orders, the newest first."""
        found = [view(order) for order in self._orders.latest(LISTED)]
        return Orders(orders=found, post_to=named(self._post_to) if self._post_to else None)

    def deliver(self, order_id: str) -> ConfirmedOrder:
        """Have an order delivered again. Raises `UnknownOrder` or `NowhereToDeliver`."""
        self._orders.get(order_id)
        if self._post_to is None:
            raise NowhereToDeliver("no address is configured: [orders] post_to")
        order = self._orders.deliver(order_id)
        self._look_now()
        return order

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[None]:
        """Deliver what waits while the block lasts, if there is somewhere to deliver it."""
        if self._post_to is None:
            yield
            return
        deliveries = Deliveries(Outbox(self._orders, self._post_to, over_http))
        self._look_now = deliveries.look_now
        deliveries.start()
        yield
        await run_in_threadpool(deliveries.stop)

    def _product(self, code: str, description: str) -> Product | None:
        assortment = self._shelf.assortment
        return assortment.product(code, description) if assortment else None


def view(order: ConfirmedOrder) -> Order:
    """Return an order as it goes over the wire."""
    again = order.next_attempt_at
    next_attempt_at = None if again is None else datetime.fromtimestamp(again, UTC)
    return Order.model_validate(asdict(order) | {"next_attempt_at": next_attempt_at})
