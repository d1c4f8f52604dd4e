"""What goes over the wire of the jobs' interface, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.jobs.record import Format, Job, Kind, State

MEDIA_TYPES: dict[str, Kind] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/vnd.apache.parquet": "parquet",
}
"""Files that are taken, by their Content-Type; JSON names a source instead of holding one."""
RESULT_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


class JobRefused(ValueError):
    """What is asked for makes no job; the message says which part of it."""


class CatalogueJob(BaseModel):
    """Asks for the whole product catalogue, as it is at that moment, to be scored."""

    model_config = ConfigDict(extra="forbid")
    source: Literal["catalogue"]
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="The model's field to the catalogue's column, where their names differ.",
        examples=[{"name": "description"}],
    )
    format: Format = "csv"


class JobView(BaseModel):
    """One job: how far it is, and by which version every one of its rows is answered."""

    job_id: str
    model: str
    state: State
    input: Kind = Field(description="The format of the file, or the catalogue.")
    format: Format = Field(description="Of the result.")
    rows_total: int | None = Field(description="Known once the job has begun.")
    rows_done: int
    rows_refused: int = Field(description="Rows done that have an error instead of an answer.")
    rows_per_second: float | None
    eta_seconds: float | None = Field(description="What is left at that pace, while it runs.")
    version: str | None = Field(description="Pinned when the job began.")
    decision_id: str | None = Field(description="The decision that made the version champion.")
    generation: int | None
    error: str | None = Field(description="Why it failed, or what it waits for.")
    created_at: str
    started_at: str | None
    finished_at: str | None
    location: str = Field(description="Where this is asked for again.")
    result: str | None = Field(description="Where the result is, once the job is done.")


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobView]


def view(job: Job) -> JobView:
    """Return a job as it goes over the wire."""
    champion = job.champion
    location = f"/v1/jobs/{job.job_id}"
    pace, left = job.rows_per_second, job.eta_seconds
    return JobView(
        job_id=job.job_id,
        model=job.asked.model,
        state=job.state,
        input=job.asked.kind,
        format=job.asked.format,
        rows_total=job.rows_total,
        rows_done=job.rows_done,
        rows_refused=job.rows_refused,
        rows_per_second=None if pace is None else round(pace, 1),
        eta_seconds=None if left is None else round(left, 1),
        version=champion.version if champion else None,
        decision_id=champion.decision_id if champion else None,
        generation=champion.generation if champion else None,
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        location=location,
        result=f"{location}/result" if job.state == "done" else None,
    )


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "description,shelf\nLlave stilson 14 pulgadas,A3\n",
            },
            "application/x-ndjson": {
                "schema": {"type": "string"},
                "example": '{"description": "Llave stilson 14 pulgadas", "shelf": "A3"}\n',
            },
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": CatalogueJob.model_json_schema(),
                "example": {"source": "catalogue"},
            },
        },
    }
}
"""What may be sent to start a job; read by hand, because a file is not held in memory."""
