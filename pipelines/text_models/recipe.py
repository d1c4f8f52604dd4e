"""How a text becomes columns: blocks of terms, as scikit-learn's vectorisers and as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.text_kernel.vectors import Block, Terms, Vectors, Weighting

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import FeatureUnion


@dataclass(frozen=True)
class Recipe:
    """Which terms are kept and how they weigh. `minimum_texts` is how many must hold a term."""

    blocks: tuple[Terms, ...]
    weighting: Weighting
    minimum_texts: int = 1
    sublinear: bool = True


def vectoriser(recipe: Recipe) -> FeatureUnion:
    """Return an unfitted union with one vectoriser for each block of terms."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    def block(terms: Terms) -> CountVectorizer:
        if recipe.weighting == "count":
            return CountVectorizer(analyzer=terms, min_df=recipe.minimum_texts, dtype=np.float64)
        return TfidfVectorizer(
            analyzer=terms, min_df=recipe.minimum_texts, sublinear_tf=recipe.sublinear
        )

    return FeatureUnion([(f"{terms.unit}", block(terms)) for terms in recipe.blocks])


def vectors_of(union: FeatureUnion) -> Vectors:
    """Return the arrays of a fitted union: same columns, same weights, no learning library."""
    return Vectors([_block(fitted) for _, fitted in union.transformer_list])


def _block(fitted: CountVectorizer) -> Block:
    vocabulary = {str(term): int(column) for term, column in fitted.vocabulary_.items()}
    weighted = hasattr(fitted, "idf_")
    return Block(
        terms=fitted.analyzer,
        vocabulary=vocabulary,
        weighting="tfidf" if weighted else "count",
        sublinear=bool(weighted and fitted.sublinear_tf),
        idf=np.asarray(fitted.idf_ if weighted else np.ones(len(vocabulary)), dtype=np.float64),
    )
