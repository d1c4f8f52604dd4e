"""`POST /v1/models/{name}/feedback`: what turned out true about an answer."""

from __future__ import annotations

from fastapi import APIRouter

from pipelines.prediction_log import Prediction
from pipelines.rollouts.losses import CHOSEN
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, RequestId, ServicesDependency
from serving.schemas.generic import FeedbackRequest, FeedbackResponse, ServedVersion
from serving.traffic.interleaving import require_shown

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.post("/{name}/feedback", status_code=201)
def feedback(
    name: str,
    request: FeedbackRequest,
    services: ServicesDependency,
    caller: CallerDependency,
    request_id: RequestId,
) -> FeedbackResponse:
    """Keep what turned out true; it names the version that had answered, swapped since or not."""
    services.slots.served(name)  # an unknown model is refused first
    reviewer = caller.named(request.reviewer)
    if request.chosen is None:
        services.slots.check_actual(name, request.actual)
    log = services.predictions
    prediction = log.find(name, request.prediction_id)
    given = log.give_feedback(prediction, _true(request, prediction), reviewer)
    return FeedbackResponse(
        feedback_id=given.feedback_id,
        prediction_id=given.prediction_id,
        model=ServedVersion(
            name=name,
            version=prediction.version,
            decision_id=prediction.decision_id,
            generation=prediction.generation,
        ),
        request_id=request_id,
    )


def _true(request: FeedbackRequest, prediction: Prediction) -> object:
    if request.chosen is None:
        return request.actual
    require_shown(prediction.answer, request.chosen)
    return {CHOSEN: request.chosen}
