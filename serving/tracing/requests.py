"""The outermost layer where traces are on: a span for each request that is to be traced."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.observability.otlp import RequestSpan, Tracing
from serving.live import generations
from serving.observability.request_fields import champion_fields
from serving.tracing.sampling import Sampling

STATE = "traced"
"""Where a connection leaves what it has decided already about a request."""
CARRIED = (b"traceparent", b"tracestate")


class TracedRequests:
    """Traces what is to be traced, and hands everything on.

    `route_of` returns the template of what is answered without the application's routes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tracing: Tracing,
        sampling: Sampling,
        route_of: Callable[[str, str], str | None],
    ) -> None:
        self._app = app
        self._tracing = tracing
        self._sampling = sampling
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not self._wanted(scope):
            await self._app(scope, receive, send)
            return
        carried = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in CARRIED
        }
        with self._tracing.request(scope["method"], carried) as span:
            await self._traced(span, scope, receive, send)

    async def _traced(self, span: RequestSpan, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})
        state |= {"trace_id": span.trace_id, "span_id": span.span_id}
        status = 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            served = generations.answering()
            facts = {"request_id": state.get("request_id")}
            named = champion_fields(served) if served is not None else {}
            span.answered(scope["method"], self._route(scope), status, facts | named)

    def _wanted(self, scope: Scope) -> bool:
        decided: bool | None = scope.get("state", {}).get(STATE)
        return self._sampling.wants(scope["headers"]) if decided is None else decided

    def _route(self, scope: Scope) -> str:
        # The template and not the path: a path may name customers, and there are endless many.
        quick = self._route_of(scope["method"], scope["path"])
        return quick or str(getattr(scope.get("route"), "path", "unmatched"))
