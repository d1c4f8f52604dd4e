"""A collector of spans on 127.0.0.1: takes OTLP over HTTP as Jaeger, Tempo and others do."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class CollectedSpan:
    """One span as it arrived; ids are hexadecimal, `parent` is empty for the first of a trace."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    failed: bool
    facts: dict[str, object]
    whole: str
    """All of it as text."""


class SpanCollector:
    """Collects while the `with` block lasts; `status` is what it answers."""

    def __init__(self, status: int = 200) -> None:
        self._lock = threading.Lock()
        self._spans: list[CollectedSpan] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                collector._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def spans(self, name: str = "") -> list[CollectedSpan]:
        """Return what has arrived so far, of that name where one is given."""
        with self._lock:
            return [each for each in self._spans if each.name == name or not name]

    def wait_for(self, count: int) -> list[CollectedSpan]:
        """Return the spans once so many have arrived, or those that have after a minute."""
        until = time.monotonic() + 60
        while len(self.spans()) < count and time.monotonic() < until:
            time.sleep(0.02)
        return self.spans()

    def __enter__(self) -> SpanCollector:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: ExportTraceServiceRequest) -> None:
        with self._lock:
            for resource in request.resource_spans:
                (service,) = (
                    each.value.string_value
                    for each in resource.resource.attributes
                    if each.key == "service.name"
                )
                for scope in resource.scope_spans:
                    self._spans += [_collected(service, span) for span in scope.spans]


def _collected(service: str, span) -> CollectedSpan:
    return CollectedSpan(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.status.code == 2,
        {each.key: _value(each.value) for each in span.attributes},
        str(span),
    )


def _value(value) -> object:
    return getattr(value, value.WhichOneof("value"))
