"""Spans: what a piece of work consisted of, and how long each part took; off unless set.

Nothing that makes or sends spans is imported here, and a span costs one look at a variable where
traces are off.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pipelines.observability import context

if TYPE_CHECKING:
    from pipelines.observability.otlp import Tracing
    from pipelines.observability_settings import TracesSettings

P = ParamSpec("P")
R = TypeVar("R")

_tracing: ContextVar[Tracing | None] = ContextVar("tracing", default=None)

logger = logging.getLogger(__name__)


def open_tracing(settings: TracesSettings, service: str) -> Tracing | None:
    """Return what sends the spans of this process, or None where traces are off.

    Where OpenTelemetry is not installed that is said and everything goes on: nobody's work may
    depend on being watched.
    """
    if settings.url is None:
        return None
    try:
        from pipelines.observability.otlp import Tracing
    except ImportError as error:
        logger.error(
            "no traces are sent to %s: %s; `pip install -c constraints.txt '.[traces]'` in the "
            "project's folder installs what they need",
            settings.url,
            error,
        )
        return None
    return Tracing.over_http(settings.url, service)


@contextmanager
def traced_run(
    settings: TracesSettings, service: str, name: str, **facts: object
) -> Iterator[None]:
    """Trace a run of its own from beginning to end, with the steps within; sent when it is over."""
    tracing = open_tracing(settings, service)
    if tracing is None:
        yield
        return
    token = _tracing.set(tracing)
    try:
        with tracing.run(name, facts) as trace_id, context.bound(trace_id=trace_id):
            yield
    finally:
        _tracing.reset(token)
        tracing.close()


def step(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a span of each call of a function, where the run that it is part of is traced."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def traced(*arguments: P.args, **named: P.kwargs) -> R:
            with span(name):
                return function(*arguments, **named)

        return traced

    return decorate


def span(name: str, **facts: object) -> AbstractContextManager[object]:
    """Return a span within the run that is traced, or nothing where none is."""
    tracing = _tracing.get()
    return nullcontext() if tracing is None else tracing.span(name, facts)
