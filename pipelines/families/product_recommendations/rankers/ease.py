"""EASE: each item predicted from the user's other liked items by one ridge regression.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019: with P the inverse of
G + ridge * I and G the items' co-occurrences, B = -P / diag(P) with an empty diagonal, and a user
who liked the items h is shown those with the largest sums of the rows B[h]. Of each row only the
strongest entries are kept: at 4,000 items and 200 neighbours a tenth of the memory and half the
time, for 0.002 of recall and 0.004 of NDCG on MovieLens 100K.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.contract import FitRefused
from pipelines.families.product_recommendations.rankers.likes import matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = NDArray[np.generic]


class RidgeTooSmall(FitRefused):
    """In single precision the ridge does not tell items apart that the same users liked."""


def fit_ease(liked: Interactions, ridge: float, neighbours: int) -> Mapping[str, Array]:
    """Return `neighbours` (I x k int32, ascending) and `weights` (I x k float32).

    Takes up to four dense float32 matrices of items x items.
    """
    weights = weights_of(matrix(liked), ridge)
    count = min(neighbours, len(weights))
    kept = np.empty((len(weights), count), dtype=np.int32)
    for item, row in enumerate(weights):
        kept[item] = np.sort(np.argpartition(-np.abs(row), count - 1)[:count])
    return {"neighbours": kept, "weights": np.take_along_axis(weights, kept, axis=1)}


def weights_of(liked: csr_matrix, ridge: float) -> NDArray[np.float32]:
    """Return B, items x items: row i holds what having liked i adds to every other item.

    Raises `RidgeTooSmall`.
    """
    from scipy.linalg import lapack

    gram = (liked.T @ liked).toarray(order="F")
    places = np.diag_indices_from(gram)
    gram[places] += ridge
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=1)
    if failed:
        raise RidgeTooSmall(f"an EASE ridge of {ridge:g} is too small for these likes: raise it")
    lower, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    inverse: NDArray[np.float32] = lower + np.tril(lower, -1).T
    inverse /= -np.diag(inverse)
    inverse[places] = 0.0
    return np.ascontiguousarray(inverse)
