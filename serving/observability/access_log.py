"""A line for a request: for every one that failed, and for a share of the others.

A line costs more than most answers do, so by default those that go well get none: the metrics
count them, and the prediction log keeps what was answered.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from serving.live.generations import Generation
from serving.observability.request_fields import champion_fields, trace_of

logger = logging.getLogger("serving.access")

FAILED = 500


class AccessLog:
    """Says who was answered what, and how fast; never what was asked."""

    def __init__(self, share: float, draw: Callable[[], float] = random.random) -> None:
        self.share = share
        self._draw = draw

    def handled(
        self, method: str, route: str, status: int, seconds: float, request_id: str
    ) -> None:
        """Take note of a request; what else its line says is found while it is written."""
        if status >= FAILED or self.is_due():
            level = logging.WARNING if status >= FAILED else logging.INFO
            told = _told(method, route, status, seconds, request_id)
            logger.log(level, "%s %s %d", method, route, status, extra=told)

    def is_due(self) -> bool:
        """Whether the turn of a request that went well has come."""
        return self.share > 0 and self._draw() < self.share

    def answered(
        self,
        route: str,
        seconds: float,
        request_id: str,
        served: Generation | None,
        traceparent: bytes | None,
    ) -> None:
        """Write the line of a request that was answered on the wire, where no task carries it."""
        told = _told("POST", route, 200, seconds, request_id)
        if served is not None:
            told |= champion_fields(served)
        logger.info("POST %s 200", route, extra=told | trace_of(traceparent))


def _told(
    method: str, route: str, status: int, seconds: float, request_id: str
) -> dict[str, object]:
    return {
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
        "request_id": request_id,
    }
