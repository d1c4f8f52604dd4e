"""The order interface: predictions for incoming orders, choices, search, sound."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from pipelines.orders.order_lines import message_id_of
from pipelines.orders.recordings import MEDIA_TYPES
from serving.dependencies import CallerDependency, SettingsDependency
from serving.hot.calls import Call, HotRoute, Reply, documented
from serving.problems import Dialect, Problem
from serving.review.order_desk import REVIEWER, OrderDesk, OrderDeskDependency, lifespan
from serving.slots.shelf import found_as_json
from serving.spanish import DomainRefused, object_of, refusal, render, text_field

SEARCH_CHARACTERS = 500
SEARCH_RESULTS = 20
CODE_CHARACTERS = 256
MESSAGE_CHARACTERS = 1_000

router = APIRouter(prefix="/api", tags=["orders"], lifespan=lifespan)
DIALECT = Dialect(
    tuple(
        f"/api/{path}"
        for path in ("predicciones", "send-seleccion", "buscar", "getAudio", "marcar_leido")
    ),
    render,
)


LINE = {
    "descripcion": "2 pinzas de punta 14 pulgadas",
    "codigo_prediccion": "010304",
    "descripcion_csv": 'Pinza de punta larga 14"',
    "cantidad": 2,
    "imagen": "iVBORw0KGgoAAAANSUhE…",
    "exactitud": 87.65,
    "id_article": "114868",
    "correo_id": "pedido-20261118-0080",
    "confirmado": False,
    "pedida": False,
    "alternativas": [{"codigo": "010304", "descripcion": "…", "exactitud": 87.65}],
    "modelo": {"name": "product_codes", "version": "3", "decision_id": "d000042-1f9c03"},
}
FOUND = {"CodArticle": "030102", "Combined": "030102 - Tornillo hexagonal 1/2", "puntaje": 91.2}


def _answer(example: object, description: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of an answer by its example."""
    return {
        200: {"description": description, "content": {"application/json": {"example": example}}}
    }


LIST = _answer([LINE], "The unread lines; or `message` and empty `predicciones`.")
MATCHES = _answer({"rango_descripciones": [FOUND]}, "The best matches first.")


def _body(**fields: str) -> dict[str, Any]:
    """Return the OpenAPI description of a body with these text fields and their examples."""
    schema = {
        "type": "object",
        "required": list(fields),
        "properties": {name: {"type": "string"} for name in fields},
        "example": fields,
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get("/predicciones", response_class=Response, responses=LIST)
async def predicciones(request: Request) -> Response:
    """Return the order lines that nobody has read yet, the newest message first.

    Lines whose answer a decision about two versions waits for are marked `pedida` and come first.
    A list of lines, or `{"message", "predicciones": []}` when there are none.
    """
    return await documented(request, _predicciones)


async def _predicciones(call: Call) -> Reply:
    desk: OrderDesk = call.state.order_desk
    return Reply((await desk.board.current()).body)


HOT = (HotRoute("GET", "/api/predicciones", _predicciones),)


@router.post(
    "/send-seleccion",
    response_class=Response,
    responses=LIST,
    openapi_extra=_body(seleccion="27113201", descripcion="Juego de desarmadores 6 pzas"),
)
async def send_seleccion(
    request: Request,
    desk: OrderDeskDependency,
    settings: SettingsDependency,
    caller: CallerDependency,
) -> Response:
    """Keep the code that a person chose for a description; answer the refreshed list.

    On disk before the answer leaves; from then on that description is answered with 100.
    """
    body = await object_of(request)
    code = text_field(body, "seleccion", CODE_CHARACTERS)
    description = text_field(body, "descripcion", settings.serving.text_limit_characters)
    reviewer = caller.named(REVIEWER, unclaimed=REVIEWER)
    board = await run_in_threadpool(desk.choose, description, code, reviewer)
    return _json(board.body)


@router.post(
    "/buscar",
    response_class=Response,
    responses=MATCHES,
    openapi_extra=_body(busqueda="tornilo exagonal"),
)
async def buscar(request: Request, desk: OrderDeskDependency) -> Response:
    """Search the catalogue, forgiving typos and missing accents."""
    body = await object_of(request)
    return await _search(text_field(body, "busqueda", SEARCH_CHARACTERS), desk)


@router.get("/buscar", response_class=Response, responses=MATCHES)
async def buscar_get(
    desk: OrderDeskDependency,
    q: Annotated[str | None, Query(description="What to look for: a name or a code.")] = None,
) -> Response:
    """Search the catalogue, as `POST` does."""
    return await _search(text_field({"q": q}, "q", SEARCH_CHARACTERS), desk)


@router.get(
    "/getAudio",
    response_class=Response,
    responses={200: {"description": "The sound.", "content": {"audio/wav": {}, "audio/mpeg": {}}}},
)
async def get_audio(
    desk: OrderDeskDependency,
    correo_id: Annotated[str | None, Query(description="By default the newest message.")] = None,
) -> Response:
    """Return the message's own recording, or else its predictions spoken."""
    wanted = None if correo_id is None else _message_id({"correo_id": correo_id})
    sound = await run_in_threadpool(desk.sound, wanted)
    if sound is None:
        return refusal(Problem(404, "no-audio", "neither a recording nor a prediction"))
    return FileResponse(
        sound,
        media_type=MEDIA_TYPES[sound.suffix],
        filename=f"audio{sound.suffix}",
        content_disposition_type="inline",
    )


@router.post(
    "/marcar_leido",
    response_class=Response,
    responses=_answer(
        {"message": "Mensaje marcado como leído.", "correo_id": "…", "lineas": 3}, "Hidden."
    ),
    openapi_extra=_body(correo_id="pedido-20261118-0080"),
)
async def marcar_leido(request: Request, desk: OrderDeskDependency) -> Response:
    """Hide a message's lines from the list, for good."""
    message_id = _message_id(await object_of(request))
    lines = await run_in_threadpool(desk.mark_read, message_id)
    if not lines:
        return refusal(Problem(404, "unknown-message", f"no message is called {message_id!r}"))
    return _json(
        orjson.dumps(
            {"message": "Mensaje marcado como leído.", "correo_id": message_id, "lineas": lines}
        )
    )


async def _search(query: str, desk: OrderDeskDependency) -> Response:
    assortment = desk.shelf.require()
    found = await run_in_threadpool(assortment.search, query, SEARCH_RESULTS)
    return _json(orjson.dumps({"rango_descripciones": found_as_json(found)}))


def _message_id(fields: Any) -> str:
    message_id = message_id_of(text_field(fields, "correo_id", MESSAGE_CHARACTERS))
    if not message_id:
        raise DomainRefused("El campo «correo_id» no es válido.")
    return message_id


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
