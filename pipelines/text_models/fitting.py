"""Fitting in three steps: measure on the validation part, calibrate there, then use all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.contract import Progress
from pipelines.text_models.calibration import fitted_temperature
from pipelines.text_models.model import TextModel
from pipelines.text_models.recipe import Recipe, fitting, vectoriser

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

LEARNING_SHARES = (0.05, 0.2, 1.0)
"""Parts of the training rows of which the learning curve is drawn; the last one is all."""

WARMEST = {"linear": 3.0, "similarity": 3.0, "forest": 0.5}
"""A forest's votes are rather too modest; taking roots of them would only magnify rounding."""


@dataclass(frozen=True)
class TextFit:
    """What is to be fitted: which columns, which terms, and a maker of fresh classifiers."""

    text: str
    target: str
    recipe: Recipe
    classifier: Callable[[], ClassifierMixin]


def fit_text(
    fit: TextFit,
    train: pd.DataFrame,
    validation: pd.DataFrame,
    seed: int,
    progress: Progress,
    history: pd.DataFrame | None = None,
) -> TextModel:
    """Return a model of all rows, with the temperature that the validation part asks for.

    Its history is the learning curve, after whatever `history` brings.
    """
    shuffled = train.iloc[np.random.default_rng(seed).permutation(len(train))]
    curve: list[dict[str, object]] = []
    temperature = 1.0
    for place, share in enumerate(LEARNING_SHARES):
        part = shuffled.head(round(len(train) * share))
        if part[fit.target].nunique() < 2 or validation.empty:
            continue
        progress(place / (len(LEARNING_SHARES) + 1), f"fitting {len(part)} of {len(train)} texts")
        model = _fitted(fit, part)
        raw = model.raw(model.union.transform(validation[fit.text].tolist()))
        actual = validation[fit.target].astype(str).tolist()
        right = np.asarray(model.labels)[raw.argmax(axis=1)] == np.asarray(actual)
        curve.append({"step": len(part), "metric": "learning_curve", "value": right.mean()})
        temperature = _temperature(model, raw, actual)
    everything = pd.concat([train, validation])
    progress(0.8, f"fitting all {len(everything)} texts")
    model = _fitted(fit, everything)
    model.temperature = temperature
    model.history = (
        pd.concat([history, pd.DataFrame(curve)])
        if history is not None
        else (pd.DataFrame(curve, columns=["step", "metric", "value"]))
    )
    progress(1.0, "fitted")
    return model


def _temperature(model: TextModel, raw: np.ndarray, actual: list[str]) -> float:
    return fitted_temperature(
        lambda value: model.calibrated(raw, value), model.labels, actual, WARMEST[model.head]
    )


def _fitted(fit: TextFit, rows: pd.DataFrame) -> TextModel:
    texts, labels = rows[fit.text].tolist(), rows[fit.target].astype(str).to_numpy(dtype=object)
    union, classifier = vectoriser(fitting(fit.recipe, texts)), fit.classifier()
    matrix = union.fit_transform(texts, labels)
    classifier.fit(matrix, labels)
    if hasattr(classifier, "coef_"):
        # scikit-learn copies a C-ordered coef_ at every prediction: 24 times the cost.
        classifier.coef_ = np.asfortranarray(classifier.coef_)
    if hasattr(classifier, "n_jobs"):
        classifier.n_jobs = 1  # one request is too small to be worth a thread
    shares = pd.Series(labels).value_counts(normalize=True)
    prior = [float(shares[label]) for label in classifier.classes_]
    return TextModel(union, classifier, text=fit.text, target=fit.target, prior=prior)
