"""What stands on the vectors: linear or similarity heads in numpy, and forests of old in ONNX."""

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
POSTINGS_FILES = ("starts.npy", "holders.npy", "shares.npy")
COEFFICIENTS_FILE = "coefficients.npy"
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
        gathered = np.empty(len(self.intercept), dtype=np.float32)
        for line, (columns, values) in zip(scores, rows, strict=True):
            np.dot(values.astype(np.float32), self.weights.take(columns, 0), out=gathered)
            line[:] = gathered
        return softmax(scores + self.intercept, self.temperature)

    def save(self, directory: Path) -> None:
        """Write the arrays."""
        np.save(directory / WEIGHTS_FILE, self.weights, allow_pickle=False)
        np.save(directory / INTERCEPT_FILE, self.intercept, allow_pickle=False)

    @classmethod
    def open(cls, directory: Path, temperature: float) -> LinearHead:
        """Map the weights into memory (workers share the pages) and read the intercept."""
        return cls(
            # A plain view of the map: every step on a memmap costs microseconds.
            np.asarray(np.load(directory / WEIGHTS_FILE, mmap_mode="r", allow_pickle=False)),
            np.load(directory / INTERCEPT_FILE, allow_pickle=False),
            temperature,
        )


def likeness(cosines: Floats) -> Floats:
    """Return how alike texts count as: the mean of their cosine and its square.

    The cosine alone makes a linear model; its square counts pairs of shared terms, so that a near
    copy weighs more than many distant relatives. Both are kernels, hence their mean is one.
    """
    return np.asarray((cosines + cosines**2) / 2)


@dataclass(frozen=True)
class SimilarityHead:
    """Scores as a sum over the training texts: how alike each is, times what it speaks for.

    The training texts stand as postings: for each column the texts that hold it, and its weight
    in each. Scores are small differences of many terms, so they are summed in float64.
    """

    starts: NDArray[np.int64]
    holders: NDArray[np.int32]
    shares: NDArray[np.float32]
    coefficients: Floats
    temperature: float

    def probabilities(self, rows: Sequence[Sparse]) -> Floats:
        """Return the softmax of the scores."""
        alike = likeness(np.stack([self._cosines(*row) for row in rows]))
        return softmax(alike @ self.coefficients, self.temperature)

    def _cosines(self, columns: Columns, values: Floats) -> Floats:
        texts = len(self.coefficients)
        if not columns.size:
            return np.zeros(texts)
        starts, ends = self.starts[columns], self.starts[columns + 1]
        spans = [slice(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True)]
        holders = np.concatenate([self.holders[span] for span in spans])
        weights = np.repeat(values, ends - starts)
        weights *= np.concatenate([self.shares[span] for span in spans])
        # Summed in the order of the columns, in one go.
        return np.asarray(np.bincount(holders, weights, texts))

    def save(self, directory: Path) -> None:
        """Write the arrays."""
        for file, array in zip(
            (*POSTINGS_FILES, COEFFICIENTS_FILE),
            (self.starts, self.holders, self.shares, self.coefficients),
            strict=True,
        ):
            np.save(directory / file, np.asarray(array), allow_pickle=False)

    @classmethod
    def open(cls, directory: Path, temperature: float) -> SimilarityHead:
        """Map the large arrays into memory, so that workers share the pages."""
        starts, holders, shares, coefficients = (
            # A plain view of the map: slicing a memmap costs more than reading the slice.
            np.asarray(np.load(directory / file, mmap_mode="r", allow_pickle=False))
            for file in (*POSTINGS_FILES, COEFFICIENTS_FILE)
        )
        return cls(starts, holders, shares, coefficients, temperature)


class ForestGraphHead:
    """A forest as ONNX: how forests were compiled before `pipelines.text_kernel.forest`.

    Versions that were admitted in that form go on answering in it.
    """

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
