"""Takes plain requests of the hot routes before any other part of the application sees them.

Plain is what ordinary clients send: a declared length within the limit, JSON, each header once.
Everything else goes on to the application, which knows how to take it or why not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.door import address_of
from serving.bodies import QUICK_BYTES
from serving.envelope import ASKS, request_id_for
from serving.errors import MEANINGS, refusal
from serving.hot.calls import Call, Reply, reply_of
from serving.hot.table import HotTable, Place
from serving.live import callers, generations

FORESEEN = tuple(MEANINGS)
GONE = 499
"""What nginx calls it when the client leaves; counted, and nobody reads it."""


class HotRoutes:
    """Answers plain requests of the hot routes, and hands on all others."""

    def __init__(self, app: ASGIApp, *, table: HotTable) -> None:
        self._app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let the application do it."""
        place = self._table.places.get(scope["path"]) if scope["type"] == "http" else None
        if place is None or scope["method"] != place.method:
            await self._app(scope, receive, send)
            return
        # Long ones are handed on, and count among the model's requests as those do that are not.
        scope.setdefault("state", {})[ASKS] = place.asks
        headers = dict(scope["headers"])
        told_once = len(headers) == len(scope["headers"])
        # Large bodies are counted before they are taken in; beside what they cost that is nothing.
        limit = min(self._table.limit_bytes, QUICK_BYTES)
        if not told_once or not self._table.is_plain(place, headers, limit):
            await self._app(scope, receive, send)
            return
        door, address = self._table.door, address_of(scope)
        caller = door.quick(headers, place.needed, address)
        if caller is None:
            # The gate looks twice, and says why not.
            await self._app(scope, receive, send)
            return
        door.count(caller, address)
        start, status = time.perf_counter(), 500
        try:
            status = await self._answer(place, headers, scope, receive, send)
        finally:
            seconds = time.perf_counter() - start
            told = (place.method, place.template, status, seconds)
            self._table.tallies.handled(*told, place.asks)
            self._table.access.handled(*told, scope["state"]["request_id"])

    async def _answer(
        self,
        place: Place,
        headers: Mapping[bytes, bytes],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> int:
        given = headers.get(b"x-request-id")
        request_id = request_id_for(given.decode("latin-1") if given else None)
        # For whatever answers what nobody foresaw.
        scope.setdefault("state", {})["request_id"] = request_id
        generations.listen(scope["headers"])
        callers.remember(scope, receive)
        body = await _received(receive) if place.method != "GET" else b""
        if body is None:
            return GONE
        try:
            call = Call(self._table.state, request_id, body, scope["query_string"], place.model)
            reply = await place.operation(call)
        except FORESEEN as error:
            reply = reply_of(refusal(Request(scope), error))
        await _send(reply, request_id, send)
        return reply.status


async def _received(receive: Receive) -> bytes | None:
    """Return the whole body, or None where the client left before it was here."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    if not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body
    parts = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _send(reply: Reply, request_id: str, send: Send) -> None:
    start: Message = {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [
            (b"content-length", b"%d" % len(reply.body)),
            (b"content-type", reply.media_type),
            (b"x-request-id", request_id.encode()),
            *reply.headers,
        ],
    }
    generations.stamp(start)
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})
