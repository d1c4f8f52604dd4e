"""Labels: what a person says a text is, and which ones a decision waits for."""

from __future__ import annotations

from fastapi import APIRouter, Query

from pipelines.label_requests import queue
from pipelines.label_requests.campaign import open_campaign
from pipelines.labels import Labels
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, RequestId, ServicesDependency
from serving.schemas.label import LabelQueue, LabelRequest, LabelResponse, Question
from serving.services import Services

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.get("/{name}/label-requests")
def label_requests(
    name: str,
    services: ServicesDependency,
    limit: int = Query(100, ge=1, le=5_000, description="At most so many questions."),
    reveal: bool = Query(False, description="Whether to say what the versions answer."),
) -> LabelQueue:
    """List the questions whose labels would settle an undecided verdict, in their turn."""
    services.slots.served(name)  # an unknown model is refused first
    campaign = open_campaign(services.store, name)
    waiting = queue.still_open(services.store, name) if campaign else []
    return LabelQueue(
        model=name,
        decision_id=campaign.campaign_id if campaign else None,
        updates=campaign.updates if campaign else None,
        challenger=campaign.version if campaign else None,
        questions=campaign.questions if campaign else 0,
        disagree=campaign.disagree if campaign else 0,
        asked=campaign.asked if campaign else 0,
        answered=campaign.asked - len(waiting) if campaign else 0,
        deadline=campaign.deadline if campaign else None,
        requests=[
            Question(place=e.place, text=e.text, answers=dict(e.answers) if reveal else None)
            for e in waiting[:limit]
        ],
    )


@router.post("/{name}/labels", status_code=201)
def give_label(
    name: str,
    request: LabelRequest,
    services: ServicesDependency,
    caller: CallerDependency,
    request_id: RequestId,
) -> LabelResponse:
    """Keep what a person says a text is; it is on disk before the answer.

    A label that a decision waits for is counted by it within seconds.
    """
    services.slots.served(name)
    services.slots.check_actual(name, request.value)
    asked = _asked(services, name, request.text)
    label = Labels(services.store).add(
        name,
        request.text,
        request.value,
        shown={"blind": True} if asked is None else {"blind": True, **_drawn(asked)},
        reviewer=caller.named(request.reviewer),
    )
    return LabelResponse(
        label_id=label.label_id,
        model=name,
        pool=label.pool,
        asked=asked is not None,
        open=len(queue.still_open(services.store, name)),
        request_id=request_id,
    )


def _asked(services: Services, name: str, text: str) -> queue.LabelRequest | None:
    is_open = queue.requested(services.store, name, [text])
    return queue.find(services.store, name, text) if is_open else None


def _drawn(asked: queue.LabelRequest) -> dict[str, object]:
    """Return how the question was drawn: what its label weighs among live questions."""
    return {"campaign": asked.campaign_id, "stratum": asked.stratum, "weight": asked.weight}
