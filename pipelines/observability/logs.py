"""How a process writes its log: as text for people or as JSON, with the same fields in both.

The modules log with Python's own `logging` and know nothing of this; what stands in `extra`, in
`pipelines.observability.context`, or is found by a process of its own, becomes a field. structlog
turns a record into a line.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from pipelines.observability import context
from pipelines.observability.masking import masked_fields
from pipelines.observability_settings import LoggingSettings

if TYPE_CHECKING:
    from structlog.typing import Processor

Fields = MutableMapping[str, Any]
FIRST = ("timestamp", "level", "service", "pid", "logger", "event")
"""What every line has, in this order."""
FORMATTER = "pipelines.observability.logs.formatter"
QUIET = {
    "alembic.runtime.plugins": {"level": "WARNING"},  # names each that it has
    "httpx": {"level": "WARNING"},  # says a line for each poll of the registry
    "opentelemetry": {"level": "ERROR"},  # says several for each try to reach a collector
}
CONTROL = {
    number: f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
    for number in (
        *(*range(32), *range(127, 160)),
        *(0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),
    )
}
"""Characters that would begin another line of text, or show it in another order, and how they are
written instead."""


def configure(settings: LoggingSettings, service: str) -> None:
    """Let this process write its log to standard error as the settings say."""
    logging.config.dictConfig(dict_config(settings, service))


def dict_config(
    settings: LoggingSettings, service: str, *, formatter: str = FORMATTER
) -> dict[str, object]:
    """Return the same for `logging.config.dictConfig`; `formatter` names what makes the lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter, "service": service, "form": settings.format}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": settings.level},
        "loggers": QUIET,
    }


def formatter(
    service: str,
    form: str,
    *,
    more: Sequence[Callable[[], Mapping[str, object]]] = (),
) -> logging.Formatter:
    """Return what makes a line of a record; `more` finds further fields of the moment."""
    with _without_paint():
        from structlog.processors import format_exc_info
        from structlog.stdlib import ExtraAdder, ProcessorFormatter

    steps: list[Processor] = [
        _beginning(service),
        ExtraAdder(),
        _found(more),
        format_exc_info,
        _finished,
        _as_json if form == "json" else _as_text,
    ]
    return ProcessorFormatter(processors=steps)


@contextmanager
def _without_paint() -> Iterator[None]:
    """Let structlog do without `rich`, which it loads where it is there: 8 MB for no log file."""
    there = "rich" in sys.modules
    if not there:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not there:
            del sys.modules["rich"]


def _beginning(service: str) -> Processor:
    def begin(_logger: object, _method: str, fields: Fields) -> Fields:
        record: logging.LogRecord = fields["_record"]
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return {
            "timestamp": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "service": service,
            "pid": os.getpid(),
            "logger": record.name,
            **fields,
        }

    return begin


def _found(more: Sequence[Callable[[], Mapping[str, object]]]) -> Processor:
    def find(_logger: object, _method: str, fields: Fields) -> Fields:
        # What the line itself says counts more than what goes on around it.
        for found in (context.current(), *(look() for look in more)):
            for name, value in found.items():
                fields.setdefault(name, value)
        return fields

    return find


def _finished(_logger: object, _method: str, fields: Fields) -> Fields:
    """Leave out what is no field and whatever is secret; the text comes behind what is fixed."""
    for name in ("_record", "_from_structlog", "color_message"):
        fields.pop(name, None)
    known = {name: fields[name] for name in FIRST}
    rest = {
        name: value for name, value in fields.items() if name not in known and value is not None
    }
    if len(stack := str(rest.pop("stack_info", "") or "")):
        rest["exception"] = f"{rest.get('exception', '')}{stack}"
    return masked_fields({**known, **rest})


def _as_json(_logger: object, _method: str, fields: Fields) -> str:
    try:
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # half of a character, or a number beyond 64 bits
        return json.dumps(fields, default=str)


def _as_text(_logger: object, _method: str, fields: Fields) -> str:
    at, level, _service, pid, logger, event = (fields[name] for name in FIRST)
    exception = fields.get("exception")
    told = [
        f" {name}={_word(value)}"
        for name, value in fields.items()
        if name not in (*FIRST, "exception")
    ]
    line = f"{at} {level.upper()} {pid} {logger}: {_plain(str(event).rstrip())}{''.join(told)}"
    # Set in, so that no line of it can pass for one of the log.
    below = [f"\n  {_plain(each)}" for each in str(exception).split("\n")] if exception else []
    whole = "".join([line, *below])
    return whole.encode("utf-8", "backslashreplace").decode()


def _word(value: object) -> str:
    text = str(value)
    return _plain(text if text.split() == [text] else json.dumps(text, ensure_ascii=False))


def _plain(text: str) -> str:
    return text.translate(CONTROL)
