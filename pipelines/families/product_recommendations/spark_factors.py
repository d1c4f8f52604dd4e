"""Alternating least squares on Apache Spark: codes and values in, factors by code out.

Rows go to Spark, and factors come back, through a folder for temporary files: the workers of a
cluster have to see it (TMPDIR).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.interactions import Interactions
from features.scratch import scratch_folder
from features.spark import launch
from pipelines.contract import FitRefused

JOB = "pipelines.families.product_recommendations.spark_job"
ROW_GROUP = 1_000_000
ROWS_A_BLOCK = 5_000_000
FEWEST_BLOCKS = 10
"""Spark's own number; more of them where each would not fit beside the others."""

Factors = NDArray[np.float32]


class SparkFailed(FitRefused):
    """Spark did not fit; the message ends with what it said last."""


@dataclass(frozen=True)
class Recipe:
    """How to factorise; `alpha` is the confidence that a like adds, None for plain ratings.

    Spark multiplies `penalty` by how many rows a user or an item has.
    """

    rank: int
    sweeps: int
    penalty: float
    seed: int
    alpha: float | None = None


def factorised(
    known: Interactions,
    values: NDArray[np.float32],
    recipe: Recipe,
    master: str,
    *,
    users: bool = True,
) -> tuple[Factors, Factors]:
    """Return user and item factors of shapes (U, k) and (I, k), zeros for codes without a row.

    `values` has one number for each row of `known`. Without `users` only the items' are fetched,
    and the users' have shape (0, k). Raises `SparkFailed`.
    """
    with scratch_folder("spark") as folder:
        _write(known, values, folder / "rows.parquet")
        places = {"users": str(folder / "users") if users else "", "items": str(folder / "items")}
        task = {
            **places,
            "rows": [str(folder / "rows.parquet")],
            "checkpoints": str(folder / "checkpoints"),
            "rank": recipe.rank,
            "sweeps": recipe.sweeps,
            "penalty": recipe.penalty,
            "seed": recipe.seed,
            "alpha": recipe.alpha,
            "blocks": max(FEWEST_BLOCKS, len(known) // ROWS_A_BLOCK),
        }
        try:
            memory = launch.half_of_memory()
            launch.run(JOB, task, launch.settings(folder, master=master, memory_mib=memory), folder)
        except launch.SparkFailed as error:
            raise SparkFailed(f"Spark at {master} did not fit: {error}") from error
        of_users = _factors(folder / "users", len(known.users), recipe.rank) if users else None
        of_items = _factors(folder / "items", len(known.items), recipe.rank)
    nobody = np.zeros((0, recipe.rank), dtype=np.float32)
    return (nobody if of_users is None else of_users), of_items


def _write(known: Interactions, values: NDArray[np.float32], path: Path) -> None:
    """Write the rows group by group: a copy of all of them at once would be gigabytes."""
    kinds = [("user", pa.int32()), ("item", pa.int32()), ("rating", pa.float32())]
    with pq.ParquetWriter(path, pa.schema(kinds)) as writer:
        for start in range(0, len(known), ROW_GROUP):
            rows = slice(start, start + ROW_GROUP)
            columns = [known.user[rows], known.item[rows], values[rows]]
            writer.write_table(pa.table([pa.array(column) for column in columns], writer.schema))


def _factors(path: Path, size: int, width: int) -> Factors:
    factors = np.zeros((size, width), dtype=np.float32)
    found = pq.read_table(path)
    values = found["features"].combine_chunks().flatten().to_numpy()
    factors[found["id"].to_numpy()] = values.reshape(-1, width)
    return factors
