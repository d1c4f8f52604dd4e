"""The process in which Spark factorises: rows in, factors out, all by Parquet in one folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from features.spark import job


def main() -> None:
    """Read a task, do it, and write what came of it where the task says."""
    job.do("contender als", _factorised)


def _factorised(session: SparkSession, task: Mapping[str, Any]) -> dict[str, object]:
    # Without one, what a sweep rests on grows with every sweep.
    session.sparkContext.setCheckpointDir(task["checkpoints"])
    rows = session.read.parquet(*task["rows"])
    als = ALS(
        rank=task["rank"],
        maxIter=task["sweeps"],
        regParam=task["penalty"],
        seed=task["seed"],
        implicitPrefs=task["alpha"] is not None,
        alpha=task["alpha"] or 1.0,
        numUserBlocks=task["blocks"],
        numItemBlocks=task["blocks"],
        userCol="user",
        itemCol="item",
        ratingCol="rating",
    )
    model = als.fit(rows)
    if task["users"]:
        model.userFactors.write.parquet(task["users"])
    model.itemFactors.write.parquet(task["items"])
    return {}


if __name__ == "__main__":
    main()
