"""Prefect's runs write the same lines of JSON as everything else, where the settings say so.

Prefect configures logging by itself, and takes from the environment what it shall do otherwise.
Nothing of Prefect is needed here. Its records bring along which flow and task run they are of.
"""

from __future__ import annotations

import logging
import sys
from typing import IO

from pipelines.observability import logs
from pipelines.observability_settings import LoggingSettings

SERVICE = "flows"


def environment(settings: LoggingSettings) -> dict[str, str]:
    """Return the variables by which a process of Prefect's logs as the settings say."""
    if settings.format == "text":
        return {"PREFECT_LOGGING_LEVEL": settings.level}
    return {
        "PREFECT_LOGGING_LEVEL": settings.level,
        "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": f"{__name__}.json_lines",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": f"{__name__}.PlainHandler",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    }


def json_lines(_format: str, _dates: str | None, _style: str) -> logging.Formatter:
    """Return what makes a line of a record; called as `logging` calls a formatter's class."""
    return logs.formatter(SERVICE, "json")


class PlainHandler(logging.StreamHandler[IO[str]]):
    """Writes lines as they are; Prefect's own paints them, and makes pictures of some words."""

    def __init__(self, stream: IO[str] | None = None, styles: object = None) -> None:
        del styles
        super().__init__(stream or sys.stderr)
