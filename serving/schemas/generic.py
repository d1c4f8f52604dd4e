"""What goes over the wire of the generic interface, as the OpenAPI document shows it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines import deception
from serving.schemas.decision import DecisionSummary

Json = dict[str, object]
Actor = Annotated[
    str,
    Field(min_length=1, max_length=128, title="Who asks", examples=["ana@shop.example"]),
    AfterValidator(deception.seen),
]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=2000, title="Why", examples=["complaints about codes"]),
    AfterValidator(partial(deception.seen, allowed=deception.JOINERS | deception.BREAKS)),
]


class _Received(BaseModel):
    # A misspelt field would otherwise be ignored without a word.
    model_config = ConfigDict(extra="forbid")


class PredictRequest(_Received):
    """Questions for one model; each must fit the request schema of its contract."""

    instances: list[Json] = Field(examples=[[{"description": "Llave stilson 14 pulgadas"}]])


class ServedVersion(BaseModel):
    """Which version answers, and the recorded decision that made it champion."""

    name: str = Field(examples=["product_codes"])
    version: str = Field(examples=["7"])
    decision_id: str = Field(examples=["d000042-1f9c03"])
    generation: int = Field(examples=[5])


class PredictResponse(BaseModel):
    """Answers in the order of the instances, all of them from one version."""

    predictions: list[Json | list[Json]] = Field(
        description="One object an instance, or a list of rows where the model answers lists.",
        examples=[[{"code": "27113201", "confidence": 0.93}]],
    )
    model: ServedVersion
    request_id: str
    prediction_ids: list[str] = Field(description="Names of the answers, for feedback.")


class FeedbackRequest(_Received):
    """What turned out true about one answer, or which item somebody chose from its list."""

    prediction_id: str = Field(min_length=1, max_length=40)
    actual: object = Field(
        None,
        description="The true value of the response column that the model is about.",
        examples=["27113201"],
    )
    chosen: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="In place of `actual`, of an answer that is a list: the id of the chosen item.",
    )
    reviewer: Actor

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if ("actual" in self.model_fields_set) == (self.chosen is not None):
            raise ValueError("either 'actual' or 'chosen' says what turned out true")
        return self


class FeedbackResponse(BaseModel):
    """The feedback as it was kept, with the version that had answered."""

    feedback_id: str
    prediction_id: str
    model: ServedVersion
    request_id: str


class RollbackRequest(_Received):
    """Go back to the champion before, or to an earlier one."""

    actor: Actor
    reason: Reason
    to: str | None = Field(None, max_length=32, title="Version", examples=["6"])


class ApprovalRequest(_Received):
    """What a named person says of a version that the gate let through."""

    approved: bool
    actor: Actor
    reason: Reason


class RetrainRequest(_Received):
    """Ask for a retraining; `params` are parameters of its flow, by default none."""

    actor: Actor = "api"
    reason: Reason = "requested over HTTP"
    params: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class Run(BaseModel):
    """A flow run; `url` is its page in Prefect."""

    id: str
    name: str
    url: str
    state: str


class RetrainResponse(BaseModel):
    """The run that retrains the model; asked again while it runs, the same one."""

    message: str
    started: bool
    run: Run
    model: ServedVersion | None


class ContractView(BaseModel):
    """What the live version says about itself."""

    origin: str
    form: str
    many: bool
    target: str
    request_schema: Json
    response_schema: Json
    examples: list[Json]
    latency_budget_ms: float
    params: Json
    values: dict[str, float]
    fingerprints: dict[str, str]
    training_window: dict[str, str]
    code: dict[str, str]
    libraries: dict[str, str]
    created_at: str


class WorkerView(BaseModel):
    """What one living worker says that it answers with, and since when."""

    worker_id: str
    version: str
    generation: int
    decision_id: str
    confirmed_at: str


class PreparationView(BaseModel):
    """What one living worker says of a decided champion that it does not answer with yet."""

    worker_id: str
    version: str
    generation: int
    decision_id: str
    state: Literal["prepared", "failed"] = Field(
        description="`prepared`: it switches together with the others. `failed`: it goes on trying."
    )
    note: str


class SlotView(BaseModel):
    """One slot of the process that answers this request."""

    model: str
    condition: Literal["serving", "loading", "failed", "no_champion"]
    champion: ServedVersion | None
    alias: str | None = Field(description="What MLflow's alias names; null also when it is away.")
    note: str


class ModelList(BaseModel):
    """Every model that this server knows."""

    models: list[SlotView]


class AnsweringView(BaseModel):
    """How the live version answers, by what its warm-up measured."""

    where: Literal["event loop", "thread", "worker process", "model worker"]
    batched: bool = Field(description="Whether requests that wait are answered together.")
    reason: str
    single_ms: float = Field(description="What a call with one instance takes.")
    batch_ms: float | None = Field(description="What a call with 16 instances takes.")
    instances_a_call: int
    waiting: int = Field(description="Requests that wait in this worker right now.")


class ModelView(SlotView):
    """One model: its slot, its contract, the decision behind it, and who serves it."""

    digest: str | None
    contract: ContractView | None
    answering: AnsweringView | None
    decision: DecisionSummary | None
    rollout: str | None = Field(
        description="The rollout that this worker takes part in; /v1/rollouts has it."
    )
    workers: list[WorkerView]


class Health(BaseModel):
    """The process runs; what it serves is said for each slot."""

    status: Literal["running"] = "running"
    worker_id: str
    registry: Literal["reachable", "away"]
    decision_log: Literal["reachable", "away"]
    slots: list[SlotView]


class Readiness(BaseModel):
    """Ready when every model that has a champion is answered by it."""

    ready: bool
    slots: list[SlotView]
    workers: dict[str, list[WorkerView]]
    preparations: dict[str, list[PreparationView]] = Field(
        description="By model, champions on their way; nothing where every worker serves them."
    )
    agreed: dict[str, bool] = Field(
        description="By model, whether every living worker answers with the same generation."
    )


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Accepted(BaseModel):
    """Heard; nothing is promised."""

    message: str


class ProblemDocument(BaseModel):
    """RFC 9457: how every refusal looks."""

    type: str = Field(examples=["urn:contender:problem:invalid-instances"])
    title: str
    status: int
    detail: str = Field(examples=["instance 3, field 'description': is missing"])
    instance: str
    request_id: str
    errors: list[Json] | None = None
