"""Who am I, sign in and out at the console, and the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from pipelines.access.audit import AuditLog, Outcome
from pipelines.access.sessions import Sessions
from serving.access.caller import Caller
from serving.access.credentials import COOKIE, token_in
from serving.access.door import Door, address_of
from serving.access.schemas import AuditEntry, AuditPage, SessionView, SignIn
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency

router = APIRouter(prefix="/v1", tags=["access"], route_class=StrictRoute)
NEVER_KEPT = {"Cache-Control": "no-store"}


@router.get("/session")
async def who_am_i(request: Request, response: Response, caller: CallerDependency) -> SessionView:
    """Say who asks, what he may do, and what is allowed without a key."""
    response.headers.update(NEVER_KEPT)
    return _view(request, caller)


@router.post("/session", status_code=201)
async def sign_in(
    asked: SignIn, request: Request, response: Response, services: ServicesDependency
) -> SessionView:
    """Begin a session of the console by a key, kept in a cookie that no script can read."""
    door: Door = request.app.state.door
    caller = await door.identify(asked.key.get_secret_value().strip(), address_of(request.scope))
    lasts = timedelta(hours=services.settings.access.session_hours)
    assert caller.key_id is not None
    token = await run_in_threadpool(Sessions(services.store).begin, caller.key_id, lasts)
    await door.standing.renew()
    request.state.caller = door.credentials.by_session(token) or caller
    _keep(request, response, token, int(lasts.total_seconds()))
    return _view(request, request.state.caller)


@router.delete("/session")
async def sign_out(
    request: Request, response: Response, services: ServicesDependency
) -> SessionView:
    """End the session of this cookie, and say who is left; all workers know within a second."""
    door: Door = request.app.state.door
    token = token_in(request.headers.get("cookie", "").encode("latin-1"))
    if token:
        await run_in_threadpool(Sessions(services.store).end, token)
        await door.standing.renew()
    _keep(request, response, "", 0)
    return _view(request, door.anonymous)


@router.get("/audit")
def audit(
    services: ServicesDependency,
    who: Annotated[str | None, Query(max_length=128, description="Only of this name.")] = None,
    outcome: Outcome | None = None,
    before: Annotated[int | None, Query(ge=1, description="Below this number.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """List who changed what and who was turned away, the newest first."""
    found = AuditLog(services.store).list(who=who, outcome=outcome, before=before, limit=limit)
    return AuditPage(entries=[AuditEntry.model_validate(vars(entry)) for entry in found])


def _keep(request: Request, response: Response, token: str, seconds: int) -> None:
    response.headers.update(NEVER_KEPT)
    response.set_cookie(
        COOKIE,
        token,
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _view(request: Request, caller: Caller) -> SessionView:
    door: Door = request.app.state.door
    ends = datetime.fromtimestamp(caller.until, UTC) if caller.until < 1e11 else None
    return SessionView(
        name=caller.name,
        role=caller.role.word,
        by=caller.by,
        key_id=caller.key_id,
        until=ends,
        anonymous=door.anonymous.role.word,
    )
