"""Jobs: a file or the whole catalogue, scored apart from the requests, with progress and result."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import TypeAdapter, ValidationError

from pipelines.jobs.folder import JobFolder, JobFolders
from pipelines.jobs.inputs import open_table
from pipelines.jobs.instances import Instances
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import (
    Asked,
    Format,
    Job,
    JobFailed,
    NoResult,
    NotDoneYet,
    State,
    UnknownJob,
)
from pipelines.orders.product_catalogue import catalogue_file
from serving import uploads
from serving.bodies import UnsupportedBody, json_in, media_type_of
from serving.dependencies import ServicesDependency
from serving.protocols.columns import columns_of, known, shown
from serving.schemas.job import (
    BODY,
    MEDIA_TYPES,
    RESULT_TYPES,
    CatalogueJob,
    JobList,
    JobRefused,
    JobView,
    view,
)
from serving.services import Services
from serving.slots.shelf import CatalogueMissing
from serving.uploads import UploadPlaces

JSON_BYTES = 100_000
LISTED = 100

router = APIRouter(prefix="/v1", tags=["jobs"])


def takes_upload(path: str) -> bool:
    """Return whether a POST to `path` is a file, which its endpoint reads piece by piece."""
    return path.startswith("/v1/models/") and path.endswith("/jobs")


@router.post("/models/{name}/jobs", status_code=202, openapi_extra=BODY)
async def submit(
    name: str,
    request: Request,
    response: Response,
    services: ServicesDependency,
    format: Annotated[Format | None, Query(description="Of the result; as the file's.")] = None,
    columns: Annotated[
        str | None,
        Query(
            description="JSON: the model's field to the file's column, where the names differ.",
            examples=['{"description": "descripcion"}'],
        ),
    ] = None,
) -> JobView:
    """Hand in a file, or ask for the catalogue, and get a job; its rows are answered later.

    All rows are answered by one version: the champion when the job begins. A row that the model
    cannot answer gets an error in the result, and the job goes on.
    """
    services.slots.contract(name)  # an unknown model is refused before a byte is read
    queue = _queue(services)
    await run_in_threadpool(queue.require_room)
    job_id, folder = await run_in_threadpool(_folders(services).new)
    places: UploadPlaces = request.app.state.uploads
    try:
        with places.taken():
            asked = await _received(name, request, services, folder, format, columns)
        job = await run_in_threadpool(queue.submit, job_id, asked)
    except BaseException:
        folder.delete()
        raise
    shown_job = view(job)
    response.headers["Location"] = shown_job.location
    return shown_job


@router.get("/jobs")
def jobs(
    services: ServicesDependency,
    model: str | None = None,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = LISTED,
) -> JobList:
    """List the jobs, the newest first."""
    return JobList(jobs=[view(job) for job in _queue(services).list(model, state, limit)])


@router.get("/jobs/{job_id}")
def job(job_id: str, services: ServicesDependency) -> JobView:
    """Show how far a job is, and by which version it is answered."""
    return view(_queue(services).get(job_id))


@router.get(
    "/jobs/{job_id}/result",
    response_class=FileResponse,
    responses={200: {"content": {kind: {} for kind in RESULT_TYPES.values()}}},
)
def result(job_id: str, services: ServicesDependency) -> FileResponse:
    """Hand out the result of a job that is done: the file's columns, the answers, the errors."""
    found = _queue(services).get(job_id)
    _require_done(found)
    asked = found.asked
    path = _folders(services).of(job_id).result(asked.format)
    if not path.is_file():
        raise UnknownJob(f"the result of {job_id} is not kept any more")
    name = f"{asked.model}-{job_id}.{asked.format}"
    return FileResponse(path, media_type=RESULT_TYPES[asked.format], filename=name)


@router.delete("/jobs/{job_id}", status_code=204)
def cancel(job_id: str, services: ServicesDependency) -> None:
    """Cancel a job, or forget a finished one; either way its input and result are deleted."""
    queue = _queue(services)
    before = queue.cancel(job_id)
    if before.state != "running":
        # The files of a running one are deleted by its worker, which may be writing to them.
        _folders(services).of(job_id).delete()
    if before.finished:
        queue.forget(job_id)


async def _received(
    name: str,
    request: Request,
    services: Services,
    folder: JobFolder,
    format: Format | None,
    columns: str | None,
) -> Asked:
    media_type = media_type_of(request.headers.get("content-type", ""))
    limit = services.settings.jobs.limit_bytes
    if media_type == "application/json":
        uploads.require_declared(request, JSON_BYTES)
        await uploads.to_file(request, folder.input, JSON_BYTES)
        wanted = _catalogue_job(folder.input.read_bytes())
        folder.input.unlink()
        asked = Asked(
            name, "catalogue", format or wanted.format, wanted.columns | _mapping(columns)
        )
        _require_fields(services, name, asked.columns)
        await run_in_threadpool(_link_catalogue, services, folder, asked)
        return asked
    if media_type not in MEDIA_TYPES:
        named = ", ".join([*MEDIA_TYPES, "application/json"])
        raise UnsupportedBody(f"the body must have one of the Content-Types {named}")
    _require_utf8(request)
    kind = MEDIA_TYPES[media_type]
    given = _mapping(columns)
    _require_fields(services, name, given)
    uploads.require_declared(request, limit)
    await uploads.to_file(request, folder.input, limit)
    assert kind != "catalogue"
    return Asked(name, kind, format or kind, given)


def _catalogue_job(body: bytes) -> CatalogueJob:
    try:
        return CatalogueJob.model_validate(json_in(body))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise JobRefused(f"{where}: {first['msg']}") from error


def _link_catalogue(services: Services, folder: JobFolder, asked: Asked) -> None:
    # The catalogue is replaced as a whole, so a second name keeps what it says at this moment.
    file = catalogue_file(services.settings.var)
    try:
        os.link(file, folder.input)
    except FileNotFoundError as error:
        raise CatalogueMissing("there is no catalogue yet; it is renewed with the feed") from error
    except OSError:
        shutil.copyfile(file, folder.input)  # a file system without second names
    fields = columns_of(services.slots.contract(asked.model).request_schema)
    try:
        Instances(fields, open_table("catalogue", folder.input), asked.columns)
    except JobFailed as error:
        raise JobRefused(str(error)) from error


def _mapping(columns: str | None) -> dict[str, str]:
    if columns is None:
        return {}
    try:
        return TypeAdapter(dict[str, str]).validate_json(columns, strict=True)
    except ValidationError as error:
        said = 'columns must be a JSON object such as {"description": "descripcion"}'
        raise JobRefused(said) from error


def _require_fields(services: Services, name: str, columns: Mapping[str, str]) -> None:
    there = columns_of(services.slots.contract(name).request_schema)
    if unknown := columns.keys() - {column.name for column in there}:
        raise JobRefused(f"{name} has no field {shown(unknown)}; it has: {known(there)}")


def _require_utf8(request: Request) -> None:
    said = request.headers.get("content-type", "").lower()
    charset = said.partition("charset=")[2].partition(";")[0].strip().strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise UnsupportedBody(f"the file must be UTF-8; it says {charset!r}")


def _require_done(job: Job) -> None:
    if not job.finished:
        raise NotDoneYet(f"{job.job_id} is {job.state}: {job.rows_done} rows are done")
    if job.state != "done":
        raise NoResult(f"{job.job_id} is {job.state}: {job.error or 'there is no result'}")


def _queue(services: Services) -> JobQueue:
    return JobQueue(services.store, waiting=services.settings.jobs.waiting)


def _folders(services: Services) -> JobFolders:
    return JobFolders(services.settings.var / "jobs")
