"""What stands on the vectors: a linear head in numpy, a forest head in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.text_kernel.ranking import Floats, sharpened, softmax
from pipelines.text_kernel.vectors import Columns

Sparse = tuple[Columns, Floats]

WEIGHTS_FILE = "weights.npy"
INTERCEPT_FILE = "intercept.npy"
FOREST_FILE = "forest.onnx"
FOREST_BATCH = 64
"""Texts a call: the forest wants dense rows, so this bounds their memory."""


class Head(Protocol):
    """Turns sparse rows into one line of probabilities each."""

    def probabilities(self, rows: Sequence[Sparse]) -> Floats:
        """Return calibrated probabilities, shape (rows, labels)."""
        ...


@dataclass(frozen=True)
class LinearHead:
    """Scores as a sum of gathered weight rows; float32 weights, everything else float64."""

    weights: NDArray[np.float32]
    intercept: Floats
    temperature: float

    def probabilities(self, rows: Sequence[Sparse]) -> Floats:
        """Return the softmax of the scores."""
        scores = np.empty((len(rows), len(self.intercept)))
        for line, (columns, values) in zip(scores, rows, strict=True):
            line[:] = values.astype(np.float32) @ self.weights[columns]
        return softmax(scores + self.intercept, self.temperature)

    def save(self, directory: Path) -> None:
        """Write the arrays."""
        np.save(directory / WEIGHTS_FILE, self.weights, allow_pickle=False)
        np.save(directory / INTERCEPT_FILE, self.intercept, allow_pickle=False)

    @classmethod
    def open(cls, directory: Path, temperature: float) -> LinearHead:
        """Map the weights into memory (workers share the pages) and read the intercept."""
        return cls(
            np.load(directory / WEIGHTS_FILE, mmap_mode="r", allow_pickle=False),
            np.load(directory / INTERCEPT_FILE, allow_pickle=False),
            temperature,
        )


class ForestHead:
    """A forest as ONNX, run on one thread: requests are small and come many at a time."""

    def __init__(self, model: Path, width: int, temperature: float) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._width = width
        self._temperature = temperature

    def probabilities(self, rows: Sequence[Sparse]) -> Floats:
        """Return the trees' mean class shares, sharpened by the temperature."""
        parts = [
            self._batch(rows[start : start + FOREST_BATCH])
            for start in range(0, len(rows), FOREST_BATCH)
        ]
        return sharpened(np.concatenate(parts), self._temperature)

    def _batch(self, rows: Sequence[Sparse]) -> Floats:
        dense = np.zeros((len(rows), self._width), dtype=np.float32)
        for line, (columns, values) in zip(dense, rows, strict=True):
            line[columns] = values
        (shares,) = self._session.run(["probabilities"], {"counts": dense})
        return np.asarray(shares, dtype=np.float64)
