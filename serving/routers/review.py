"""The review desk: what waits for a person, what he chose, similar lines, search, images, sound."""

from __future__ import annotations

import gzip
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException

from pipelines.orders.confirming import UnknownMessage
from pipelines.orders.order_files import as_csv, as_json
from pipelines.orders.recordings import MEDIA_TYPES
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, SettingsDependency
from serving.protocols.negotiation import takes
from serving.review.board import image_url
from serving.review.desk import Desk, ReviewDesk, ReviewDeskDependency, lifespan
from serving.review.orders import view
from serving.schemas.review import (
    ChoiceOutcome,
    ChoiceOutcomes,
    Drivers,
    FoundProduct,
    FoundProducts,
    HiddenMessage,
    Order,
    Orders,
    ReviewChoices,
    Reviewer,
    ReviewLines,
    SimilarLines,
)

PACKED = 4
"""How hard an answer is compressed: harder takes longer and saves little."""

router = APIRouter(prefix="/v1/review", tags=["review"], route_class=StrictRoute, lifespan=lifespan)


@router.get("/lines", response_model=ReviewLines)
async def review_lines(
    request: Request,
    desk: ReviewDeskDependency,
    settings: SettingsDependency,
    since: Annotated[
        AwareDatetime | None,
        Query(description="When the reviewer's day began; by default midnight in UTC."),
    ] = None,
) -> Response:
    """Return the order lines that wait, the newest message first, and the day's progress.

    Answers 304 without a body where the `ETag` is the one that the client has already, and the
    store has said that nothing has changed.
    """
    now = await desk.current()
    # Weak, so it holds for the compressed answer as well as for the plain one.
    etag = f'W/"{now.state}-{int(since.timestamp()) if since else 0}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == etag and not now.away:
        return Response(status_code=304, headers=headers)
    every = settings.feed.interval_seconds
    packed = takes(request.headers.get("accept-encoding", ""), "gzip")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = await run_in_threadpool(_document, desk, now, since, every, packed)
    return Response(body, media_type="application/json", headers=headers)


def _document(
    desk: ReviewDesk, now: Desk, since: AwareDatetime | None, every: int, packed: bool
) -> bytes:
    document = ReviewLines(
        state=now.state,
        refreshed_at=now.read_at,
        refresh_seconds=every,
        messages=list(now.messages),
        awaits=now.awaits,
        progress=desk.progress(now, since),
    )
    body = document.model_dump_json().encode()
    return gzip.compress(body, PACKED, mtime=0) if packed else body


@router.post("/choices")
async def review_choices(
    asked: ReviewChoices, desk: ReviewDeskDependency, caller: CallerDependency
) -> ChoiceOutcomes:
    """Keep what a person did about lines; sent again with the same ids, nothing is done twice.

    A chosen code becomes a label of the line's description, as `POST /api/send-seleccion` makes
    one; `undo` withdraws it, unless versions were judged since. On disk before the answer leaves.
    """
    reviewer = caller.named(asked.reviewer)
    outcomes = await run_in_threadpool(desk.chooser.choose, reviewer, asked.choices)
    return ChoiceOutcomes(
        outcomes=[
            ChoiceOutcome(id=choice.id, outcome=one.outcome, reason=one.reason)
            for choice, one in zip(asked.choices, outcomes, strict=True)
        ]
    )


@router.get("/lines/{line_id}/drivers")
async def line_drivers(line_id: str, desk: ReviewDeskDependency) -> Drivers:
    """Return what each word of a line did for the code that is suggested."""
    return Drivers(line_id=line_id, drivers=list(await desk.drivers(line_id)))


@router.get("/lines/{line_id}/similar")
async def similar_lines(line_id: str, desk: ReviewDeskDependency) -> SimilarLines:
    """Return lines that wait and resemble this one, the most similar first."""
    now = await desk.current()
    found = await run_in_threadpool(desk.similar, now, line_id)
    return SimilarLines(line_id=line_id, lines=found)


