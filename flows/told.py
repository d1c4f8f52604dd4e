"""What is told of a run while it goes on: its log lines name it, and it is traced where asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.context import FlowRunContext

from pipelines.observability.context import bound
from pipelines.observability.prefect_lines import SERVICE
from pipelines.observability.spans import traced_run
from pipelines.settings import Settings


@contextmanager
def told(settings: Settings, **facts: object) -> Iterator[None]:
    """Let log lines name the run that goes on and `facts`, and trace it where settings say so."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    flow = context.flow.name if context is not None and context.flow is not None else "run"
    named = {**facts, "flow_run_id": str(run.id) if run is not None else None}
    with bound(**named), traced_run(settings.traces, SERVICE, flow, **named):
        yield
