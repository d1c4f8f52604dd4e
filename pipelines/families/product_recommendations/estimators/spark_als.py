"""Alternating least squares on Apache Spark, for ratings past one machine's memory.

Spark runs in a process of its own (`spark_job`), which ends with the fit: no JVM and no open port
stay behind. Spark's ALS has no biases, so damped means are taken off first.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.contract import FitRefused, Progress
from pipelines.families.product_recommendations.estimators.factors import Factors, fit_means
from pipelines.families.product_recommendations.estimators.settings import Settings
from pipelines.families.product_recommendations.params import Params

JOB = "pipelines.families.product_recommendations.estimators.spark_job"
ROW_GROUP = 1_000_000
SHOWN_CHARACTERS = 500


class SparkFailed(FitRefused):
    """Spark did not fit; the message ends with what it said last."""


def fit_spark(
    known: Interactions, settings: Settings, params: Params, seed: int, progress: Progress
) -> Factors:
    """Fit Spark's ALS on what the means leave. Raises `SparkFailed`.

    A cluster's workers have to see this machine's folder for temporary files.
    """
    means = fit_means(known, params.damping)
    with TemporaryDirectory(prefix="contender-spark-") as name:
        folder = Path(name)
        _write(known, known.rating - means.rate(known.user, known.item), folder / "rows.parquet")
        progress(0.1, "Spark is starting")
        _run(folder, settings, params.spark_master, seed)
        progress(0.9, "Spark has fitted; taking its factors")
        users = _factors(folder / "users", len(known.users), settings.factors)
        items = _factors(folder / "items", len(known.items), settings.factors)
    biases = (means.user_bias, means.item_bias)
    return Factors("spark_als", means.mean, *biases, users, items)


def _write(known: Interactions, residual: NDArray[np.float64], path: Path) -> None:
    columns = {"user": known.user, "item": known.item, "rating": residual.astype(np.float32)}
    pq.write_table(pa.table(columns), path, row_group_size=ROW_GROUP)


def _run(folder: Path, settings: Settings, master: str, seed: int) -> None:
    numbers = [settings.factors, settings.epochs, settings.penalty, seed]
    done = subprocess.run(
        [sys.executable, "-m", JOB, str(folder), master, *map(str, numbers)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip()[-SHOWN_CHARACTERS:]
        raise SparkFailed(f"Spark at {master} did not fit (is there a Java runtime?): {said}")


def _factors(path: Path, size: int, width: int) -> NDArray[np.float32]:
    """Return the factors by code, zeros for those without an interaction: shape (size, width)."""
    found = pq.read_table(path)
    factors = np.zeros((size, width), dtype=np.float32)
    values = found["features"].combine_chunks().flatten().to_numpy()
    factors[found["id"].to_numpy()] = values.reshape(-1, width)
    return factors
