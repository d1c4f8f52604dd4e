"""The OpenAPI document: refusals are problems, examples come from the models that are live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving import callers, envelope, generations, traffic
from serving.problems import MEDIA_TYPE, Dialect, Problem
from serving.schemas import ProblemDocument
from serving.services import Services

PREDICT = "/v1/models/{name}/predict"
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSED = Problem(422, "invalid-instances", "instance 0, field 'text': is missing")
"""What the refusals of a dialect are shown by."""
HEADERS = {
    envelope.HEADER: ("string", "Named in the answer and in the prediction log."),
    callers.HEADER: ("integer", "Milliseconds after which no answer is wanted any more."),
    generations.DEMANDED: ("integer", "The lowest generation of the champion that may answer."),
    traffic.UNIT_HEADER: ("string", "On whose behalf: a rollout keeps to one version for each."),
}


def describe(app: FastAPI, services: Services) -> None:
    """Let `app` answer `/openapi.json` with what is served at that moment."""

    def openapi() -> dict[str, Any]:
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
        _describe_headers(document["paths"][PREDICT]["post"])
        _show_live_examples(document["paths"][PREDICT]["post"], services)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


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
