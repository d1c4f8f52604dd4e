"""The categoriser's interface: categories for product names, and a retraining on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from pipelines.contract import Row
from pipelines.settings import ServingSettings
from serving.access.caller import Caller
from serving.dependencies import CallerDependency, ServicesDependency
from serving.hot.calls import Call, HotRoute, Question, Reply, documented, question, reply_of
from serving.live.answers import Answered
from serving.problems import Dialect, Problem
from serving.services import Services
from serving.spanish import WORDS, DomainRefused, object_in, refusal, sentence

MODEL = "product_categories"

router = APIRouter(tags=["categoriser"])


INFERENCE = {
    "type": "object",
    "description": "Product names, and optionally the name of the model that is meant.",
    "required": ["product_list"],
    "properties": {
        "product_list": {
            "type": "array",
            "items": WORDS,
            "examples": [["Llave stilson 14 pulgadas", "Cemento gris 50 kg"]],
        },
        "model_name": {"enum": [MODEL, "", None], "examples": [MODEL]},
    },
}


class Alternative(BaseModel):
    """A category that the model considered."""

    category: str
    confidence: float


class InferenceResponse(BaseModel):
    """One category a name, in the order asked; all from one version."""

    errors: bool = False
    categories: list[str]
    model_name: str
    confidence: list[float | None]
    alternatives: list[list[Alternative]]
    version: str
    decision_id: str
    request_id: str
    prediction_ids: list[str]


class TrainingResponse(BaseModel):
    """The run that retrains the model; asked again while it runs, the same one."""

    message: str
    started: bool
    run_id: str
    run_name: str
    run_url: str
    state: str
    model_name: str = MODEL


def render(problem: Problem) -> Response:
    """Answer a problem in the shape of an answer, with `errors` true."""
    return refusal(problem, errors=True, message=sentence(problem), categories=[], model_name=MODEL)


DIALECT = Dialect(("/v1/categorizer", "/training"), render)

BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": INFERENCE}},
    }
}


@router.post(
    "/v1/categorizer/inference",
    response_class=Response,
    responses={200: {"model": InferenceResponse}},
    openapi_extra=BODY,
)
async def inference(request: Request) -> Response:
    """Name the category of every product in the list."""
    return await documented(request, _inference)


async def _inference(call: Call) -> Reply:
    services = call.services
    body = await call.read(object_in)
    names = _names(body.get("product_list"), services.settings.serving)
    wanted = body.get("model_name")
    if wanted not in (None, "", MODEL):
        problem = Problem(404, "unknown-model-name", f"the model here is called {MODEL!r}")
        return reply_of(render(problem))
    instances: list[Row] = [{"name": name} for name in names]
    answered = await services.slots.answer(MODEL, instances, request_id=call.request_id)
    return Reply(await call.write(answered, _document))


def _inference_at_once(call: Call) -> Question | None:
    body = object_in(call.body)
    if body.get("model_name") not in (None, "", MODEL):
        return None
    names = _names(body.get("product_list"), call.services.settings.serving)
    return question(MODEL, [{"name": name} for name in names], _document)


HOT = (HotRoute("POST", "/v1/categorizer/inference", _inference, _inference_at_once, model=MODEL),)


@router.post("/training", status_code=202)
async def training(services: ServicesDependency, caller: CallerDependency) -> TrainingResponse:
    """Start a retraining, or name the one that is under way."""
    return await _train(services, caller, "POST /training")


@router.get("/training", status_code=202)
async def training_get(services: ServicesDependency, caller: CallerDependency) -> TrainingResponse:
    """Start a retraining, as `POST` does; existing clients ask this way."""
    return await _train(services, caller, "GET /training")


def _names(listed: Any, limits: ServingSettings) -> Sequence[str]:
    if listed is None:
        raise DomainRefused("Falta el campo «product_list».")
    if not isinstance(listed, list):
        raise DomainRefused("El campo «product_list» debe ser una lista de textos.")
    # Before each is looked at: a body may hold a million of them, and others are waiting.
    if len(listed) > limits.instances_limit:
        raise DomainRefused(
            f"Hay demasiados textos en «product_list»: más de {limits.instances_limit}."
        )
    for index, name in enumerate(listed):
        where = f"El elemento {index} de «product_list»"
        if not isinstance(name, str):
            raise DomainRefused(f"{where} debe ser texto.")
        if not name.strip():
            raise DomainRefused(f"{where} está vacío.")
        if len(name) > limits.text_limit_characters:
            raise DomainRefused(f"{where} tiene más de {limits.text_limit_characters} caracteres.")
    return listed


def _document(answered: Answered) -> bytes:
    rows = [found[0] for found in answered.rows]
    served = answered.model
    return orjson.dumps(
        {
            "errors": False,
            "categories": [row["category"] for row in rows],
            "model_name": MODEL,
            # A version from elsewhere may answer the category alone.
            "confidence": [row.get("confidence") for row in rows],
            "alternatives": [row.get("alternatives") or [] for row in rows],
            "version": served.version,
            "decision_id": served.decision_id,
            "request_id": answered.request_id,
            "prediction_ids": answered.prediction_ids,
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


async def _train(services: Services, caller: Caller, asked_by: str) -> TrainingResponse:
    actor = caller.named(asked_by, unclaimed=asked_by)
    asked = await services.retrain.ask(MODEL, actor=actor, reason="requested over HTTP")
    started = (
        "El entrenamiento ha comenzado." if asked.started else ("Ya hay un entrenamiento en curso.")
    )
    run = asked.run
    return TrainingResponse(
        message=started,
        started=asked.started,
        run_id=run.id,
        run_name=run.name,
        run_url=run.url,
        state=run.state,
    )
