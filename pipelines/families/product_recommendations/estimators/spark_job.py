"""The process that Spark lives in: rows in, factors out, all by Parquet in one folder.

python -m ...spark_job FOLDER MASTER RANK ITERATIONS PENALTY SEED
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOOPBACK = "127.0.0.1"


def main(folder: str, master: str, rank: str, iterations: str, penalty: str, seed: str) -> None:
    """Fit `rows.parquet` and write `users` and `items`; Spark listens on the loopback only."""
    if master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("contender-als").master(master)
    builder = builder.config("spark.ui.enabled", "false")
    if master.startswith("local"):
        builder = builder.config("spark.driver.bindAddress", LOOPBACK)
        builder = builder.config("spark.driver.host", LOOPBACK)
    session = builder.getOrCreate()
    try:
        rows = session.read.parquet(str(Path(folder) / "rows.parquet"))
        als = ALS(
            rank=int(rank),
            maxIter=int(iterations),
            regParam=float(penalty),
            seed=int(seed),
            userCol="user",
            itemCol="item",
            ratingCol="rating",
        )
        model = als.fit(rows)
        model.userFactors.write.parquet(str(Path(folder) / "users"))
        model.itemFactors.write.parquet(str(Path(folder) / "items"))
    finally:
        session.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
