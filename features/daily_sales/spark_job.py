"""The process in which Spark adds order lines up: a task from stdin, a report into a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import StringType, StructField, StructType

from features.daily_sales.statements import SPARK, Statements, given
from features.readers.table import SourceError

FIXED = {
    "spark.sql.session.timeZone": "UTC",
    # A line with too few or too many values is only noticed when it is read whole.
    "spark.sql.csv.parser.columnPruning.enabled": "false",
}
RELATION = "order_lines"
CORRUPT = "_corrupt_record"
FETCHED_ROWS = "50000"


def main() -> None:
    """Read a task, do it, and write what came of it where the task says."""
    task = orjson.loads(sys.stdin.buffer.read())
    Thread(target=_end_with, args=(task["asked_by"],), daemon=True).start()
    report = Path(task["report"])
    partial = report.with_suffix(".partial")
    partial.write_bytes(orjson.dumps(_answer(task)))
    partial.replace(report)


def _end_with(process_id: int) -> None:
    """End, and Java with us, once nobody is there any more who waits for the answer."""
    while os.getppid() == process_id:
        time.sleep(1)
    os._exit(1)


def _answer(task: Mapping[str, Any]) -> dict[str, object]:
    builder = SparkSession.builder.appName("contender daily sales")
    session = builder.config(map={**task["settings"], **FIXED}).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        return _added_up(session, task)
    except Py4JJavaError as error:
        return {"error": _first_cause(error)}
    except (PySparkException, SourceError) as error:
        return {"error": str(error).splitlines()[0]}
    finally:
        session.stop()


def _first_cause(error: Py4JJavaError) -> str:
    thrown = error.java_exception
    while (cause := thrown.getCause()) is not None:
        thrown = cause
    return str(thrown.toString()).splitlines()[0]


def _added_up(session: SparkSession, task: Mapping[str, Any]) -> dict[str, object]:
    lines = _lines(session, task["place"])
    lines.createOrReplaceTempView(RELATION)
    columns = given(task["columns"], dict(lines.dtypes), SPARK, task["where"])
    statements = Statements(SPARK, columns)
    sums = session.sql(statements.sums(RELATION)).persist()
    sums.createOrReplaceTempView("sums")
    counted, sound = session.sql(statements.tally()).collect()[0]
    faults = []
    if counted != sound:
        faults = [list(row) for row in session.sql(statements.damaged(RELATION)).collect()]
    days = session.sql(statements.days()).toArrow()
    days = days.sort_by([("product_id", "ascending"), ("date", "ascending")])
    pq.write_table(days, task["file"])
    return {"lines": counted or 0, "sound": sound or 0, "faults": faults}


def _lines(session: SparkSession, place: Mapping[str, Any]) -> DataFrame:
    if "statement" in place:
        return (
            session.read.format("jdbc")
            .options(url=place["url"], user=place["user"], password=place["password"])
            .options(driver="org.postgresql.Driver", fetchsize=FETCHED_ROWS)
            .option("dbtable", f"({place['statement']}) AS lines")
            .load()
        )
    if not place["header"]:
        return session.read.option("mergeSchema", "true").parquet(*place["paths"])
    header = place["header"]
    # A name may be there twice as long as nobody needs it.
    names = [name if header.count(name) == 1 else f"_{i}" for i, name in enumerate(header)]
    names.append(CORRUPT)
    schema = StructType([StructField(name, StringType()) for name in names])
    read = session.read.options(header=True, sep=place["delimiter"], quote='"', escape='"')
    lines = read.option("columnNameOfCorruptRecord", CORRUPT).schema(schema).csv(place["paths"])
    # Of a line that could not be cut into values, none is taken.
    return lines.select(
        [f.when(f.col(CORRUPT).isNull(), f.col(f"`{name}`")).alias(name) for name in names[:-1]]
    )


if __name__ == "__main__":
    main()
