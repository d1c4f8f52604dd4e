"""Kernel ridge regression: every training text speaks for its label as far as it is alike.

All labels share one factorisation, so hundreds of them cost little more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused
from pipelines.text_kernel.heads import SimilarityHead, likeness

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_TEXTS = 15_000
"""Every pair of texts is held at once: 0.9 GB at this many."""
BATCH = 256


class TooManyTexts(FitRefused):
    """There are more distinct texts than this algorithm can hold in pairs."""


class SimilarityClassifier:
    """A classifier in scikit-learn's manner: fits one-hot labels by ridge regression."""

    def __init__(self, ridge: float) -> None:
        self.ridge = ridge

    def fit(self, matrix: csr_matrix, labels: Sequence[str]) -> SimilarityClassifier:
        """Fit on rows of length one at most. Raises `TooManyTexts`."""
        from scipy.linalg import cho_factor, cho_solve

        if matrix.shape[0] > MOST_TEXTS:
            raise TooManyTexts(
                f"{matrix.shape[0]} distinct texts are more than kernel_ridge can compare in "
                f"pairs (at most {MOST_TEXTS}); choose another algorithm"
            )
        self.classes_, places = np.unique(np.asarray(labels, dtype=object), return_inverse=True)
        self.examples_ = matrix.astype(np.float32).tocsr()
        alike = _pairs(self.examples_)
        alike[np.diag_indices_from(alike)] += self.ridge
        wanted = np.zeros((len(places), len(self.classes_)), dtype=np.float32)
        wanted[np.arange(len(places)), places] = 1.0
        factor = cho_factor(alike, lower=True, overwrite_a=True, check_finite=False)
        found = cho_solve(factor, wanted, overwrite_b=True, check_finite=False)
        self.coefficients_ = np.ascontiguousarray(found, dtype=np.float64)
        return self

    def decision_function(self, matrix: csr_matrix) -> NDArray[np.float64]:
        """Return a score for each label, about 1 for the right one and 0 for the others."""
        weights = self.coefficients_
        known = self.examples_.astype(np.float64).T.tocsr()
        parts = [
            likeness((matrix[start : start + BATCH] @ known).toarray()) @ weights
            for start in range(0, matrix.shape[0], BATCH)
        ]
        return np.concatenate([np.empty((0, weights.shape[1])), *parts])

    def head(self, temperature: float) -> SimilarityHead:
        """Return the arrays that `pipelines.text_kernel` answers from."""
        columns = self.examples_.tocsc()
        return SimilarityHead(
            columns.indptr.astype(np.int64),
            columns.indices.astype(np.int32),
            columns.data,
            self.coefficients_,
            temperature,
        )


def _pairs(examples: csr_matrix) -> NDArray[np.float32]:
    """Return how alike every two rows are; in parts, for a sparse product of all would be huge."""
    texts, known = examples.shape[0], examples.T.tocsr()
    alike = np.empty((texts, texts), dtype=np.float32)
    for start in range(0, texts, BATCH):
        part = slice(start, start + BATCH)
        alike[part] = likeness((examples[part] @ known).toarray())
    return alike
