"""Between frames, in which families think, and rows, in which runtimes answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_origin

import numpy as np
import pandas as pd

from pipelines.contract import ModelFamily, Row, Runtime

if TYPE_CHECKING:
    from collections.abc import Hashable

BATCH = 500
"""Instances a call: what a batch costs is known, and a worker process can be given a deadline."""


def ask(runtime: Runtime, requests: pd.DataFrame) -> list[list[Row]]:
    """Return the runtime's answers to a frame of requests, in its order."""
    instances = instances_of(requests)
    return [
        rows
        for start in range(0, len(instances), BATCH)
        for rows in runtime.predict(instances[start : start + BATCH])
    ]


def instances_of(requests: pd.DataFrame) -> list[Row]:
    """Return requests as the instances that a client would send."""
    return [
        {str(name): plain(value) for name, value in row.items()}
        for row in requests.to_dict(orient="records")
    ]


def rows_of(predictions: pd.DataFrame, index: pd.Index) -> list[list[Row]]:
    """Return a frame of predictions as response rows, one list for each request of `index`."""
    answers: dict[Hashable, list[Row]] = {request: [] for request in index}
    for request, row in zip(predictions.index, predictions.to_dict(orient="records"), strict=True):
        answers[request].append({str(name): plain(value) for name, value in row.items()})
    return list(answers.values())


def frame_of(
    answers: Sequence[Sequence[Mapping[str, object]]], index: pd.Index, family: ModelFamily
) -> pd.DataFrame:
    """Return response rows as the frame that the family's `evaluate` reads.

    A response column that a version from elsewhere does not answer is empty: NaN, or no items.
    """
    absent: dict[str, object] = {
        name: [] if get_origin(field.annotation) in {list, tuple} else np.nan
        for name, field in family.Response.model_fields.items()
    }
    repeated = np.repeat(np.arange(len(index)), [len(rows) for rows in answers])
    flat = [{**absent, **row} for rows in answers for row in rows]
    frame = pd.DataFrame(flat, columns=list(absent))
    frame.index = index[repeated].rename("request")
    return frame


def plain(value: object) -> object:
    """Return a value in the types that JSON knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(entry) for entry in value]
    return value
