"""Which domain error means which problem over HTTP. The errors know no status codes.

`tests/architecture/test_errors_over_http.py` proves that no error that can reach an endpoint is
missing here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route

from pipelines.catalogue_diff.document import DiffDamaged, NoDiff
from pipelines.contract import RequestRefused
from pipelines.decisions.approval import ApprovalRefused
from pipelines.decisions.log import Conflict, UnknownDecision
from pipelines.gate.override import OverrideRefused
from pipelines.jobs.record import NoResult, NotDoneYet, TooManyJobs, UnknownJob
from pipelines.labels import LabelRefused
from pipelines.leases import Busy
from pipelines.orchestration import (
    OrchestrationRefused,
    OrchestrationUnavailable,
    UnknownDeployment,
)
from pipelines.orders.confirmed_orders import UnknownOrder
from pipelines.orders.confirming import LinesOpen, NothingOrdered, UnknownMessage
from pipelines.orders.order_lines import UnknownLine
from pipelines.orders.outbox import NowhereToDeliver
from pipelines.prediction_log import UnknownPrediction
from pipelines.registry.aliases import NoWayBack
from pipelines.registry.client import (
    NoSuchVersion,
    NotPackaged,
    RegistryRefused,
    RegistryUnavailable,
)
from pipelines.rollouts.plan import PlanRefused
from pipelines.rollouts.records import RolloutRefused, UnknownRollout
from pipelines.spool import SpoolUnavailable
from pipelines.versions.artifact import ArtifactRefused
from pipelines.versions.flavour_runtime import FlavourFailed
from serving.access.refusals import (
    AccessRefused,
    ForeignRequest,
    NotAllowed,
    NotAuthenticated,
    SomebodyElse,
    TooFast,
    Undeclared,
)
from serving.bodies import BodyTooLarge, MalformedBody, TooManyBodies, UnsupportedBody
from serving.catalogue.speech import SpeechUnavailable
from serving.inspections import InspectionFailed, TooManyInspections
from serving.live.batching import QueueFull
from serving.live.callers import CallerGone, DeadlinePassed, InvalidDeadline
from serving.live.generations import InvalidGeneration, StillBehind
from serving.live.loaded import BrokenRuntime, WarmUpFailed
from serving.live.validation import InvalidActual, InvalidInstances
from serving.problems import Problem, respond
from serving.protocols.tensors import TensorRefused
from serving.remote.wire import ModelWorkerFailed, NoModelWorker, RedisAway
from serving.schemas.job import JobRefused
from serving.slots.shelf import CatalogueMissing
from serving.slots.slots import NoChampion, TooManyInstances, UnknownModel, VersionNotLive
from serving.spanish import SPOKEN, DomainRefused
from serving.traffic.interleaving import ChoiceRefused
from serving.uploads import NoRoomForUpload, TooManyUploads, UploadBroken

logger = logging.getLogger(__name__)

RETRY_SECONDS = "5"


@dataclass(frozen=True)
class Meaning:
    """The problem that an error stands for; `retry` where waiting may help."""

    status: int
    slug: str
    title: str
    retry: bool = False


MEANINGS: dict[type[Exception], Meaning] = {
    MalformedBody: Meaning(400, "malformed-body", "The body is not what it should be"),
    InvalidDeadline: Meaning(400, "malformed-deadline", "The deadline is not what it should be"),
    TensorRefused: Meaning(400, "malformed-tensor", "A tensor is not what it should be"),
    InvalidGeneration: Meaning(400, "invalid-generation", "The demanded generation is none"),
    UploadBroken: Meaning(400, "upload-broken", "Not all of the file arrived"),
    NotAuthenticated: Meaning(401, "not-authenticated", "This takes a key"),
    AccessRefused: Meaning(403, "access-refused", "This is not allowed"),
    ForeignRequest: Meaning(403, "foreign-request", "Asked by a page from elsewhere"),
    NotAllowed: Meaning(403, "not-allowed", "The role does not reach"),
    SomebodyElse: Meaning(403, "somebody-else", "The request speaks for somebody else"),
    Undeclared: Meaning(403, "undeclared", "Nobody may ask this"),
    UnknownJob: Meaning(404, "unknown-job", "No such job"),
    UnknownModel: Meaning(404, "unknown-model", "No such model"),
    UnknownDecision: Meaning(404, "unknown-decision", "No such decision"),
    NoDiff: Meaning(404, "no-diff", "No catalogue diff was kept with this decision"),
    SpeechUnavailable: Meaning(404, "no-speech", "There is nothing to hear"),
    UnknownLine: Meaning(404, "unknown-line", "No such order line"),
    UnknownMessage: Meaning(404, "unknown-message", "No such message"),
    UnknownOrder: Meaning(404, "unknown-order", "No such order"),
    UnknownPrediction: Meaning(404, "unknown-prediction", "No such prediction"),
    VersionNotLive: Meaning(404, "version-not-live", "Another version is live"),
    UnknownRollout: Meaning(404, "unknown-rollout", "No such rollout"),
    NoSuchVersion: Meaning(404, "unknown-version", "No such version in the registry"),
    Conflict: Meaning(409, "conflict", "Something was decided in the meantime"),
    ApprovalRefused: Meaning(409, "approval-refused", "There is nothing to approve"),
    OverrideRefused: Meaning(409, "override-refused", "There is nothing to override"),
    NoWayBack: Meaning(409, "no-way-back", "There is nothing to go back to"),
    Busy: Meaning(409, "busy", "Somebody else is doing this right now", retry=True),
    LinesOpen: Meaning(409, "lines-open", "Some lines wait for a person"),
    NothingOrdered: Meaning(409, "nothing-ordered", "No line is left to order"),
    NowhereToDeliver: Meaning(409, "nowhere-to-deliver", "Orders are not posted anywhere"),
    NotDoneYet: Meaning(409, "job-not-done", "The job is not done yet", retry=True),
    NoResult: Meaning(409, "no-result", "The job has no result"),
    RolloutRefused: Meaning(409, "rollout-refused", "The rollout cannot be started or ended so"),
    RegistryRefused: Meaning(409, "registry-refused", "The registry refused"),
    OrchestrationRefused: Meaning(409, "orchestration-refused", "Prefect refused"),
    BodyTooLarge: Meaning(413, "body-too-large", "The body is too large"),
    UnsupportedBody: Meaning(415, "unsupported-body", "The body is of another type"),
    TooManyInstances: Meaning(422, "too-many-instances", "Too many instances in one call"),
    InvalidInstances: Meaning(422, "invalid-instances", "Instances do not fit the contract"),
    DomainRefused: Meaning(422, SPOKEN, "A domain interface refuses a field"),
    JobRefused: Meaning(422, "job-refused", "This makes no job"),
    LabelRefused: Meaning(422, "label-refused", "The label cannot be kept"),
    PlanRefused: Meaning(422, "plan-refused", "The rollout's plan makes no sense"),
    ChoiceRefused: Meaning(422, "choice-refused", "The chosen item was not in the list"),
    InvalidActual: Meaning(422, "invalid-actual", "The model could never have answered this"),
    RequestRefused: Meaning(422, "request-refused", "The model refuses an instance"),
    # PostgreSQL's word for a value that no column can hold or be compared with, such as a NUL.
    DataError: Meaning(422, "unstorable-value", "A value in the request cannot be stored"),
    QueueFull: Meaning(429, "queue-full", "Too many requests wait already", retry=True),
    # Nobody is there to read it; the metrics are. The number is nginx's.
    CallerGone: Meaning(499, "caller-gone", "The caller closed the connection"),
    ClientDisconnect: Meaning(499, "caller-gone", "The caller left before his body was here"),
    TooFast: Meaning(429, "too-fast", "Asked too often"),
    TooManyJobs: Meaning(429, "too-many-jobs", "Enough jobs wait already", retry=True),
    TooManyUploads: Meaning(429, "too-many-uploads", "Enough files are being taken in", retry=True),
    TooManyBodies: Meaning(429, "too-many-bodies", "Large bodies fill the memory", retry=True),
    TooManyInspections: Meaning(
        429, "too-many-inspections", "Enough decisions are being looked into", retry=True
    ),
    DiffDamaged: Meaning(500, "diff-damaged", "A kept catalogue diff is not what it should be"),
    ArtifactRefused: Meaning(500, "artifact-refused", "A package is not what it should be"),
    WarmUpFailed: Meaning(500, "warm-up-failed", "A version cannot answer its golden requests"),
    NotPackaged: Meaning(500, "not-packaged", "A version carries no contract"),
    InspectionFailed: Meaning(500, "inspection-failed", "The decision could not be looked into"),
    BrokenRuntime: Meaning(500, "broken-runtime", "The model broke its contract"),
    FlavourFailed: Meaning(502, "worker-failed", "The model's worker process failed", retry=True),
    ModelWorkerFailed: Meaning(502, "model-worker-failed", "A model worker failed", retry=True),
    NoModelWorker: Meaning(503, "no-model-worker", "No worker has the model yet", retry=True),
    RedisAway: Meaning(503, "redis-away", "The model workers cannot be reached", retry=True),
    NoChampion: Meaning(503, "no-champion", "No champion yet", retry=True),
    StillBehind: Meaning(503, "still-behind", "This worker is behind", retry=True),
    CatalogueMissing: Meaning(503, "no-catalogue", "No catalogue yet", retry=True),
    SpoolUnavailable: Meaning(503, "log-unavailable", "Predictions cannot be logged", retry=True),
    RegistryUnavailable: Meaning(503, "registry-unavailable", "MLflow is away", retry=True),
    OrchestrationUnavailable: Meaning(503, "prefect-unavailable", "Prefect is away", retry=True),
    UnknownDeployment: Meaning(503, "not-deployed", "No flow is deployed for this", retry=True),
    DeadlinePassed: Meaning(504, "deadline-passed", "No answer before the deadline", retry=True),
    NoRoomForUpload: Meaning(507, "no-room", "The disk does not take the file", retry=True),
    SQLAlchemyError: Meaning(503, "store-unavailable", "The store is away", retry=True),
}

HIDDEN: frozenset[type[Exception]] = frozenset({SQLAlchemyError, SpoolUnavailable})
"""Errors whose text shows addresses, paths or statements and stays in the log."""


def problem_of(error: Exception) -> Problem:
    """Return what an error means over HTTP; an unforeseen one is a 500 that says nothing."""
    meaning = next((MEANINGS[kind] for kind in type(error).__mro__ if kind in MEANINGS), None)
    if meaning is None:
        detail = "an unforeseen error; the server's log has it under this request's id"
        return Problem(500, "unforeseen", detail)
    hidden = any(isinstance(error, kind) for kind in HIDDEN)
    return Problem(
        status=meaning.status,
        slug=meaning.slug,
        title=meaning.title,
        detail=meaning.title if hidden else _text(error),
        errors=_places(error),
        headers=_headers(error, meaning),
    )


def refusal(request: Request, error: Exception) -> Response:
    """Return what an error means as the clients of the request's path expect it; logged if ours."""
    return _handler(problem_of)(request, error)


