"""Signals become retrainings: one automation a model, visible and editable in Prefect's pages."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from prefect.automations import Automation
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture

from flows.forms import MONITORING
from flows.monitor import RESOURCE, event_of
from pipelines.monitoring.signals import KINDS

REASON = {"__prefect_kind": "jinja", "template": "{{ event.payload.reason }}"}
ASKED_BY = {"__prefect_kind": "jinja", "template": MONITORING + "{{ event.payload.kind }}"}


async def retrain_on_signals(retrainings: Mapping[str, UUID]) -> None:
    """Create or renew the automation of each model; `retrainings` names its deployment's id."""
    for model, deployment in retrainings.items():
        wanted = _automation(model, deployment)
        try:
            there = await Automation.aread(name=wanted.name)
        except ValueError:  # Prefect's word for: there is none
            await wanted.acreate()
            continue
        there.trigger, there.actions = wanted.trigger, wanted.actions
        await there.aupdate()


def _automation(model: str, deployment: UUID) -> Automation:
    return Automation(
        name=f"Retrain {model} on a signal",
        description="Drift, lost accuracy, new labels or data, as the flow `monitor` found them.",
        trigger=EventTrigger(
            expect={event_of(kind) for kind in KINDS},
            match={"prefect.resource.id": f"{RESOURCE}.{model}"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=deployment,
                parameters={"requested_by": ASKED_BY, "reason": REASON},
            )
        ],
    )
