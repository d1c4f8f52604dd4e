"""Per-request predictions at rest: Parquet files named by the sha256 of their bytes."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class PredictionsDamaged(ValueError):
    """A predictions file is missing, or its bytes are not those that its name promises."""


def save(directory: Path, frame: pd.DataFrame) -> str:
    """Write a frame once, durably and atomically, and return the sha256 that names it."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", compression="zstd")
    payload = buffer.getvalue()
    sha256 = hashlib.sha256(payload).hexdigest()
    path = _path(directory, sha256)
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    return sha256


def load(directory: Path, sha256: str) -> pd.DataFrame:
    """Return the frame of that name. Raises `PredictionsDamaged`."""
    import pandas as pd

    path = _path(directory, sha256)
    if not path.is_file():
        raise PredictionsDamaged(f"{path} is missing")
    payload = path.read_bytes()
    found = hashlib.sha256(payload).hexdigest()
    if found != sha256:
        raise PredictionsDamaged(f"{path} holds other bytes: their sha256 is {found}")
    return pd.read_parquet(io.BytesIO(payload))


def _path(directory: Path, sha256: str) -> Path:
    return directory / f"{sha256}.parquet"
