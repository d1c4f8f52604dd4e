"""The process that Spark lives in: a task from stdin, an answer into a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from features.orphans import end_with_parent
from features.readers.table import SourceError

Answer = dict[str, object]
Work = Callable[[SparkSession, Mapping[str, Any]], Answer]


def do(name: str, work: Work, fixed: Mapping[str, str] | None = None) -> None:
    """Do what `features.spark.launch` has asked for; `fixed` settings stand above all others."""
    message = orjson.loads(sys.stdin.buffer.read())
    end_with_parent(message["asked_by"])  # and Java with us
    report = Path(message["report"])
    partial = report.with_suffix(".partial")
    settings = {**message["settings"], **(fixed or {})}
    partial.write_bytes(orjson.dumps(_answer(name, settings, work, message["task"])))
    partial.replace(report)


def _answer(
    name: str, settings: Mapping[str, str], work: Work, task: Mapping[str, Any]
) -> Mapping[str, object]:
    try:
        session = SparkSession.builder.appName(name).config(map=dict(settings)).getOrCreate()
    except (Py4JJavaError, PySparkException) as error:
        return {"error": f"Spark at {settings['spark.master']} does not begin: {_said(error)}"}
    session.sparkContext.setLogLevel("ERROR")
    try:
        return work(session, task)
    except (Py4JJavaError, PySparkException, SourceError) as error:
        return {"error": _said(error)}
    finally:
        session.stop()


def _said(error: Exception) -> str:
    if not isinstance(error, Py4JJavaError):
        lines = str(error).strip().splitlines() or [type(error).__name__]
        of_python = any(line.startswith("Traceback") for line in lines)
        return lines[-1 if of_python else 0]
    thrown = error.java_exception
    while (cause := thrown.getCause()) is not None:
        thrown = cause
    return str(thrown.toString()).splitlines()[0]
