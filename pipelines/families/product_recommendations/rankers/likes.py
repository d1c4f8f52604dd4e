"""Likes as a sparse matrix, which is what EASE and implicit ALS are fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.interactions import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def matrix(liked: Interactions, at_least: int = 1) -> csr_matrix:
    """Return users x items, float32, 1 where they liked it.

    Users with fewer than `at_least` likes have no row.
    """
    from scipy.sparse import csr_matrix

    counts = np.bincount(liked.user, minlength=len(liked.users))
    counts[counts < at_least] = 0
    kept = counts[liked.user] > 0
    offsets = np.concatenate([[0], np.cumsum(counts[counts > 0])])
    items = liked.item[kept]
    ones = np.ones(len(items), dtype=np.float32)
    return csr_matrix((ones, items, offsets), shape=(len(offsets) - 1, len(liked.items)))
