"""What every run about a model needs: settings, store, decision log, progress, and its turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prefect.context import FlowRunContext, tags
from prefect.logging import get_run_logger

from flows.forms import MONITORING, Origin
from flows.progress import RunProgress
from flows.told import told
from flows.turns import turn
from pipelines.arena.gate import Gate
from pipelines.decisions.log import DecisionLog
from pipelines.gate.verdict import Trigger, TriggerKind
from pipelines.monitoring.signals import KINDS
from pipelines.orchestration import model_tag
from pipelines.settings import Settings, load_settings
from pipelines.store import Store, open_store


@dataclass(frozen=True)
class Workplace:
    """One run's hold on a model."""

    model: str
    settings: Settings
    store: Store
    gate: Gate
    progress: RunProgress
    trigger: Trigger


@contextmanager
def workplace(model: str, origin: Origin) -> Iterator[Workplace]:
    """Open what a run needs, and hold the model's turn until the run is over."""
    settings = load_settings()
    with told(settings, model=model):
        store = open_store(settings.store_url)
        try:
            progress = RunProgress(f"{model}: starting")
            with tags(model_tag(model)), turn(store, model, get_run_logger().info):
                log = DecisionLog(store, settings.var / "predictions")
                with Gate(settings, store, log) as gate:
                    yield Workplace(model, settings, store, gate, progress, _trigger(origin))
        finally:
            store.close()


def _trigger(origin: Origin) -> Trigger:
    """Say who asked: a schedule, somebody by name, or somebody in Prefect's pages."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    scheduled = run is not None and bool(run.auto_scheduled)
    return Trigger(
        kind=_kind(origin, scheduled=scheduled),
        actor=origin.requested_by or ("schedule" if scheduled else "Prefect's pages"),
        reason=origin.reason,
        flow_run_id=str(run.id) if run is not None else None,
    )


def _kind(origin: Origin, *, scheduled: bool) -> TriggerKind:
    asked_by = origin.requested_by
    signal = next((kind for kind in KINDS if asked_by == MONITORING + kind), None)
    return signal or ("scheduled" if scheduled else "manual")
