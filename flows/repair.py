"""Runs whose process is gone: closed, so that they block nothing and mislead nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from prefect import get_client
from prefect.automations import Automation
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkPoolFilter,
    WorkPoolFilterType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.states import Cancelled, Crashed

from flows.pools import WORKERS

AUTOMATION_NAME = "Close runs without a heartbeat"
SILENCE_SECONDS = 120
PAGE = 200
"""As many runs as the server names at once."""


def close_abandoned_runs() -> int:
    """Mark as crashed what a runner left running when it was killed; return how many.

    Called before the runner starts: it executes every deployed run that is in no work pool, so none
    of these can be alive. Of the others the silence of their heartbeat tells.
    """
    kinds = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    unfinished = FlowRunFilterState(type=FlowRunFilterStateType(any_=kinds))
    left = FlowRunFilter(
        state=unfinished,
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        id=FlowRunFilterId(not_any_=_in_pools(unfinished)),
    )
    return _end_all(left, Crashed(message="The flow runner was stopped while this run went on."))


def _in_pools(state: FlowRunFilterState) -> list[UUID]:
    """Return the runs that are a worker's, wherever it is."""
    pools = WorkPoolFilter(type=WorkPoolFilterType(any_=[*WORKERS]))
    found: list[UUID] = []
    with get_client(sync_client=True) as client:
        while runs := client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=state),
            work_pool_filter=pools,
            limit=PAGE,
            offset=len(found),
        ):
            found += [run.id for run in runs]
    return found


def skip_missed_runs(now: datetime, *, page: int = PAGE) -> int:
    """Cancel the scheduled runs whose time passed while nothing ran; return how many.

    After a night without the stack, one refresh is wanted, not one for every three minutes.
    """
    missed = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        tags=FlowRunFilterTags(all_=["auto-scheduled"]),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
    )
    return _end_all(missed, Cancelled(message="The stack was down at its time."), page=page)


def _end_all(which: FlowRunFilter, state: State[object], *, page: int = PAGE) -> int:
    ended = 0
    with get_client(sync_client=True) as client:
        # The server answers with one page; those of it that have ended are not in the next.
        while runs := client.read_flow_runs(flow_run_filter=which, limit=page):
            for run in runs:
                client.set_flow_run_state(run.id, state, force=True)
            ended += len(runs)
    return ended


async def watch_heartbeats() -> None:
    """Create, once, the automation that closes a run whose process has gone silent."""
    try:
        await Automation.aread(name=AUTOMATION_NAME)
    except ValueError:  # Prefect's word for: there is none
        await _automation().acreate()


def _automation() -> Automation:
    ends = {
        f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")
    }
    return Automation(
        name=AUTOMATION_NAME,
        description="A killed process cannot say so itself; its silence does.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *ends},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENCE_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED, message="No heartbeat: its process was probably killed."
            )
        ],
    )
