"""A job as the store keeps it: what was asked, by which version it is answered, how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.decisions.log import Champion

State = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["csv", "jsonl", "parquet", "catalogue"]
Format = Literal["csv", "jsonl", "parquet"]
UNFINISHED: tuple[State, ...] = ("queued", "running")
ATTEMPTS = 3
"""Times that a job may be begun again without having got a row further."""


class UnknownJob(LookupError):
    """No job has that id, or its record was kept long enough and is gone."""


class NoResult(RuntimeError):
    """The job has ended without a result; the message says how."""


class NotDoneYet(NoResult):
    """The job has no result yet; the message says how far it is."""


class TooManyJobs(RuntimeError):
    """As many jobs wait or run as the settings allow."""


class NoLongerOurs(RuntimeError):
    """The job was cancelled, or another worker has taken it over: nothing more is kept of ours."""


class JobFailed(ValueError):
    """A job cannot be done, however often it is tried; the message is for whoever asked for it."""


@dataclass(frozen=True)
class Asked:
    """What is to be scored, and how the result is wanted."""

    model: str
    kind: Kind
    """What the input is: a file of that format, or the product catalogue of that moment."""
    format: Format
    """Of the result."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The model's field to the input's column, where their names differ."""


@dataclass(frozen=True)
class Job:
    """One job. Rows are counted in the input's order: the first `rows_done` are kept for good."""

    job_id: str
    asked: Asked
    state: State
    champion: Champion | None
    """The version that answers every row, decided when the job first started."""
    attempts: int
    rows_total: int | None
    rows_done: int
    rows_refused: int
    """Of those done, the ones with an error instead of an answer."""
    seconds: float
    """Time spent on the rows that are done."""
    error: str | None
    """Why it failed, or what it waits for."""
    created_at: str
    started_at: str | None
    finished_at: str | None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in UNFINISHED

    @property
    def rows_per_second(self) -> float | None:
        """How fast it went so far, or None before the first rows."""
        return self.rows_done / self.seconds if self.seconds > 0 else None

    @property
    def eta_seconds(self) -> float | None:
        """What is left at that pace, or None where nobody can tell."""
        pace = self.rows_per_second
        if self.state != "running" or self.rows_total is None or not pace:
            return None
        return (self.rows_total - self.rows_done) / pace


@dataclass(frozen=True)
class Part:
    """A piece of the result on disk: `rows` rows of the input from `first_row` on."""

    first_row: int
    rows: int
    refused: int
    file: str
