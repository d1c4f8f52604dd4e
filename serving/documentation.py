"""The OpenAPI document: refusals are problems, examples come from the models that are live."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from starlette.routing import Route

from serving import envelope
from serving.access import documented
from serving.live import callers, generations
from serving.problems import MEDIA_TYPE, Dialect, Problem
from serving.schemas.generic import ProblemDocument
from serving.services import Services
from serving.traffic.arms import UNIT_HEADER

PREDICT = "/v1/models/{name}/predict"
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSED = Problem(422, "invalid-instances", "instance 0, field 'text': is missing")
"""What the refusals of a dialect are shown by."""
HEADERS = {
    envelope.HEADER: ("string", "Named in the answer and in the prediction log."),
    callers.HEADER: ("integer", "Milliseconds after which no answer is wanted any more."),
    generations.DEMANDED: ("integer", "The lowest generation of the champion that may answer."),
    UNIT_HEADER: ("string", "On whose behalf: a rollout keeps to one version for each."),
}


def describe(app: FastAPI, services: Services) -> None:
    """Let `app` answer `/openapi.json` with what is served at that moment.

    It is made once for the versions that are live, by a thread: made for each request on the event
    loop it took so long that a few who asked for it again and again held up everybody.
    """
    kept = Kept(app, services)

    async def answer(_request: Request) -> Response:
        return Response(await run_in_threadpool(kept.encoded), media_type="application/json")

    assert app.openapi_url is not None
    app.router.routes.insert(0, Route(app.openapi_url, answer, include_in_schema=False))
    app.openapi = kept.document  # type: ignore[method-assign]


class Kept:
    """The document of the versions that are live, as it was made last."""

    def __init__(self, app: FastAPI, services: Services) -> None:
        self._app, self._services = app, services
        self._turn = threading.Lock()
        self._of: Sequence[object] | None = None
        self._document: dict[str, Any] = {}
        self._encoded = b""

    def document(self) -> dict[str, Any]:
        """Return the document, made anew where another version is live than was before."""
        slots = self._services.slots
        live = [slots.served(model) for model in slots.models]
        with self._turn:
            if self._of != live:
                self._document = _described(self._app, self._services)
                self._encoded, self._of = orjson.dumps(self._document), live
            return self._document

    def encoded(self) -> bytes:
        """Return the document as JSON."""
        self.document()
        return self._encoded


def _described(app: FastAPI, services: Services) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = ProblemDocument.model_json_schema()
    for path, operations in document["paths"].items():
        content = _refusals_at(path, app.state.dialects)
        for operation in operations.values():
            _describe_refusals(operation, content)
            _share_definitions(operation, schemas)
    documented.describe(document)
    _describe_headers(document["paths"][PREDICT]["post"])
    _show_live_examples(document["paths"][PREDICT]["post"], services)
    return document


def _share_definitions(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Put what the schema of a body defines for itself where references look for it."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        for name, definition in media.get("schema", {}).pop("$defs", {}).items():
            schemas[name] = _referring(definition)
        media["schema"] = _referring(media["schema"])


def _referring(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_referring(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: value.replace("#/$defs/", "#/components/schemas/")
        if name == "$ref"
        else _referring(value)
        for name, value in schema.items()
    }


def _refusals_at(path: str, dialects: Iterable[Dialect]) -> dict[str, Any]:
    dialect = next((known for known in dialects if known.covers(path)), None)
    if dialect is None:
        return PROBLEM
    # Shown by what it renders, so that the document cannot say another thing than the server.
    example = orjson.loads(bytes(dialect.render(REFUSED).body))
    schema = {"type": "object", "required": list(example)}
    return {"application/json": {"schema": schema, "example": example}}


def _describe_refusals(operation: dict[str, Any], content: dict[str, Any]) -> None:
    refusal = {"description": "Refused; the problem says why.", "content": content}
    responses = operation["responses"]
    if "422" in responses:  # FastAPI documents its own shape, which we never answer
        responses["422"] = refusal
    responses["default"] = refusal


def _describe_headers(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": "header", "description": text, "schema": {"type": kind}}
        for name, (kind, text) in HEADERS.items()
    )


def _show_live_examples(operation: dict[str, Any], services: Services) -> None:
    media = operation["requestBody"]["content"]["application/json"]
    slots = services.slots
    live = [model for model in slots.models if slots.served(model)]
    media["examples"] = {
        model: {"summary": model, "value": {"instances": [slots.contract(model).golden[0]]}}
        for model in live
    }
