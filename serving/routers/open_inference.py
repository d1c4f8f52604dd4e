"""KServe's Open Inference Protocol, version 2, over HTTP, with the binary tensor data extension.

The protocol is told at https://github.com/kserve/open-inference-protocol. It knows one tensor for
each column where the generic interface knows rows; both ask the same slots.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from pipelines.contract import Row
from serving.dependencies import RequestId, ServicesDependency
from serving.envelope import ASKS
from serving.errors import RETRY_SECONDS
from serving.hot.calls import Call
from serving.problems import Dialect, Problem
from serving.protocols.inference_answers import document, outputs_described, require_outputs
from serving.protocols.inference_requests import Asked, inputs_described, instances, parse
from serving.schemas.protocol import (
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    ServerMetadata,
)
from serving.services import Services

HEADER_LENGTH = "Inference-Header-Content-Length"
MEDIA_TYPES = frozenset({"application/octet-stream", ""})
"""Taken beside JSON; `tritonclient` does not say what it sends."""

router = APIRouter(prefix="/v2", tags=["open inference protocol"])


def render(problem: Problem) -> Response:
    """Answer a problem as `{"error": …}`; the protocol calls whatever is wrong in a body a 400."""
    return Response(
        orjson.dumps({"error": problem.detail}),
        status_code=400 if problem.status == 422 else problem.status,
        media_type="application/json",
    )


DIALECT = Dialect(("/v2",), render)

BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InferenceRequest.model_json_schema()}},
    }
}
INFERENCE: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"model": InferenceResponse}},
    "openapi_extra": BODY,
}


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Not ready: the same shape, `ready` false.",
        "content": {"application/json": {"schema": {"type": "object", "required": ["ready"]}}},
    }
}


@router.get("")
async def server(request: Request) -> ServerMetadata:
    """Describe the server."""
    return ServerMetadata(
        name="contender", version=request.app.version, extensions=["binary_tensor_data"]
    )


@router.get("/health/live")
async def live() -> dict[str, bool]:
    """Answer, which is all that it says."""
    return {"live": True}


@router.get("/health/ready", responses=NOT_READY)
async def ready(services: ServicesDependency, response: Response) -> dict[str, bool]:
    """Say whether every model that has a champion is answered by it."""
    found = services.follower.ready
    _say(response, found)
    # The protocol's text calls the member `live`, its OpenAPI document `ready`.
    return {"live": True, "ready": found}


@router.get("/models/{name}", response_model_exclude_none=True)
async def model(name: str, services: ServicesDependency) -> ModelMetadata:
    """Describe the inputs and outputs of a model's live version."""
    return _metadata(services, name, None)


@router.get("/models/{name}/versions/{version}", response_model_exclude_none=True)
async def model_version(name: str, version: str, services: ServicesDependency) -> ModelMetadata:
    """Describe a model's live version, which must be this one."""
    return _metadata(services, name, version)


@router.get("/models/{name}/ready", responses=NOT_READY)
async def model_ready(
    name: str, services: ServicesDependency, response: Response
) -> dict[str, Any]:
    """Say whether a model has a champion that answers."""
    found = services.slots.served(name) is not None
    _say(response, found)
    return {"name": name, "ready": found}


@router.get("/models/{name}/versions/{version}/ready", responses=NOT_READY)
async def version_ready(
    name: str, version: str, services: ServicesDependency, response: Response
) -> dict[str, Any]:
    """Say whether this version of a model is the one that answers."""
    served = services.slots.served(name)
    found = served is not None and served.version == version
    _say(response, found)
    return {"name": name, "ready": found}


def _say(response: Response, ready: bool) -> None:
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_SECONDS


@router.post("/models/{name}/infer", **INFERENCE)
async def infer(
    name: str, request: Request, services: ServicesDependency, request_id: RequestId
) -> Response:
    """Answer tensors by the champion; logged before the answer leaves."""
    return await _infer(name, None, request, services, request_id)


@router.post("/models/{name}/versions/{version}/infer", **INFERENCE)
async def infer_by_version(
    name: str,
    version: str,
    request: Request,
    services: ServicesDependency,
    request_id: RequestId,
) -> Response:
    """Answer tensors by the champion, which must be this version."""
    return await _infer(name, version, request, services, request_id)


async def _infer(
    name: str, version: str | None, request: Request, services: Services, request_id: str
) -> Response:
    services.slots.served(name)  # an unknown model is refused first
    setattr(request.state, ASKS, name)
    contract = services.slots.contract(name, version)
    limit = services.settings.serving.instances_limit
    said = request.headers.get(HEADER_LENGTH)

    def read(body: bytes) -> tuple[Asked, list[Row]]:
        asked = parse(body, said, limit)
        require_outputs(asked, contract.response_schema)
        return asked, instances(asked, contract.request_schema)

    call = Call(request.app.state, request_id, await request.body())
    asked, rows = await call.read(read)
    answered = await services.slots.answer(name, rows, request_id=request_id, version=version)
    body, header_length = await call.write(answered, lambda each: document(each, asked))
    if header_length is None:
        return Response(body, media_type="application/json")
    headers = {HEADER_LENGTH: str(header_length)}
    return Response(body, media_type="application/octet-stream", headers=headers)


def _metadata(services: Services, name: str, version: str | None) -> ModelMetadata:
    contract = services.slots.contract(name, version)
    served = services.slots.served(name)
    return ModelMetadata(
        name=name,
        versions=[served.version] if served else [],
        platform="contender_compiled" if contract.form == "compiled" else "mlflow_flavour",
        inputs=inputs_described(contract.request_schema),
        outputs=outputs_described(contract.response_schema, contract.many),
    )
