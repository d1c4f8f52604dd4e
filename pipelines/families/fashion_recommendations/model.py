"""Fits fashion recommendations: biases, looks, wordings, the networks on them, and the lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from pipelines.contract import Progress
from pipelines.families.fashion_recommendations.answering import Reader, Recommender, answers
from pipelines.families.fashion_recommendations.before import Before, before_each, remembered
from pipelines.families.fashion_recommendations.damping import best_damping
from pipelines.families.fashion_recommendations.hybrid import Hybrid, fit_hybrid
from pipelines.families.fashion_recommendations.list_fitting import fit_ranker
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.pictures import encoder_of, looks_of
from pipelines.families.fashion_recommendations.reviews import Reviews, coded_reviews
from pipelines.families.fashion_recommendations.taste import Floats, Inputs
from pipelines.families.fashion_recommendations.words import (
    Vocabulary,
    vocabulary_of,
    wordings_of,
)
from pipelines.text_models.recipe import vectors_of

FACTS_FILE, HISTORY_FILE = "model.json", "history.json"
LOOKED, WORDED, FITTED = 0.3, 0.4, 0.9
"""How far fitting is when each of its steps is done."""


class FashionModel:
    """A fitted recommender; its ratings come from the networks in Keras' own form."""

    def __init__(self, recommender: Recommender, params: Params, history: pd.DataFrame) -> None:
        self.recommender, self.params, self.history = recommender, params, history

    @cached_property
    def _keras(self) -> list[Callable[[Inputs], Floats]]:
        from pipelines.families.fashion_recommendations.network import keras_forms

        return keras_forms(self.recommender.networks, self.params)

    def _rates(self, asked: Sequence[Inputs]) -> list[float]:
        known = self.recommender
        if not asked or not known.networks or not known.weight:
            return known.rates(asked)
        together = Inputs(
            *(
                np.concatenate([getattr(inputs, name) for inputs in asked])
                for name in ("customer", "item", "context")
            )
        )
        found = [network(together) for network in self._keras]
        return [float(value) for value in known.weight * np.mean(found, axis=0)]

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request: a rating, or a list.

        Lists are ranked by the arrays: two libraries that differ in the seventh digit would put
        near ties in another order.
        """
        index = requests.index.rename("request")
        instances: list[Mapping[str, object]] = requests.to_dict(orient="records")  # type: ignore[assignment]
        rows = answers(self.recommender, instances, self._rates)
        # As objects: a list's rating is None, which a column of numbers would turn into NaN.
        return pd.DataFrame(rows, index=index, columns=["rating", "items", "reason"], dtype=object)

    def save(self, directory: Path) -> None:
        """Write arrays and JSON; no pickle."""
        self.recommender.save(directory)
        (directory / FACTS_FILE).write_bytes(orjson.dumps(self.params.model_dump(mode="json")))
        self.history.to_json(directory / HISTORY_FILE, orient="records", double_precision=15)

    def compile(self, directory: Path) -> None:
        """Write the arrays that the runtime answers from."""
        self.recommender.save(directory)


def restore(directory: Path) -> FashionModel:
    """Read what `FashionModel.save` wrote."""
    params = Params.model_validate(orjson.loads((directory / FACTS_FILE).read_bytes()))
    history = pd.DataFrame(orjson.loads((directory / HISTORY_FILE).read_bytes()))
    return FashionModel(Recommender.open(directory), params, history)


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, params: Params, seed: int, progress: Progress
) -> FashionModel:
    """Fit deterministically on both parts, holding out customers in turn. Raises `FitRefused`."""
    reviews = coded_reviews(pd.concat([train, validation]))
    looks = _looks(reviews, params, _part(progress, 0, LOOKED))
    progress(LOOKED, "reading reviews")
    vocabulary = vocabulary_of(reviews.texts)
    words = wordings_of(reviews, vocabulary, params, seed, _part(progress, LOOKED, WORDED))
    progress(WORDED, "looking back from every review")
    memory = remembered(reviews, looks, words, best_damping(reviews))
    before = before_each(reviews, words, memory)
    hybrid = fit_hybrid(reviews, before, params, seed, _part(progress, WORDED, FITTED))
    progress(FITTED, "ranking lists")
    ranker, measured = fit_ranker(reviews, before, memory, hybrid.rater, seed)
    reader, read = _reader(reviews, before, hybrid, vocabulary)
    recommender = Recommender(memory, hybrid.networks, hybrid.weight, ranker, reader)
    progress(1.0, "fitted")
    figures = [(0, *figure) for figure in (*hybrid.figures, *measured, *read)]
    found = pd.DataFrame(figures, columns=["step", "metric", "value"])
    history = pd.concat([part for part in (hybrid.history, found) if len(part)])
    return FashionModel(recommender, params, history.reset_index(drop=True))


def _looks(reviews: Reviews, params: Params, progress: Progress) -> Floats:
    if not params.pictures or not any(reviews.items.pictures):
        return np.zeros((len(reviews.items.ids), params.image_dimensions), np.float32)
    encoder = encoder_of(params.image_encoder, params.image_weights)
    return looks_of(reviews.items.pictures, encoder, params.image_dimensions, progress)


def _reader(
    reviews: Reviews, before: Before, hybrid: Hybrid, vocabulary: Vocabulary | None
) -> tuple[Reader | None, list[tuple[str, float]]]:
    """Fit what explains a written review, on the reviews with words."""
    if vocabulary is None:
        return None, []
    from pipelines.families.fashion_recommendations.written import fit_written

    said = reviews.said
    expected = (before.expected + hybrid.surplus)[said]
    found = fit_written(
        vocabulary.matrix[said], reviews.rating[said], expected, reviews.copies[said]
    )
    vectors = vectors_of(vocabulary.union)
    reader = Reader(vectors, found.weights, found.intercept, found.beside)
    return reader, [("written_held_out_rmse", found.held_out_rmse), ("written_ridge", found.ridge)]


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda share, message: progress(start + share * (end - start), message)
