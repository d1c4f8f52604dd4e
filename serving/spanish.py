"""How the domain interfaces say no: `{"error": "…"}` in Spanish, as their clients expect it.

What is said is the problem that the generic interface would state; its own words stay in `detalle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request, Response

from serving.bodies import json_in
from serving.problems import Problem

TEXTS = {
    "malformed-body": "El cuerpo de la petición no es JSON válido.",
    "body-too-large": "El cuerpo de la petición es demasiado grande.",
    "unsupported-body": "El cuerpo debe ser JSON, con Content-Type: application/json.",
    "unknown-model": "Este servicio no tiene configurado ese modelo.",
    "too-many-instances": "Hay demasiados textos en una sola petición.",
    "label-refused": "La selección no es válida.",
    "no-catalogue": "El catálogo todavía no está cargado; inténtelo de nuevo en un momento.",
    "unknown-model-name": "No se sirve ningún modelo con ese «model_name».",
    "no-picture": "No hay ninguna imagen con ese nombre.",
    "no-audio": "No hay audio para ese mensaje.",
    "unknown-message": "No hay ningún mensaje con ese identificador.",
    "no-speech": "No hay audio: el sintetizador de voz no está disponible.",
    "invalid-instances": "Algún texto no es válido para el modelo.",
    "request-refused": "El modelo no puede responder a alguno de los textos.",
    "unstorable-value": "Algún valor de la petición no se puede guardar.",
    "no-champion": "Todavía no hay un modelo en servicio; inténtelo de nuevo en un momento.",
    "log-unavailable": "No se puede registrar la respuesta; inténtelo de nuevo.",
    "store-unavailable": "El almacén de datos no responde; inténtelo de nuevo.",
    "prefect-unavailable": "El servicio de entrenamiento (Prefect) no responde.",
    "not-deployed": "El entrenamiento no está desplegado; inténtelo de nuevo en un momento.",
    "orchestration-refused": "El servicio de entrenamiento rechazó la petición.",
    "busy": "Ya se está atendiendo otra petición igual; inténtelo de nuevo.",
    "wrong-method": "Método no permitido en esta ruta.",
    "unknown-path": "Esta ruta no existe.",
    "malformed-deadline": "X-Deadline-Ms debe ser un número entero de milisegundos.",
    "queue-full": "Hay demasiadas peticiones en espera; inténtelo de nuevo en un momento.",
    "too-many-bodies": "Hay demasiadas peticiones grandes; inténtelo de nuevo en un momento.",
    "deadline-passed": "No hubo respuesta dentro del plazo; inténtelo de nuevo.",
    "not-authenticated": "Hace falta una clave de acceso válida.",
    "access-refused": "Esta petición no está permitida.",
    "foreign-request": "La petición viene de otra página o con un nombre de servidor desconocido.",
    "not-allowed": "El papel de esta clave no permite hacerlo.",
    "somebody-else": "La petición habla en nombre de otra persona.",
    "undeclared": "Nadie puede usar esta ruta.",
    "too-fast": "Demasiadas peticiones; inténtelo de nuevo en un momento.",
    "worker-failed": "El proceso del modelo ha fallado; inténtelo de nuevo.",
}
UNFORESEEN = "Error interno del servidor."
SPOKEN = "domain-refused"
"""The problems whose own words are Spanish already."""


LARGEST_WHOLE = 2**63 - 1
"""Identifiers are no longer than this where they are numbers."""
WORDS = {"type": "string", "pattern": "[^\\s\\x1c-\\x1f]"}
"""JSON schema of a text that is not blank, by Python's idea of it."""


class DomainRefused(ValueError):
    """A request to a domain interface is not what it must be; the message is Spanish."""


def sentence(problem: Problem) -> str:
    """Return a problem as one Spanish sentence."""
    return problem.detail if problem.slug == SPOKEN else TEXTS.get(problem.slug, UNFORESEEN)


def render(problem: Problem) -> Response:
    """Answer a problem as `{"error": …}`."""
    return refusal(problem)


def refusal(problem: Problem, **more: object) -> Response:
    """Answer a problem as `{"error": …}` with further members."""
    document = {"error": sentence(problem), "detalle": problem.detail, **more}
    return Response(
        orjson.dumps(document), status_code=problem.status, media_type="application/json"
    )


async def object_of(request: Request) -> Mapping[str, Any]:
    """Return the body, which must be a JSON object. Raises `MalformedBody` or `DomainRefused`."""
    return object_in(await request.body())


def object_in(content: bytes) -> Mapping[str, Any]:
    """Return what the bytes say, a JSON object. Raises `MalformedBody` or `DomainRefused`."""
    body = json_in(content)
    if not isinstance(body, dict):
        raise DomainRefused("El cuerpo debe ser un objeto JSON.")
    return body


def text_schema(limit: int) -> dict[str, Any]:
    """Return the JSON schema of what `text_field` takes."""
    whole = {"type": "integer", "minimum": -LARGEST_WHOLE, "maximum": LARGEST_WHOLE}
    text = {**WORDS, "maxLength": limit, "not": {"pattern": "\\x00"}}
    return {"anyOf": [text, whole]}


def whole_number(value: object) -> int | None:
    """Return a number that is whole, written 7 or 7.0, and None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    whole = abs(value) <= LARGEST_WHOLE and value == int(value)
    return int(value) if whole else None


def text_field(body: Mapping[str, Any], name: str, limit: int) -> str:
    """Return a field that must hold some text (a number is taken as its digits).

    Raises `DomainRefused` naming the field.
    """
    value = body.get(name)
    if value is None:
        raise DomainRefused(f"Falta el campo «{name}».")
    if isinstance(value, int | float) and (whole := whole_number(value)) is not None:
        value = str(whole)
    if not isinstance(value, str):
        raise DomainRefused(f"El campo «{name}» debe ser texto.")
    if not value.strip() or "\0" in value:
        raise DomainRefused(f"El campo «{name}» está vacío o no es válido.")
    if len(value) > limit:
        raise DomainRefused(f"El campo «{name}» tiene más de {limit} caracteres.")
    return value.strip()
