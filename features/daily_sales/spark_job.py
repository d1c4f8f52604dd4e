"""The process in which Spark adds order lines up: a task from stdin, a report into a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from features.daily_sales.statements import SPARK, Statements, given
from features.spark import job
from features.spark.lines import READ_WHOLE, lines_of

FIXED = {"spark.sql.session.timeZone": "UTC", **READ_WHOLE}
RELATION = "order_lines"


def main() -> None:
    """Read a task, do it, and write what came of it where the task says."""
    job.do("contender daily sales", _added_up, FIXED)


def _added_up(session: SparkSession, task: Mapping[str, Any]) -> dict[str, object]:
    lines = lines_of(session, task["place"])
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


if __name__ == "__main__":
    main()
