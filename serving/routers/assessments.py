"""`GET /v1/models/{name}/assessments`: what the monitoring found, the newest first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Query
from pydantic import ValidationError

from pipelines.assessments import kept
from serving.dependencies import ServicesDependency
from serving.schemas.assessment import AssessmentList, AssessmentView

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("/{name}/assessments")
def assessments(
    name: str,
    services: ServicesDependency,
    limit: int = Query(20, ge=1, le=500, description="At most so many."),
) -> AssessmentList:
    """List a model's assessments: verdict, checks, alarms, and each version's live figures."""
    services.slots.served(name)  # an unknown model is refused first
    found = kept(services.settings.var, name, limit)
    return AssessmentList(assessments=list(_readable(found)))


def _readable(found: Iterable[object]) -> Iterator[AssessmentView]:
    for each in found:
        try:
            yield AssessmentView.model_validate(each)
        except ValidationError as error:
            # Of another release, or edited: one such file must not hide all others.
            logger.warning("an assessment is left out: %s", error)
