"""What a source holds, as a frame of Spark: Parquet, one delimited file, or a table by JDBC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from pyspark.sql.types import StringType, StructField, StructType

CORRUPT = "_corrupt_record"
FETCHED_ROWS = "50000"
READ_WHOLE = {"spark.sql.csv.parser.columnPruning.enabled": "false"}
"""A line with too few or too many values is only noticed when it is read whole."""


def lines_of(session: SparkSession, place: Mapping[str, Any]) -> DataFrame:
    """Return the lines at a place; of a line that could not be cut into values, none is taken."""
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
    return lines.select(
        [f.when(f.col(CORRUPT).isNull(), f.col(f"`{name}`")).alias(name) for name in names[:-1]]
    )
