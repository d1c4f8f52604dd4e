"""Reviews to wordings: TF-IDF of their words, or a sentence encoder's vectors, on few axes.

The axes are those along which *items* differ by what is written of them, not single reviews: what
is said of one item in Spanish and in English falls on one axis, and a reviewer's own manner of
speaking averages out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Progress
from pipelines.families.fashion_recommendations.params import Params, Words
from pipelines.text_kernel.vectors import Terms
from pipelines.text_models.recipe import NoTerms, Recipe, fitting, vectoriser

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.pipeline import FeatureUnion

    from pipelines.families.fashion_recommendations.reviews import Reviews

Floats = NDArray[np.float32]

LONGEST_RUN = 2
RAREST = 2
WHITENING = 0.5
"""How far the axes are brought to one length; see `pictures`."""
TERMS = Recipe((Terms("words", 1, LONGEST_RUN),), "tfidf", minimum_texts=RAREST)
"""All words, stop words too: 'no' and 'with' tell a good review from a bad one."""


class Vocabulary:
    """The words of the reviews, weighed by rarity: one sparse row each."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn the words. Raises `NoTerms` where there are none."""
        said = [text for text in texts if text]
        self.union: FeatureUnion = vectoriser(fitting(TERMS, said))
        self.union.fit(said)
        self.matrix: csr_matrix = self.union.transform(texts)


def vocabulary_of(texts: Sequence[str]) -> Vocabulary | None:
    """Return the vocabulary of the texts, or None where nobody wrote a word."""
    try:
        return Vocabulary(texts)
    except NoTerms:
        return None


def wordings_of(
    reviews: Reviews, vocabulary: Vocabulary | None, params: Params, seed: int, progress: Progress
) -> Floats:
    """Return a wording for each review, (R, `text_dimensions`); zeros for one without words.

    Raises a `FitRefused` where the sentence encoder that is asked for is not installed.
    """
    said = reviews.said
    if not params.words or vocabulary is None or not said.any():
        return np.zeros((len(reviews), params.text_dimensions), np.float32)
    if params.text_encoder is Words.TFIDF_SVD:
        vectors = vocabulary.matrix
    else:
        from pipelines.families.fashion_recommendations.sentences import open_sentences

        vectors = open_sentences(params.text_encoder).encode(reviews.texts, progress)
    return on_item_axes(vectors, reviews.item, said, params.text_dimensions, seed)


def on_item_axes(
    vectors: csr_matrix | Floats,
    item: NDArray[np.int32],
    said: NDArray[np.bool_],
    dimensions: int,
    seed: int,
) -> Floats:
    """Return R vectors (R, d) on the main axes of the items' means, centred, half-whitened.

    An item's mean counts by the root of its reviews, so that noise is of one size. Of fewer axes
    than `dimensions` the others are zeros. The mean wording of an item has length 1 on average.
    """
    from scipy.sparse import csr_matrix
    from sklearn.decomposition import TruncatedSVD

    rows = np.flatnonzero(said)
    own, place, counts = np.unique(item[rows], return_inverse=True, return_counts=True)
    ones = np.ones(len(rows))
    sums = csr_matrix((ones, (place, rows)), shape=(len(own), len(said))) @ vectors
    weight = csr_matrix((1 / np.sqrt(counts), (range(len(own)), range(len(own)))))
    kept = min(dimensions + 1, min(len(own), vectors.shape[1]) - 1)
    found = np.zeros((len(said), dimensions), np.float32)
    if kept < 1:
        return found
    svd = TruncatedSVD(kept, random_state=seed, n_iter=7).fit(weight @ sums)
    projected = np.asarray(vectors[rows] @ svd.components_.T)
    projected -= projected.mean(axis=0)
    means = csr_matrix((1 / counts[place], (place, range(len(rows))))) @ projected
    spread = np.sqrt((means**2 * counts[:, np.newaxis]).mean(axis=0) / counts.mean())
    best = np.sort(np.argsort(-spread, kind="stable")[:dimensions])
    scaled = projected[:, best] / np.maximum(spread[best], 1e-12) ** WHITENING
    length = np.sqrt(((means[:, best] / np.maximum(spread[best], 1e-12) ** WHITENING) ** 2).sum(1))
    found[rows, : len(best)] = scaled / max(float(length.mean()), 1e-12)
    return found