@router.get("/search")
async def search_catalogue(
    desk: ReviewDeskDependency,
    q: Annotated[str, Query(min_length=1, max_length=500, description="A name or a code.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> FoundProducts:
    """Search the catalogue, forgiving typos and missing accents, as `/api/buscar` does."""
    assortment = desk.orders.shelf.require()
    found = await run_in_threadpool(assortment.search, q, limit)
    return FoundProducts(
        products=[
            FoundProduct(
                code=product.code,
                description=product.description,
                product_id=product.product_id,
                price=product.price,
                image_url=image_url(assortment.image_name(product)),
                score=score,
            )
            for product, score in found
        ]
    )


@router.get(
    "/images/{name:path}",
    response_class=Response,
    responses={200: {"description": "The image.", "content": {"image/*": {}}}},
)
async def catalogue_image(name: str, request: Request, desk: ReviewDeskDependency) -> Response:
    """Return an image of the catalogue; every `image_url` names one."""
    file = await run_in_threadpool(desk.orders.shelf.require().image_file, name)
    if file is None:
        raise HTTPException(404, "the catalogue has no image of that name")
    status = file.stat()
    etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    # An SVG may hold a script: nothing runs, and nothing is taken for what it does not say.
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return FileResponse(file, headers=headers)


@router.get(
    "/messages/{message_id:path}/audio",
    response_class=Response,
    responses={200: {"description": "The sound.", "content": {"audio/wav": {}, "audio/mpeg": {}}}},
)
async def message_audio(message_id: str, desk: ReviewDeskDependency) -> Response:
    """Return a message's own recording, or else its lines spoken."""
    sound = await run_in_threadpool(desk.orders.sound, message_id)
    if sound is None:
        raise HTTPException(404, "the message has neither a recording nor a prediction")
    return FileResponse(sound, media_type=MEDIA_TYPES[sound.suffix])


@router.post("/messages/{message_id:path}/read")
async def hide_message(message_id: str, desk: ReviewDeskDependency) -> HiddenMessage:
    """Hide a message that nothing is ordered of, for good."""
    lines = await run_in_threadpool(desk.orders.mark_read, message_id)
    if not lines:
        raise UnknownMessage(f"no message is called {message_id!r}")
    return HiddenMessage(message_id=message_id, lines=lines)


@router.post("/messages/{message_id:path}/order")
async def confirm_order(
    message_id: str, asked: Reviewer, desk: ReviewDeskDependency, caller: CallerDependency
) -> Order:
    """Confirm a message as an order; refused with 409 while a line waits for a person.

    Its lines leave the desk. Confirmed once more, the answer is the order that it is already.
    """
    reviewer = caller.named(asked.reviewer)
    return view(await run_in_threadpool(desk.office.confirm, message_id, reviewer))


@router.get("/orders")
async def orders(desk: ReviewDeskDependency) -> Orders:
    """List confirmed orders, the newest first, with how far their delivery is."""
    return await run_in_threadpool(desk.office.list)


@router.get(
    "/orders/{order_id}.csv",
    response_class=Response,
    responses={200: {"description": "The order.", "content": {"text/csv": {}}}},
)
async def order_as_csv(order_id: str, desk: ReviewDeskDependency) -> Response:
    """Return an order as a file for spreadsheets."""
    order = await run_in_threadpool(desk.office.get, order_id)
    return _download(as_csv(order), f"{order.order_id}.csv", "text/csv; charset=utf-8")


@router.get(
    "/orders/{order_id}.json",
    response_class=Response,
    responses={200: {"description": "The order.", "content": {"application/json": {}}}},
)
async def order_as_json(order_id: str, desk: ReviewDeskDependency) -> Response:
    """Return an order as a file, as it is posted to the configured address."""
    order = await run_in_threadpool(desk.office.get, order_id)
    return _download(as_json(order), f"{order.order_id}.json", "application/json")


@router.post("/orders/{order_id}/delivery")
async def deliver_order(order_id: str, desk: ReviewDeskDependency) -> Order:
    """Post an order to the configured address now, also where that was given up."""
    return view(await run_in_threadpool(desk.office.deliver, order_id))


def _download(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
