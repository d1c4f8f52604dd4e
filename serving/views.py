"""Turns what the server knows into what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pipelines.confirmations import Confirmation
from pipelines.decisions.log import Decision
from pipelines.rendezvous import Preparation
from pipelines.versions.artifact import Contract
from serving.live.answers import Answering, ServedModel
from serving.schemas.decision import DecisionDocument, DecisionSummary
from serving.schemas.generic import (
    AnsweringView,
    ContractView,
    PreparationView,
    ServedVersion,
    SlotView,
    WorkerView,
)
from serving.steps import SlotState


def served_version(served: ServedModel) -> ServedVersion:
    """Return the identity of a live model."""
    return ServedVersion.model_validate(served.as_json())


def slot(state: SlotState) -> SlotView:
    """Return one slot."""
    return SlotView(
        model=state.model,
        condition=state.condition,
        champion=served_version(state.served) if state.served else None,
        alias=state.view.alias,
        note=state.note,
    )


def answering(found: Answering) -> AnsweringView:
    """Return how a live version answers."""
    return AnsweringView.model_validate(asdict(found))


def workers(confirmations: Iterable[Confirmation]) -> list[WorkerView]:
    """Return what the living workers say."""
    return [WorkerView.model_validate(word, from_attributes=True) for word in confirmations]


def preparations(words: Iterable[Preparation]) -> list[PreparationView]:
    """Return what workers say of champions that they do not serve yet."""
    return [PreparationView.model_validate(word, from_attributes=True) for word in words]


def contract(found: Contract) -> ContractView:
    """Return a contract, its golden requests as examples."""
    document = found.model_dump(mode="json")
    return ContractView.model_validate(document | {"examples": document["golden"]})


def summary(decision: Decision) -> DecisionSummary:
    """Return one line about a decision."""
    return DecisionSummary.model_validate(_columns(decision))


def document(decision: Decision, effects: Iterable[Decision] = ()) -> DecisionDocument:
    """Return everything about a decision, and what followed from it."""
    followed = [dict(effect.record) for effect in effects]
    whole = {"record": dict(decision.record), "followed": followed}
    return DecisionDocument.model_validate(_columns(decision) | whole)


def _columns(decision: Decision) -> dict[str, object]:
    columns = {name: value for name, value in vars(decision).items() if name != "record"}
    record = decision.record
    told = {"actor": record.get("actor"), "against": _against(record), "failed": _failed(record)}
    return columns | told | {"reasons": _reasons(record)}


def _against(record: Mapping[str, object]) -> str | None:
    """Return the champion's version, which stands by itself or with all that was known of it."""
    champion = record.get("champion")
    version = champion.get("version") if isinstance(champion, Mapping) else champion
    return None if version is None else str(version)


def _failed(record: Mapping[str, object]) -> list[str]:
    ruling = record.get("ruling")
    checks = (ruling if isinstance(ruling, Mapping) else record).get("checks")
    lines = checks if isinstance(checks, list) else []
    return [str(line["name"]) for line in lines if line.get("passed") is False]


def _reasons(record: Mapping[str, object]) -> list[str]:
    """Return why: a verdict gives its ruling's reasons, a person gave one."""
    ruling = record.get("ruling")
    reasons = ruling.get("reasons") if isinstance(ruling, Mapping) else None
    if isinstance(reasons, list):
        return [str(reason) for reason in reasons]
    return [f"{record.get('actor', 'unknown')}: {record['reason']}"] if "reason" in record else []
