"""What every request passes that is not answered at once: may he, and what did he do?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from serving.access.door import Door
from serving.access.refusals import AccessRefused
from serving.access.routes import Asked, Routes
from serving.access.trail import Trail

Refuse = Callable[[Scope, Exception], ASGIApp]
Headers = Mapping[str, str]
NO_HEADERS: Headers = {}
UNANSWERED = "it broke off without an answer of its own"
TURNED_AWAY = "turned_away"
"""Where it is noted of a request that it was not let through."""


class Gate:
    """Lets a request through or answers why not, and has the audit log told of it.

    The log is told before the answer leaves: who has read that something was done finds it there.
    """

    def __init__(
        self, app: ASGIApp, *, door: Door, routes: Routes, trail: Trail, refuse: Refuse
    ) -> None:
        self._app = app
        self._door = door
        self._routes = routes
        self._trail = trail
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No rule is about these, so nobody may.
            await WebSocketClose(1008)(scope, receive, send)
            return
        asked = self._routes.asked(scope)
        if asked is not None:
            # For the metrics: who is turned away never reaches the router, which would say so.
            scope["route"] = asked.route
        try:
            entered = await self._door.enter(scope, asked)
        except AccessRefused as error:
            scope["state"][TURNED_AWAY] = True
            send = self._noted(scope, asked, send, note=str(error), denied=True)
            await self._refuse(scope, error)(scope, receive, send)
            return
        if asked and asked.rule and asked.rule.changes:
            await self._change(scope, asked, receive, send, entered.headers)
            return
        if entered.headers:
            send = self._noted(scope, asked, send, headers=entered.headers)
        await self._app(scope, receive, send)

    async def _change(
        self, scope: Scope, asked: Asked, receive: Receive, send: Send, headers: Headers
    ) -> None:
        """Have something changed, and the audit log told also where that breaks off."""
        begun = False

        async def beginning(message: Message) -> None:
            nonlocal begun
            begun = True
            await noted(message)

        noted = self._noted(scope, asked, send, headers=headers)
        try:
            await self._app(scope, receive, beginning)
        finally:
            # What nobody foresaw is answered outside of every middleware, as a 500.
            if not begun:
                deed = self._trail.deed(scope, asked, 500, UNANSWERED)
                await run_in_threadpool(self._trail.write, deed)

    def _noted(
        self,
        scope: Scope,
        asked: Asked | None,
        send: Send,
        *,
        note: str = "",
        denied: bool = False,
        headers: Headers = NO_HEADERS,
    ) -> Send:
        recorded = denied or bool(asked and asked.rule and asked.rule.changes)
        told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *told]
                deed = self._trail.deed(scope, asked, message["status"], note)
                if recorded and (deed.outcome != "denied" or self._trail.takes_denied()):
                    await run_in_threadpool(self._trail.write, deed)
            await send(message)

        return noting
