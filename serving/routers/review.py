"""The review desk: what waits for a person, what he chose, similar lines, search, images, sound."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime

from serving.bodies import StrictRoute
from serving.dependencies import SettingsDependency
from serving.review_desk import Desk, ReviewDesk, ReviewDeskDependency, lifespan
from serving.review_schemas import (
    ChoiceOutcome,
    ChoiceOutcomes,
    Drivers,
    ReviewChoices,
    ReviewLines,
    SimilarLines,
)

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

    Answers 304 without a body where the `ETag` is the one that the client has already.
    """
    now = await desk.current()
    etag = f'W/"{now.state}-{int(since.timestamp()) if since else 0}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    every = settings.feed.interval_seconds
    body = await run_in_threadpool(_document, desk, now, since, every)
    return Response(body, media_type="application/json", headers=headers)


def _document(desk: ReviewDesk, now: Desk, since: AwareDatetime | None, every: int) -> str:
    return ReviewLines(
        state=now.state,
        refreshed_at=now.read_at,
        refresh_seconds=every,
        messages=list(now.messages),
        progress=desk.progress(now, since),
    ).model_dump_json()


@router.post("/choices")
async def review_choices(asked: ReviewChoices, desk: ReviewDeskDependency) -> ChoiceOutcomes:
    """Keep what a person did about lines; sent again with the same ids, nothing is done twice.

    A chosen code becomes a label of the line's description, as `POST /api/send-seleccion` makes
    one; `undo` withdraws it, unless versions were judged since. On disk before the answer leaves.
    """
    outcomes = await run_in_threadpool(desk.choose, asked.reviewer, asked.choices)
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
