"""How a text becomes columns: blocks of terms, as scikit-learn's vectorisers and as arrays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipelines.contract import FitRefused
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
    informed: bool = False
    """Weigh a term by what it tells of the labels in place of its rarity."""
    scales: tuple[float, ...] = ()
    """The length of each block's part of a row; 1 for each where none is given."""


OPENING_SHARE = 0.1
"""How much of two texts' similarity is that they open alike; the rest is shared out evenly."""


def by_similarity(recipe: Recipe) -> Recipe:
    """Return the recipe for comparing texts: informed weights, rows of length one."""
    opening = [terms.unit == "opening" for terms in recipe.blocks]
    rest = (1 - OPENING_SHARE * any(opening)) / max(1, opening.count(False))
    shares = [OPENING_SHARE if first else rest for first in opening]
    return replace(recipe, informed=True, scales=tuple(math.sqrt(share) for share in shares))


class NoTerms(FitRefused):
    """None of the texts holds a word, a number or whatever else is counted."""


def fitting(recipe: Recipe, texts: Sequence[str]) -> Recipe:
    """Return `recipe` without the blocks that would stay empty on these texts.

    Few texts may have no term in common: then each term is kept, however rare. Raises `NoTerms`.
    """
    for least in (recipe.minimum_texts, 1):
        kept = [place for place, terms in enumerate(recipe.blocks) if _finds(terms, texts, least)]
        if kept:
            return replace(
                recipe,
                blocks=tuple(recipe.blocks[place] for place in kept),
                scales=tuple(recipe.scales[place] for place in kept) if recipe.scales else (),
                minimum_texts=least,
            )
    raise NoTerms(f"none of the {len(texts)} training texts holds a word or a number to learn from")


def _finds(terms: Terms, texts: Sequence[str], least: int) -> bool:
    holders: Counter[str] = Counter()
    for text in texts:
        found = set(terms(text))
        holders.update(found)
        if any(holders[term] >= least for term in found):
            return True
    return False


def vectoriser(recipe: Recipe) -> FeatureUnion:
    """Return an unfitted union with one vectoriser for each block of terms."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    def block(terms: Terms) -> CountVectorizer:
        if recipe.informed:
            from pipelines.text_models.informed import InformedVectorizer

            return InformedVectorizer(
                analyzer=terms, min_df=recipe.minimum_texts, sublinear_tf=recipe.sublinear
            )
        if recipe.weighting == "count":
            return CountVectorizer(analyzer=terms, min_df=recipe.minimum_texts, dtype=np.float64)
        return TfidfVectorizer(
            analyzer=terms, min_df=recipe.minimum_texts, sublinear_tf=recipe.sublinear
        )

    units = [str(terms.unit) for terms in recipe.blocks]
    scales = dict(zip(units, recipe.scales, strict=True)) if recipe.scales else None
    blocks = zip(units, map(block, recipe.blocks), strict=True)
    return FeatureUnion(list(blocks), transformer_weights=scales)


def vectors_of(union: FeatureUnion) -> Vectors:
    """Return the arrays of a fitted union: same columns, same weights, no learning library."""
    scales = union.transformer_weights or {}
    return Vectors(
        [_block(fitted, scales.get(name, 1.0)) for name, fitted in union.transformer_list]
    )


def _block(fitted: CountVectorizer, scale: float) -> Block:
    vocabulary = {str(term): int(column) for term, column in fitted.vocabulary_.items()}
    weighted = hasattr(fitted, "idf_")
    return Block(
        terms=fitted.analyzer,
        vocabulary=vocabulary,
        weighting="tfidf" if weighted else "count",
        sublinear=bool(weighted and fitted.sublinear_tf),
        idf=np.asarray(fitted.idf_ if weighted else np.ones(len(vocabulary)), dtype=np.float64),
        scale=scale,
    )
