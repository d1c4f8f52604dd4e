"""Term weights that know the labels: what a term tells of them, in place of how rare it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

Floats = NDArray[np.float64]

DOUBT = 2.0
"""Imagined texts, of labels as common as they are, that every term has been in beside its own: a
term seen once or twice has not yet told much."""
LEAST = 1e-9
"""Even a term that tells nothing keeps some weight: a text may have no other."""


class InformedVectorizer(TfidfVectorizer):  # type: ignore[misc] # scikit-learn has no types
    """TF-IDF whose second factor is `informativeness`; a brand or a size weighs little."""

    def fit_transform(self, raw_documents: Sequence[str], y: Sequence[str]) -> csr_matrix:
        """Learn the vocabulary and the weights of texts whose labels are `y`."""
        counts = CountVectorizer.fit_transform(self, raw_documents)
        self.idf_ = np.sqrt(informativeness(counts, y))
        return self._tfidf.transform(counts, copy=False)


def informativeness(counts: csr_matrix, labels: Sequence[str]) -> Floats:
    """Return for each column how far the labels of its texts are from all texts' labels.

    It is the Kullback-Leibler divergence, in nats, after `DOUBT`.
    """
    known, places = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    rows = len(places)
    member = csr_matrix((np.ones(rows), (np.arange(rows), places)), shape=(rows, len(known)))
    prior = np.bincount(places, minlength=len(known)) / rows
    held = counts.copy()
    held.data = np.ones(len(held.data))
    seen = np.asarray(held.sum(axis=0)).ravel() + DOUBT
    found = (held.T @ member).tocoo()
    chance = (found.data + DOUBT * prior[found.col]) / seen[found.row]
    told = chance * np.log(chance / prior[found.col])
    present = np.bincount(found.row, weights=told, minlength=len(seen))
    covered = np.bincount(found.row, weights=prior[found.col], minlength=len(seen))
    unseen = DOUBT / seen
    return np.maximum(present + (1 - covered) * unseen * np.log(unseen), LEAST)