def install(app: FastAPI) -> None:
    """Make every refusal of `app`, foreseen or not, a problem."""
    for kind in MEANINGS:
        app.add_exception_handler(kind, _handler(problem_of))
    app.add_exception_handler(Exception, _handler(problem_of))
    app.add_exception_handler(RequestValidationError, _handler(_problem_of_validation))
    app.add_exception_handler(HTTPException, _answer_http)


def _handler(
    translate: Callable[[Exception], Problem],
) -> Callable[[Request, Exception], Response]:
    def handle(request: Request, error: Exception) -> Response:
        problem = translate(error)
        request_id = str(request.scope.get("state", {}).get("request_id", ""))
        if problem.status >= 500:
            logger.error("request %s: %s", request_id, error, exc_info=error)
        response = respond(problem, request.url.path, request_id, request.app.state.dialects)
        if problem.slug == "unforeseen":
            # Starlette answers these outside every middleware that could add the header.
            response.headers["X-Request-Id"] = request_id
        return response

    return handle


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error.headers = {**(error.headers or {}), "Allow": ", ".join(_methods(request))}
    return _handler(_problem_of_http)(request, error)


def _methods(request: Request) -> list[str]:
    # Each route knows its own alone, and the first of a path would answer for all of them.
    routes: Sequence[Route] = request.app.state.routes
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in matching for method in route.methods or ()})


