"""What every log line says that is written while a request is answered: which, and by whom.

Nothing is kept for it: it is read where a line is written, from what the request brought along.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from pipelines.observability import logs
from serving.live import callers, generations

TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/: version, trace, span of the caller, flags."""


def formatter(service: str, form: str) -> logging.Formatter:
    """Return what makes the lines of the server's log."""
    return logs.formatter(service, form, more=(fields,))


def fields() -> dict[str, object]:
    """Return what is known of the request that is being answered, if there is one."""
    found: dict[str, object] = {}
    scope = callers.request()
    if scope is not None:
        state = scope.get("state", {})
        found = {"request_id": state.get("request_id"), **trace_of(_header(scope, b"traceparent"))}
        caller = state.get("caller")
        if caller is not None and caller.key_id:
            found |= {"who": caller.name, "key_id": caller.key_id}
        if "trace_id" in state:
            found |= {"trace_id": state["trace_id"], "span_id": state["span_id"]}
    served = generations.answering()
    if served is not None:
        found |= champion_fields(served)
    return {name: value for name, value in found.items() if value}


def champion_fields(served: generations.Generation) -> dict[str, object]:
    """Return what names the version that answered, and the decision behind it."""
    return {
        "model": served.name,
        "version": served.version,
        "decision_id": served.decision_id,
        "generation": served.generation,
    }


def trace_of(traceparent: bytes | None) -> dict[str, object]:
    """Return the trace that a caller says his request is part of; nothing where it is malformed."""
    found = TRACEPARENT.fullmatch(traceparent or b"")
    if found is None or not int(found[1], 16):
        return {}
    return {"trace_id": found[1].decode()}


def _header(scope: Mapping[str, object], name: bytes) -> bytes | None:
    headers = scope["headers"]
    assert isinstance(headers, list | tuple)
    return next((value for key, value in headers if key == name), None)
