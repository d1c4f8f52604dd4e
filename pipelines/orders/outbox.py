"""Posts confirmed orders to the configured address, again and again until it takes them.

An order may arrive twice (an answer that was lost, a process that was killed), so each carries its
id as `Idempotency-Key`. What the address refuses for good is not tried again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from pipelines.orders.confirmed_orders import ConfirmedOrder, ConfirmedOrders
from pipelines.orders.documents import named
from pipelines.orders.order_files import as_json

TIMEOUT_SECONDS = 10.0
LEASE_SECONDS = 60.0
"""For so long nobody else tries: longer than an attempt takes, so that only a kill outlasts it."""
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 3600.0
ATTEMPTS = 20
"""After some ten hours somebody has to look."""
FOR_GOOD = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})

Post = Callable[[str, bytes, dict[str, str]], int]
"""Address, content and headers in, the answer's status out. Raises `httpx.HTTPError`."""


class NowhereToDeliver(LookupError):
    """No address is configured that orders are posted to."""


@dataclass(frozen=True)
class Outbox:
    """What delivers the orders of a store to one address."""

    orders: ConfirmedOrders
    url: str
    post: Post

    def deliver_one(self) -> bool:
        """Try to deliver the order that waits longest; return whether there was one due."""
        order = self.orders.take(LEASE_SECONDS)
        if order is None:
            return False
        headers = {"Content-Type": "application/json", "Idempotency-Key": order.order_id}
        try:
            status = self.post(self.url, as_json(order), headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._missed(order, f"{named(self.url)} does not answer: {type(error).__name__}")
            return True
        if 200 <= status < 300:
            self.orders.delivered(order.order_id)
        else:
            said = f"{named(self.url)} answered {status}"
            self._missed(order, said, for_good=status in FOR_GOOD)
        return True

    def _missed(self, order: ConfirmedOrder, error: str, *, for_good: bool = False) -> None:
        over = for_good or order.attempts >= ATTEMPTS
        self.orders.missed(order, error, None if over else pause(order.attempts))


def pause(attempts: int) -> float:
    """Return for how many seconds nothing is tried after so many attempts: twice as long each."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1))


def over_http(url: str, content: bytes, headers: dict[str, str]) -> int:
    """Post something; user and password in the address are sent as the address says.

    The status says it all: what follows it is not read, for it may be long or never end.
    """
    with httpx.stream(
        "POST", url, content=content, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as answer:
        return answer.status_code
