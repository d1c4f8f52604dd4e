"""`GET /v1/models/{name}/predictions/{id}`: an answer of then, why, and what today's would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from pipelines.contract import RequestRefused, Row
from pipelines.decisions.lineage import lineage
from pipelines.orders.stored_sales import STORED_HISTORY, Stored, StoredSales
from pipelines.prediction_log import Prediction
from serving.dependencies import ServicesDependency
from serving.live.validation import InvalidInstances
from serving.schemas.history import PredictionHistory
from serving.services import Services

REPLACED = "the stored sales that it was answered from have been replaced since"

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get(
    "/{name}/predictions/{prediction_id}",
    response_class=Response,
    responses={200: {"model": PredictionHistory}},
)
async def history(
    name: str, prediction_id: str, request: Request, services: ServicesDependency
) -> Response:
    """Tell what was answered, by which version, trained on what, promoted by which decision.

    And what today's champion says to the same question; that is not logged as a prediction.
    """
    services.slots.served(name)  # an unknown model is refused first
    found = await run_in_threadpool(services.predictions.find, name, prediction_id)
    document = await run_in_threadpool(_then, services, found)
    document["today"] = await _today(services, found, request.app.state.sales)
    options = orjson.OPT_SERIALIZE_NUMPY
    return Response(orjson.dumps(document, option=options), media_type="application/json")


def _then(services: Services, found: Prediction) -> dict[str, object]:
    told = lineage(services.decisions, found.model, found.version, found.decision_id)
    said = services.predictions.feedback_of(found)
    return {"prediction": asdict(found), **told, "feedback": [asdict(each) for each in said]}


async def _today(
    services: Services, found: Prediction, sales: StoredSales
) -> Mapping[str, object] | None:
    """Return today's answer, or why there is none; None without a champion."""
    if services.slots.served(found.model) is None:
        return None
    instance = _as_asked(found.instance, sales)
    live = services.slots.acquire(found.model, 1)
    served = {"version": live.served.version, "decision_id": live.served.decision_id}
    if instance is None:
        live.release()
        return {**served, "answer": None, "same": False, "refused": REPLACED}
    try:
        (rows,) = await services.slots.rows(live, [instance], [dict(found.instance)])
    except (InvalidInstances, RequestRefused) as refused:
        return {**served, "answer": None, "same": False, "refused": str(refused)}
    answer = orjson.loads(orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY))
    return {**served, "answer": answer, "same": answer == list(found.answer), "refused": None}


def _as_asked(logged: Mapping[str, object], sales: StoredSales) -> Row | None:
    """Return the question as the model got it; None where the days it stood for are gone.

    Of stored sales the log holds a reference alone: without its days the champion would be asked
    another question, and its answer would say nothing about the one of then.
    """
    instance = dict(logged)
    reference = instance.pop(STORED_HISTORY, None)
    if reference is None:
        return instance
    stored = sales.of(str(instance["product_id"]))
    if stored is None or not isinstance(reference, dict) or not _same_days(stored, reference):
        return None
    return {**instance, "history": stored.days}


def _same_days(stored: Stored, reference: Mapping[str, object]) -> bool:
    return stored.reference["fingerprint"] == reference.get("fingerprint")
