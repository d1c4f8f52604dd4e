"""`POST /v1/models/{name}/predict`: blind to families, it reads the version's own contract."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from serving.bodies import MalformedBody, json_in
from serving.hot.calls import Call, HotRoute, Question, Reply, documented, question
from serving.live.answers import Answered
from serving.schemas.generic import PredictRequest, PredictResponse

router = APIRouter(prefix="/v1/models", tags=["models"])

BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PredictRequest.model_json_schema()}},
    }
}


@router.post(
    "/{name}/predict",
    response_class=Response,
    responses={200: {"model": PredictResponse}},
    openapi_extra=BODY,
)
async def predict(name: str, request: Request) -> Response:
    """Answer instances by the champion; logged before the answer leaves."""
    return await documented(request, _predict, name)


async def _predict(call: Call) -> Reply:
    # Parsed and written without pydantic: it would cost more than most predictions do.
    instances = await call.read(_instances)
    slots = call.services.slots
    answered = await slots.answer(call.model, instances, request_id=call.request_id)
    return Reply(await call.write(answered, Answered.document))


def _predict_at_once(call: Call) -> Question:
    return question(call.model, _instances(call.body), Answered.document)


HOT = (HotRoute("POST", "/v1/models/{name}/predict", _predict, _predict_at_once),)


def _instances(content: bytes) -> list[Any]:
    body = json_in(content)
    if not isinstance(body, dict):
        raise MalformedBody('the body must be an object: {"instances": [{...}]}')
    instances = body.get("instances")
    if not isinstance(instances, list):
        found = "is missing" if instances is None else "is not a list"
        raise MalformedBody(f'field "instances" {found}: {{"instances": [{{...}}]}} is expected')
    if len(body) > 1:
        unknown = body.keys() - {"instances"}
        raise MalformedBody(f"unknown fields: {', '.join(sorted(unknown))}")
    return instances
