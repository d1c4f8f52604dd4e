"""The fashion shop's interface: what to show a customer, and the pictures of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.datastructures import QueryParams

from pipelines.contract import Row
from pipelines.settings import Settings
from serving.dependencies import SettingsDependency
from serving.hot.calls import Call, HotRoute, Reply, documented
from serving.live.answers import Answered
from serving.problems import Dialect, Problem
from serving.spanish import DomainRefused, refusal, render

MODEL = "fashion_recommendations"
TOP_DEFAULT, TOP_LIMIT = 10, 500
ID_CHARACTERS = 200
IMAGES = "/recommendation/images"
ELSEWHERE = ("https://", "http://")
MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""What is served as a picture; SVG is not, since it may carry a script."""
IMAGE_LIMIT_BYTES = 8_000_000
CACHE_CONTROL = "public, max-age=3600"
"""A picture that changed is seen after an hour at the latest, sooner by its ETag."""

router = APIRouter(tags=["fashion"])
DIALECT = Dialect(("/recommendation",), render)

EXAMPLE = {
    "customer_id": "C20013",
    "reason": "personal",
    "recommendations": [
        {
            "item_id": "M10014",
            "score": 0.031,
            "title": "Falda Violeta Casa Lumbre",
            "image": f"{IMAGES}/images/M10014.png",
            "reason": "look",
        }
    ],
    "version": "3",
    "decision_id": "d000042-1f9c03",
    "request_id": "6e0c…",
    "prediction_id": "…",
}
LIST: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What the customer has not reviewed yet, the best first. `reason` is "
        "`personal`, or `popular` for a customer who is not known.",
        "content": {"application/json": {"example": EXAMPLE}},
    }
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {kind: {} for kind in MEDIA_TYPES.values()}},
    304: {"description": "The picture is the one that the client has."},
}


@router.get("/recommendation", response_class=Response, responses=LIST)
async def recommendation(
    request: Request,
    customer_id: Annotated[str | None, Query(description="Who is asked for.")] = None,
    top: Annotated[str | None, Query(description=f"1 to {TOP_LIMIT}, by default 10.")] = None,
) -> Response:
    """Recommend items to a customer: personal, or what is popular."""
    del customer_id, top  # documented here, and read off the query by the operation
    return await documented(request, _recommend)


async def _recommend(call: Call) -> Reply:
    query = QueryParams(call.query)
    customer_id = query.get("customer_id")
    asked: Row = {"customer_id": _customer(customer_id), "top": _top(query.get("top"))}
    answered = await call.services.slots.answer(MODEL, [asked], request_id=call.request_id)
    return Reply(await call.write(answered, partial(_document, customer_id)))


HOT = (HotRoute("GET", "/recommendation", _recommend, model=MODEL),)


@router.get(IMAGES + "/{path:path}", response_class=Response, responses=PICTURE)
async def image(path: str, request: Request, settings: SettingsDependency) -> Response:
    """Return a picture that lies below the source's folder; nothing else of the machine."""
    found = await run_in_threadpool(picture_file, settings, path)
    if found is None:
        return refusal(Problem(404, "no-picture", f"there is no picture {path[:200]!r}"))
    file, tag = found
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(file, headers=headers, media_type=MEDIA_TYPES[file.suffix.lower()])


def picture_file(settings: Settings, path: str) -> tuple[Path, str] | None:
    """Return the file of a picture below the source's own folder, and its tag; else None.

    Links are followed first, so none leads out of the folder. Hidden files are not served.
    """
    folder = _folder(settings)
    if folder is None or any(part.startswith(".") for part in Path(path).parts):
        return None
    try:
        file = (folder / path).resolve(strict=True)
        status = file.stat()
    except (OSError, ValueError, RuntimeError):
        return None
    allowed = file.is_relative_to(folder) and file.suffix.lower() in MEDIA_TYPES
    if not allowed or not file.is_file() or status.st_size > IMAGE_LIMIT_BYTES:
        return None
    return file, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


def _folder(settings: Settings) -> Path | None:
    """Return the folder of the model's source; None where the source is no local file."""
    if MODEL not in settings.models:
        return None
    address = settings.resolved(settings.models[MODEL].source.url)
    parts = urlsplit(address)
    if parts.scheme not in {"", "file"}:
        return None
    path = Path(unquote(parts.path) if parts.scheme else address).resolve()
    return path if path.is_dir() else path.parent


def _customer(customer_id: str | None) -> str | None:
    """Return whom the list is for; nobody in particular where nobody is named."""
    name = (customer_id or "").strip()
    if len(name) > ID_CHARACTERS:
        raise DomainRefused(f"El campo «customer_id» tiene más de {ID_CHARACTERS} caracteres.")
    if "\0" in name:
        raise DomainRefused("El campo «customer_id» no es válido.")
    return name or None


def _top(top: str | None) -> int:
    if top is None or not top.strip():
        return TOP_DEFAULT
    # int() would take 1_0 and digits of other scripts, too.
    text = top.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= TOP_LIMIT:
        raise DomainRefused(f"El campo «top» debe ser un número entero de 1 a {TOP_LIMIT}.")
    return number


def _document(customer_id: str | None, answered: Answered) -> bytes:
    row, served = answered.rows[0][0], answered.model
    return orjson.dumps(
        {
            "customer_id": customer_id,
            "reason": row.get("reason"),
            "recommendations": [_shown(item) for item in _listed(row.get("items"))],
            "version": served.version,
            "decision_id": served.decision_id,
            "request_id": answered.request_id,
            "prediction_id": answered.prediction_ids[0],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _listed(items: object) -> list[Mapping[str, object]]:
    """Return what can be shown: a version from elsewhere may answer ratings alone, or odd lists."""
    entries = items if isinstance(items, list) else []
    return [item for item in entries if isinstance(item, Mapping) and "item_id" in item]


def _shown(item: Mapping[str, object]) -> dict[str, object]:
    return {
        "item_id": item["item_id"],
        "score": item.get("score"),
        "title": item.get("title"),
        "image": _picture_address(item.get("image")),
        "reason": item.get("reason"),
    }


def _picture_address(picture: object) -> str | None:
    """Return where a client finds a picture: here, or where the catalogue says if elsewhere."""
    if not isinstance(picture, str) or not picture:
        return None
    return picture if picture.startswith(ELSEWHERE) else f"{IMAGES}/{quote(picture)}"
