"""What a user may set of logs and traces: `[logging]` and `[traces]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pipelines.model_settings import Strict

VARIABLES = {
    "CONTENDER_LOG_FORMAT": ("logging", "format"),
    "CONTENDER_LOG_LEVEL": ("logging", "level"),
    "CONTENDER_LOG_ACCESS": ("logging", "access"),
    "CONTENDER_TRACES_URL": ("traces", "url"),
    "CONTENDER_TRACES_SHARE": ("traces", "share"),
}
"""Environment variables, and the table and key of `contender.toml` that each overrides."""


class LoggingSettings(Strict):
    """How the processes write their logs."""

    format: Literal["text", "json"] = "text"
    """`json` writes one object a line, for whatever collects logs."""
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access: float = Field(0.0, ge=0, le=1)
    """Share of the answered requests that get a line; those that failed (5xx) always get one."""


class TracesSettings(Strict):
    """Where spans are sent, if anywhere. A password for it comes from the environment only."""

    url: str | None = Field(None, pattern=r"^https?://[^@\s]+$", max_length=2_000)
    """Address of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`."""
    share: float = Field(0.1, ge=0, le=1)
    """Share of the requests that are traced, where the caller's `traceparent` does not decide."""


def stated(variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what the environment says, by table and key of `contender.toml`."""
    found: dict[str, dict[str, str]] = {"logging": {}, "traces": {}}
    for variable, (table, key) in VARIABLES.items():
        if variables.get(variable):
            found[table][key] = variables[variable]
    return found