def _problem_of_http(error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    slugs = {400: "malformed-body", 404: "unknown-path", 405: "wrong-method"}
    slug = slugs.get(error.status_code, "http")
    detail = {
        404: "there is nothing at this path; /docs lists what there is",
        405: f"this path takes {(error.headers or {}).get('Allow', 'another method')}",
    }
    plain = error.detail in {"Not Found", "Method Not Allowed"}
    said = detail.get(error.status_code, error.detail) if plain else error.detail
    return Problem(error.status_code, slug, said, headers=dict(error.headers or {}))


def _problem_of_validation(error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(entry["type"] == "json_invalid" for entry in found):
        return problem_of(MalformedBody(f"the body is not JSON: {found[0]['ctx']['error']}"))
    errors = tuple(
        {"field": ".".join(str(part) for part in entry["loc"]), "message": entry["msg"]}
        for entry in found[:20]
    )
    detail = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors[:3])
    return Problem(422, "invalid-request", detail, "The request is not valid", errors)


def _headers(error: Exception, meaning: Meaning) -> Mapping[str, str]:
    if isinstance(error, AccessRefused):
        return error.headers
    return {"Retry-After": _retry_after(error)} if meaning.retry else {}


def _retry_after(error: Exception) -> str:
    return str(error.retry_after_seconds) if isinstance(error, QueueFull) else RETRY_SECONDS


def _places(error: Exception) -> tuple[dict[str, object], ...]:
    if isinstance(error, LinesOpen):
        return tuple(
            {"line_id": line.line_id, "description": line.description} for line in error.lines
        )
    if not isinstance(error, InvalidInstances):
        return ()
    return tuple(
        {"instance": fault.instance, "field": fault.field, "message": fault.message}
        for fault in error.faults
    )


def _text(error: Exception) -> str:
    # A LookupError derived from KeyError would print its argument in quotes.
    return str(error.args[0]) if error.args and isinstance(error, KeyError) else str(error)
