"""What every request gets, whatever becomes of it: an id, and a line in the metrics."""

from __future__ import annotations

import os
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.gate import TURNED_AWAY
from serving.live import callers, generations
from serving.metrics.telemetry import Telemetry
from serving.observability.access_log import AccessLog

HEADER = "X-Request-Id"
ASKS = "asks"
"""Where it is noted which model a request asks, one of ours: it counts among that model's."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class Envelope:
    """Honours or makes `X-Request-Id`, returns it, and counts and times the request.

    It also takes note of a demanded generation and names the one that answered.
    """

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry, access: AccessLog) -> None:
        self._app = app
        self._telemetry = telemetry
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_for(Headers(scope=scope).get(HEADER))
        generations.listen(scope["headers"])
        callers.remember(scope, receive)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        start = time.perf_counter()

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
                generations.stamp(message)
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        finally:
            route = _route(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            seconds = time.perf_counter() - start
            # A stranger's refusals say nothing of how quick a model is.
            turned_away = TURNED_AWAY in scope["state"]
            asks = "" if turned_away else scope["state"].get(ASKS, "")
            self._telemetry.tallies.handled(method, route, status, seconds, asks)
            self._access.handled(method, route, status, seconds, request_id)


def request_id_for(given: str | None) -> str:
    """Return the caller's id where it is a plain one, and otherwise one of ours."""
    return given if given and ACCEPTED_ID.fullmatch(given) else os.urandom(16).hex()


def _route(scope: Scope) -> str:
    # The template and not the path: one time series a route, not one for each path asked for.
    return str(getattr(scope.get("route"), "path", "unmatched"))
