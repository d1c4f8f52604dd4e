"""`POST /v1/models/{name}/predict`: blind to families, it reads the version's own contract."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from serving.answers import Answered
from serving.bodies import MalformedBody, json_of
from serving.dependencies import RequestId, ServicesDependency
from serving.schemas import PredictRequest, PredictResponse

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
async def predict(
    name: str, request: Request, services: ServicesDependency, request_id: RequestId
) -> Response:
    """Answer instances by the champion; logged before the answer leaves."""
    # Parsed and written without pydantic: it would cost more than most predictions do.
    instances = _instances(await json_of(request))
    answered = await services.slots.answer(name, instances, request_id=request_id)
    served = answered.model
    services.telemetry.tallies.answered(served.name, served.version, len(instances))
    return Response(_document(answered), media_type="application/json")


def _instances(body: object) -> list[Any]:
    if not isinstance(body, dict):
        raise MalformedBody('the body must be an object: {"instances": [{...}]}')
    instances = body.get("instances")
    if not isinstance(instances, list):
        found = "is missing" if instances is None else "is not a list"
        raise MalformedBody(f'field "instances" {found}: {{"instances": [{{...}}]}} is expected')
    if unknown := body.keys() - {"instances"}:
        raise MalformedBody(f"unknown fields: {', '.join(sorted(unknown))}")
    return instances


def _document(answered: Answered) -> bytes:
    return orjson.dumps(answered.as_json(), option=orjson.OPT_SERIALIZE_NUMPY)
