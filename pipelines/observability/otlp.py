"""Spans by OpenTelemetry, sent to a collector by OTLP over HTTP. Imported only where traces are on.

They wait in memory and are sent by a thread; where the collector is away or too slow, spans are
dropped and the work goes on. Headers for the collector, such as a key, are read from
`OTEL_EXPORTER_OTLP_HEADERS`, further facts of the process from `OTEL_RESOURCE_ATTRIBUTES`.
"""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    format_span_id,
    format_trace_id,
    get_current_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pipelines.observability.masking import masked

Facts = dict[str, str | bool | int | float]
SEND_SECONDS = 1.0
TIMEOUT_SECONDS = 3.0
"""An export that takes longer is given up, so that a stop does not wait for a dead collector."""
WAITING_SPANS = 2048
"""Beyond so many the newest are dropped."""


class Tracing:
    """Begins spans and has them sent. What is sampled is decided by whoever begins."""

    def __init__(self, processor: SpanProcessor, service: str) -> None:
        facts = {
            "service.name": f"contender-{service}",
            "service.instance.id": socket.gethostname(),
        }
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.create(facts), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("contender")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def over_http(cls, url: str, service: str) -> Tracing:
        """Return what sends spans to the collector at `url`."""
        exporter = OTLPSpanExporter(endpoint=url, timeout=TIMEOUT_SECONDS)
        processor = BatchSpanProcessor(
            exporter,
            max_queue_size=WAITING_SPANS,
            schedule_delay_millis=SEND_SECONDS * 1000,
        )
        return cls(processor, service)

    @contextmanager
    def run(self, name: str, facts: Mapping[str, object]) -> Iterator[str]:
        """Begin a trace and yield its id; what is raised within is noted and goes on."""
        with self._begun(name, Context(), facts=_attributes(facts)) as span:
            yield format_trace_id(span.get_span_context().trace_id)

    def span(self, name: str, facts: Mapping[str, object]) -> AbstractContextManager[Span]:
        """Return a part of what is traced right now; to be asked only where something is."""
        return self._begun(name, facts=_attributes(facts))

    def is_on(self) -> bool:
        """Whether what goes on right now is traced."""
        return get_current_span().get_span_context().is_valid

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[RequestSpan]:
        """Yield the span of a request, part of the trace that its W3C headers name, if any."""
        parent = self._propagator.extract(headers, Context())
        facts: Facts = {"http.request.method": method}
        with self._begun(method, parent, SpanKind.SERVER, facts=facts) as span:
            yield RequestSpan(span)

    def close(self) -> None:
        """Send what waits, as long as that takes a few seconds, and stop."""
        self._provider.shutdown()

    @contextmanager
    def _begun(
        self,
        name: str,
        parent: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        *,
        facts: Facts,
    ) -> Iterator[Span]:
        """Yield a span that says of a failure what a log line would: no secret."""
        with self._tracer.start_as_current_span(
            name,
            parent,
            kind,
            attributes=facts,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.add_event("exception", _told_of(error))
                said = masked(f"{type(error).__name__}: {error}")
                span.set_status(Status(StatusCode.ERROR, said))
                raise


class RequestSpan:
    """A request that is being answered."""

    def __init__(self, span: Span) -> None:
        self._span = span
        ids = span.get_span_context()
        self.trace_id, self.span_id = format_trace_id(ids.trace_id), format_span_id(ids.span_id)

    def answered(self, method: str, route: str, status: int, facts: Mapping[str, object]) -> None:
        """Name the span by its route, and say what became of the request."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {"http.route": route, "http.response.status_code": status, **_attributes(facts)}
        )
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


def _told_of(error: Exception) -> Facts:
    """Return what OpenTelemetry says of an exception, in its own names."""
    return {
        "exception.type": type(error).__qualname__,
        "exception.message": masked(str(error)),
        "exception.stacktrace": masked("".join(traceback.format_exception(error))),
    }


def _attributes(facts: Mapping[str, object]) -> Facts:
    return {
        f"contender.{name}": value if isinstance(value, str | bool | int | float) else str(value)
        for name, value in facts.items()
        if value is not None
    }
