"""`GET /v1/models/{name}/predictions/{id}`: an answer of then, why, and what today's would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import orjson
from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from pipelines.contract import RequestRefused
from pipelines.decisions.lineage import lineage
from pipelines.prediction_log import Prediction
from serving.dependencies import ServicesDependency
from serving.history_schemas import PredictionHistory
from serving.services import Services
from serving.validation import InvalidInstances

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get(
    "/{name}/predictions/{prediction_id}",
    response_class=Response,
    responses={200: {"model": PredictionHistory}},
)
async def history(name: str, prediction_id: str, services: ServicesDependency) -> Response:
    """Tell what was answered, by which version, trained on what, promoted by which decision.

    And what today's champion says to the same question; that is not logged as a prediction.
    """
    services.slots.served(name)  # an unknown model is refused first
    found = await run_in_threadpool(services.predictions.find, name, prediction_id)
    document = await run_in_threadpool(_then, services, found)
    document["today"] = await _today(services, found)
    options = orjson.OPT_SERIALIZE_NUMPY
    return Response(orjson.dumps(document, option=options), media_type="application/json")


def _then(services: Services, found: Prediction) -> dict[str, object]:
    told = lineage(services.decisions, found.model, found.version, found.decision_id)
    said = services.predictions.feedback_of(found)
    return {"prediction": asdict(found), **told, "feedback": [asdict(each) for each in said]}


async def _today(services: Services, found: Prediction) -> Mapping[str, object] | None:
    """Return today's answer, or why there is none; None without a champion."""
    if services.slots.served(found.model) is None:
        return None
    live = services.slots.acquire(found.model, 1)
    served = {"version": live.served.version, "decision_id": live.served.decision_id}
    try:
        (rows,) = await services.slots.rows(live, [dict(found.instance)])
    except (InvalidInstances, RequestRefused) as refused:
        return {**served, "answer": None, "same": False, "refused": str(refused)}
    answer = orjson.loads(orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY))
    return {**served, "answer": answer, "same": answer == list(found.answer), "refused": None}
