"""The flow `approve`: a typed form with which a named person settles what waits for approval."""

from __future__ import annotations

from typing import Annotated, Literal

from prefect import flow
from pydantic import Field

from flows.report import report_decision
from pipelines.decisions import approval
from pipelines.decisions.log import DecisionLog
from pipelines.registry.aliases import project_if_possible
from pipelines.registry.client import RegistryClient
from pipelines.settings import load_settings
from pipelines.store import open_store

NAME = "approve"
TIMEOUT_SECONDS = 30.0
Named = Annotated[str, Field(min_length=1, max_length=128)]


@flow(name=NAME, description="Approve or refuse a version that the gate let through.")
def settle(
    decision_id: Annotated[str, Field(description="The decision that waits.")],
    answer: Literal["approve", "refuse"],
    your_name: Named,
    reason: Annotated[str, Field(min_length=1, description="For the decision record.")],
) -> dict[str, object]:
    """Settle one decision; the alias follows."""
    settings = load_settings()
    store = open_store(settings.store_url)
    try:
        log = DecisionLog(store, settings.var / "predictions")
        settled = approval.settle(
            log, decision_id, approved=answer == "approve", actor=your_name, reason=reason
        )
        with RegistryClient(settings.mlflow_url, TIMEOUT_SECONDS, settings.mlflow_login) as client:
            project_if_possible(log, client, settled.model)
        report_decision(settled, settings)
    finally:
        store.close()
    return {
        "decision_id": settled.decision_id,
        "verdict": settled.verdict,
        "generation": settled.generation,
    }
