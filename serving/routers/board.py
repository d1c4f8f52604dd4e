"""The champion board: every model at a glance, one model's story, and what may be started."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from serving import views
from serving.board.told_figures import figures, judged_by, slices
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency
from serving.schemas.board import Board
from serving.schemas.generic import Run
from serving.schemas.story import JudgementRequest, ModelStory, RetrainForm

router = APIRouter(prefix="/v1", tags=["board"], route_class=StrictRoute)


@router.get("/board")
def board(services: ServicesDependency) -> Board:
    """Show each model's champion, challenger, traffic, drift and what runs about it."""
    return services.board.board()


@router.get("/models/{name}/story")
def story(
    name: str,
    services: ServicesDependency,
    limit: int = Query(100, ge=1, le=500, description="At most so many decisions."),
) -> ModelStory:
    """Tell a model's versions with their figures, and its decisions."""
    services.slots.served(name)  # an unknown model is refused first
    told, pages = services.board.versions(name), services.board.pages
    record = told.verdict.record if told.verdict else {}
    entries = services.decisions.list(name, limit)
    return ModelStory(
        name=name,
        metric=judged_by(record),
        champion=told.champion.version if told.champion else None,
        rollback_to=told.rollback_to,
        versions=list(told.points),
        figures=figures(record),
        slices=slices(record),
        explained_by=told.verdict.decision_id if told.verdict else None,
        decisions=[views.summary(entry) for entry in entries],
        url=pages.model(name),
    )


@router.get("/models/{name}/retrain-form")
def retrain_form(name: str, services: ServicesDependency) -> RetrainForm:
    """Say what a retraining may be told: the parameters of its flow, as Prefect knows them."""
    services.slots.served(name)  # an unknown model is refused first
    found = services.retrain.form(name)
    return RetrainForm(parameters=dict(found.parameters), values=dict(found.values), url=found.url)


@router.post("/models/{name}/judgements", status_code=202)
def judge(
    name: str,
    request: JudgementRequest,
    services: ServicesDependency,
    caller: CallerDependency,
    response: Response,
) -> Run:
    """Have the gate judge a registered version; it is champion only if the gate says so."""
    services.slots.served(name)  # an unknown model is refused first
    actor = caller.named(request.actor)
    run = services.retrain.judge(name, request.version, actor=actor, reason=request.reason)
    response.headers["Location"] = run.url
    return Run(id=run.id, name=run.name, url=run.url, state=run.state)
