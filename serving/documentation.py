"""The OpenAPI document: refusals are problems, examples come from the models that are live."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.problems import MEDIA_TYPE
from serving.schemas import ProblemDocument
from serving.services import Services

PREDICT = "/v1/models/{name}/predict"
PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
DIALECT = {
    "application/json": {
        "schema": {"type": "object", "required": ["error"]},
        "example": {"error": "Falta el campo «busqueda».", "detalle": "…"},
    }
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
            spoken = any(dialect.covers(path) for dialect in app.state.dialects)
            for operation in operations.values():
                _describe_refusals(operation, DIALECT if spoken else PROBLEM)
        _show_live_examples(document["paths"][PREDICT]["post"], services)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _describe_refusals(operation: dict[str, Any], content: dict[str, Any]) -> None:
    refusal = {"description": "Refused; the problem says why.", "content": content}
    responses = operation["responses"]
    if "422" in responses:  # FastAPI documents its own shape, which we never answer
        responses["422"] = refusal
    responses["default"] = refusal


def _show_live_examples(operation: dict[str, Any], services: Services) -> None:
    media = operation["requestBody"]["content"]["application/json"]
    slots = services.slots
    live = [model for model in slots.models if slots.served(model)]
    media["examples"] = {
        model: {"summary": model, "value": {"instances": [slots.contract(model).golden[0]]}}
        for model in live
    }
