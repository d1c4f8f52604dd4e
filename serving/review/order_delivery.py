"""Delivers confirmed orders behind the requests, in a thread of its own."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from pipelines.orders.outbox import Outbox

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


class Deliveries:
    """Looks for orders that are due; every worker does, and each order is taken by one."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._nudged = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begin to deliver what waits."""
        self._thread.start()

    def look_now(self) -> None:
        """Deliver what has just been confirmed without waiting for the next look."""
        self._nudged.set()

    def stop(self) -> None:
        """End after the delivery that is under way."""
        self._stopping = True
        self._nudged.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            try:
                while not self._stopping and self._outbox.deliver_one():
                    pass
            except SQLAlchemyError as error:
                logger.warning("orders wait, the store is away: %s", type(error).__name__)
            self._nudged.wait(LOOK_SECONDS)
            self._nudged.clear()
