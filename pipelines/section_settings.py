"""Parts of the user's settings: ports, feed, API, orders, jobs, demo shop."""

from __future__ import annotations

from pydantic import Field

from pipelines.model_settings import Strict


class Ports(Strict):
    """Where the services listen: MLflow and Prefect on 127.0.0.1, the API on `addresses.host`."""

    api: int = Field(8000, ge=1, le=65535)
    mlflow: int = Field(5000, ge=1, le=65535)
    prefect: int = Field(4200, ge=1, le=65535)


class FeedSettings(Strict):
    """Incoming order lines: a file, a folder, an http(s) address or an imap(s) mailbox."""

    url: str | None = None
    interval_seconds: int = Field(180, ge=5)
    audio_language: str = "es"


class ServingSettings(Strict):
    """The API's processes and limits."""

    workers: int = Field(1, ge=1, le=64)
    poll_seconds: float = Field(1.0, gt=0, le=60)
    body_limit_bytes: int = Field(8_000_000, ge=1_000)
    text_limit_characters: int = Field(20_000, ge=100)
    instances_limit: int = Field(10_000, ge=1)
    queue_limit: int = Field(256, ge=1)
    """Requests that may wait for one version."""
    deadline_seconds: float = Field(30.0, gt=0, le=3600)
    """How long a request may take, unless its caller gives it less."""
    predictions_days: float | None = Field(None, ge=91, le=36_500)
    """How long predictions and their feedback are kept; for ever where it is not set. No less than
    the longest rollout lasts, which counts its feedback from the beginning."""


class OrderSettings(Strict):
    """Orders confirmed at the review desk: an http(s) address that they are posted to, if any."""

    post_to: str | None = Field(None, pattern=r"^https?://[^/\s]+", max_length=2_000)


class JobSettings(Strict):
    """Batch scoring: how much may be asked for, and how long a result is kept."""

    limit_bytes: int = Field(200_000_000, ge=1_000)
    waiting: int = Field(20, ge=1, le=10_000)
    """Jobs that may wait or run at a time."""
    keep_days: float = Field(7.0, gt=0)


class DemoSettings(Strict):
    """The generated demo shop."""

    day: bool = True
    """Whether a fresh shop is visited by simulated customers for some minutes, once."""
