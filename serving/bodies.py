"""Request bodies: how large, of which type, and is it JSON at all? Asked before any endpoint.

JSON that passes can be kept: no lone surrogates, no NaN, and no deeper than a log line may nest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Refuse = Callable[[Scope, Exception], ASGIApp]
Takes = Callable[[str], Collection[str]]
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
QUICK_BYTES = 100_000
CONTAINERS = 500_000
"""Lists and objects in one body: in memory each takes thirty times the two bytes that say it."""
MARGIN = 20
"""Levels of nesting that whatever keeps a body may add to its own."""


class BodyTooLarge(ValueError):
    """The body has more bytes than the settings allow."""


class UnsupportedBody(ValueError):
    """The body says that it is something other than what this path takes, JSON as a rule."""


class TooManyBodies(RuntimeError):
    """So many bytes of large bodies are being taken in already that this one would be too many."""


class MalformedBody(ValueError):
    """The body says that it is JSON, and is not, or is JSON of the wrong shape."""


def json_in(body: bytes, what: str = "the body") -> Any:
    """Return what JSON bytes say.

    Raises `MalformedBody` naming `what`, and where, also when it is nested too deep.
    """
    if not body:
        raise MalformedBody(f"{what} is empty; JSON is expected")
    try:
        return _parsed(body)
    except json.JSONDecodeError as error:
        raise MalformedBody(f"{what} is not JSON: {error}") from error


def json_with_nan(body: bytes, what: str = "the body") -> Any:
    """Return what JSON bytes say, NaN as null: so other servers' clients write missing numbers.

    Raises `MalformedBody`, naming `what`, for whatever else is not JSON.
    """
    try:
        return json_in(body, what)
    except MalformedBody:
        if b"NaN" not in body:
            raise
    try:
        value = json.loads(body, parse_constant=_missing, parse_float=_finite)
        require_writable(value)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"{what} is not JSON: {error}") from error
    return value


def _missing(word: str) -> None:
    if word != "NaN":
        raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    # Python takes 1e999 for infinity, where the stricter parser says that it is none.
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits[:20]} is larger than any number")
    return value


class StrictRoute(APIRoute):
    """A route whose body FastAPI parses with the same strictness as `json_in`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the endpoint a request that parses strictly."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


class _StrictRequest(Request):
    async def json(self) -> Any:
        return _parsed(await self.body())


def _parsed(body: bytes) -> Any:
    require_few_containers(body)
    value = orjson.loads(body)
    if body.count(b"[") + body.count(b"{") > MARGIN:
        require_writable(value)
    return value


def require_few_containers(body: bytes) -> None:
    """Raise `BodyTooLarge` for a body that would be made into too many lists and objects.

    Whatever holds them: JSON, or texts among other data that are JSON by themselves.
    """
    if len(body) < 2 * CONTAINERS:
        return
    count = body.count(b"[") + body.count(b"{")
    if count > CONTAINERS:
        raise BodyTooLarge(f"the body holds {count} lists and objects; the limit is {CONTAINERS}")


def require_writable(value: object) -> None:
    """Raise `json.JSONDecodeError` unless a log line can hold `value`."""
    # Tried and not measured: what writes it counts the levels far faster than we could.
    for _ in range(MARGIN):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise json.JSONDecodeError(f"it cannot be kept: {error}", "", 0) from error


class Room:
    """How many bytes of large bodies are held at a time by one worker."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held = 0

    def take(self, count: int) -> None:
        """Hold so many bytes more. Raises `TooManyBodies`, and then holds none of them."""
        if self._held + count > self._limit:
            raise TooManyBodies("large bodies fill the memory that there is for them; come back")
        self._held += count

    def give_back(self, count: int) -> None:
        """Hold so many bytes less."""
        self._held -= count


class Share:
    """What one request holds of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._bytes = 0

    def take(self, count: int) -> None:
        """Hold so many bytes more. Raises `TooManyBodies`."""
        self._room.take(count)
        self._bytes += count

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._room.give_back(self._bytes)
        self._bytes = 0


class BodyLimits:
    """Refuses what is too large or no JSON before the endpoint reads it.

    A body that is large or has no declared length is read here, at most to the limit, and handed
    on; of large ones no more are held at a time than there is `room` for. `takes` says which media
    types a path takes beside JSON; an empty one is a body that says none. `streams` says of which
    paths the endpoint reads the body itself, piece by piece.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit_bytes: int,
        room: Room,
        refuse: Refuse,
        takes: Takes,
        streams: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self._app = app
        self._streams = streams
        self._limit = limit_bytes
        self._room = room
        self._refuse = refuse
        self._takes = takes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a problem."""
        if scope["type"] != "http" or scope["method"] not in BODY_METHODS:
            await self._app(scope, receive, send)
            return
        if self._streams(scope["path"]):
            await self._app(scope, receive, send)
            return
        share, app = Share(self._room), self._app
        try:
            try:
                receive = await self._checked(scope["path"], Headers(scope=scope), receive, share)
            except (BodyTooLarge, UnsupportedBody, TooManyBodies) as error:
                app = self._refuse(scope, error)
            await app(scope, receive, send)
        finally:
            share.give_back()

    async def _checked(
        self, path: str, headers: Headers, receive: Receive, share: Share
    ) -> Receive:
        declared = headers.get("content-length")
        if declared is not None and int(declared) > self._limit:
            raise self._too_large(f"has {declared} bytes")
        chunked = declared is None and "transfer-encoding" in headers
        if chunked or int(declared or 0):
            _require_plain(headers.get("content-encoding", "identity"))
            self._require_known(path, headers.get("content-type", ""))
        if chunked or int(declared or 0) > QUICK_BYTES:
            return await self._read(receive, share)
        return receive

    async def _read(self, receive: Receive, share: Share) -> Receive:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return _replay(message, receive)
            piece = message.get("body", b"")
            if len(body) + len(piece) > self._limit:
                raise self._too_large("is longer")
            share.take(len(piece))
            body += piece
            more = message.get("more_body", False)
        return _replay({"type": "http.request", "body": bytes(body), "more_body": False}, receive)

    def _require_known(self, path: str, content_type: str) -> None:
        media_type = media_type_of(content_type)
        if media_type == "application/json" or media_type.endswith("+json"):
            return
        others = self._takes(path)
        if media_type in others:
            return
        named = " or ".join(["application/json", *sorted(filter(None, others))])
        said = f"it says {media_type!r}" if media_type else "it does not say what it is"
        raise UnsupportedBody(f"the body must have the Content-Type {named}; {said}")

    def _too_large(self, how: str) -> BodyTooLarge:
        return BodyTooLarge(f"the body {how}; the limit is {self._limit} bytes")


def _require_plain(encoding: str) -> None:
    if encoding.strip().lower() != "identity":
        said = "compressed bodies are not taken; send it without Content-Encoding"
        raise UnsupportedBody(f"{said} ({encoding[:50]})")


def media_type_of(content_type: str) -> str:
    """Return a Content-Type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def _replay(first: Message, receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting = [first]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
