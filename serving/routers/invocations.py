"""The interface of MLflow's scoring server: `/invocations`, `/ping` and `/version`.

Each model has one of its own below `/v1/models/{name}`; MLflow's own paths are for the only model
that there is, or for the one that `?model=` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers

from serving.bodies import UnsupportedBody, media_type_of
from serving.dependencies import RequestId, ServicesDependency
from serving.envelope import ASKS
from serving.hot.calls import Call
from serving.live.answers import Answered
from serving.problems import Dialect, Problem
from serving.protocols.payloads import from_csv, from_json
from serving.schemas.generic import PredictResponse
from serving.schemas.protocol import Invocation
from serving.services import Services
from serving.slots.slots import NoChampion, UnknownModel

CSV = "text/csv"
MEDIA_TYPES = frozenset({CSV})
"""Taken beside JSON."""
CODES: Mapping[int, str] = {
    400: "BAD_REQUEST",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    422: "INVALID_PARAMETER_VALUE",
    429: "REQUEST_LIMIT_EXCEEDED",
    502: "TEMPORARILY_UNAVAILABLE",
    503: "TEMPORARILY_UNAVAILABLE",
}
"""MLflow's names; whatever else is wrong with a request is a BAD_REQUEST too."""

router = APIRouter(tags=["mlflow scoring"])


def render(problem: Problem) -> Response:
    """Answer a problem as MLflow does; whatever is wrong in a body is a 400 there."""
    other = "INTERNAL_ERROR" if problem.status >= 500 else "BAD_REQUEST"
    code = CODES.get(problem.status, other)
    return Response(
        orjson.dumps({"error_code": code, "message": problem.detail}),
        status_code=400 if problem.status == 422 else problem.status,
        media_type="application/json",
    )


DIALECT = Dialect(
    (
        "/invocations",
        "/ping",
        "/version",
        *(f"/v1/models/*/{own}" for own in ("invocations", "ping", "version")),
    ),
    render,
)

INVOCATION: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"model": PredictResponse}},
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Invocation.model_json_schema()},
                CSV: {"schema": {"type": "string"}, "example": "text\nLlave stilson\n"},
            },
        }
    },
}


TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The version.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.post("/invocations", **INVOCATION)
async def invocations(
    request: Request,
    services: ServicesDependency,
    request_id: RequestId,
    model: str | None = None,
) -> Response:
    """Answer a table by the only model that there is, or by the one named."""
    return await _invoke(_meant(services, model), request, services, request_id)


@router.post("/v1/models/{name}/invocations", **INVOCATION)
async def invocations_of(
    name: str, request: Request, services: ServicesDependency, request_id: RequestId
) -> Response:
    """Answer a table by the champion; logged before the answer leaves."""
    return await _invoke(name, request, services, request_id)


@router.get("/ping", response_class=Response)
async def ping(services: ServicesDependency) -> Response:
    """Answer with an empty line when every model that has a champion is answered by it."""
    if not services.follower.ready:
        raise NoChampion("not every champion is loaded yet")
    return Response("\n", media_type="application/json")


@router.get("/v1/models/{name}/ping", response_class=Response)
async def ping_of(name: str, services: ServicesDependency) -> Response:
    """Answer with an empty line when the model has a champion that answers."""
    services.slots.contract(name)
    return Response("\n", media_type="application/json")


@router.get("/version", response_class=Response, responses=TEXT)
async def version(request: Request) -> Response:
    """Name this server's version, as text."""
    return Response(request.app.version, media_type="text/plain")


@router.get("/v1/models/{name}/version", response_class=Response, responses=TEXT)
async def version_of(name: str, request: Request) -> Response:  # noqa: ARG001 - in the path
    """Name this server's version, as text; it is the same for every model."""
    return Response(request.app.version, media_type="text/plain")


async def _invoke(name: str, request: Request, services: Services, request_id: str) -> Response:
    services.slots.served(name)  # an unknown model is refused first
    setattr(request.state, ASKS, name)
    schema = services.slots.contract(name).request_schema
    read = from_csv if _says_csv(request.headers) else from_json
    limit = services.settings.serving.instances_limit
    call = Call(request.app.state, request_id, await request.body())
    instances = await call.read(lambda body: read(body, schema, limit))
    answered = await services.slots.answer(name, instances, request_id=request_id)
    return Response(await call.write(answered, Answered.document), media_type="application/json")


def _meant(services: Services, named: str | None) -> str:
    models = services.slots.models
    if named is not None:
        return named
    if len(models) == 1:
        return models[0]
    raise UnknownModel(f"say which model: /invocations?model=NAME, one of {', '.join(models)}")


def _says_csv(headers: Headers) -> bool:
    said = headers.get("content-type", "")
    if media_type_of(said) != CSV:
        return False
    charset = said.lower().partition("charset=")[2].strip().strip('"')
    if charset not in ("", "utf-8"):
        raise UnsupportedBody(f"CSV must be UTF-8; the body says {charset!r}")
    return True
