"""Fits product categories: a searched forest on counts; an SVM or kernel ridge on TF-IDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from pipelines.contract import Progress
from pipelines.families.product_categories.params import Algorithm, Params
from pipelines.text_kernel.vectors import Terms, Weighting
from pipelines.text_models.fitting import TextFit, fit_text
from pipelines.text_models.model import TextModel
from pipelines.text_models.recipe import Recipe, by_similarity
from pipelines.text_models.search import best_setting
from pipelines.text_models.similarity import SimilarityClassifier

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

SETTINGS: tuple[Mapping[str, object], ...] = (
    {"bootstrap": False, "max_features": "sqrt"},
    {"bootstrap": False, "max_features": "sqrt", "class_weight": "balanced"},
    {"bootstrap": True, "max_features": "sqrt", "class_weight": "balanced_subsample"},
    {"bootstrap": False, "max_features": 0.02},
    {"bootstrap": False, "max_features": "sqrt", "min_samples_leaf": 2},
    {"bootstrap": True, "max_features": "sqrt"},
)
"""What the search compares, in this order."""
SEARCH_TREES = 40
SEARCH_SHARE = 0.5
"""How much of the progress bar the search takes."""


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, params: Params, seed: int, progress: Progress
) -> TextModel:
    """Fit on distinct names, deterministically."""
    if params.algorithm is not Algorithm.RANDOM_FOREST:
        return fit_text(tfidf_plan(params, seed), train, validation, seed, progress)
    counts = recipe(params, "count")
    setting, history = best_setting(
        train["name"].tolist(),
        train["category"].astype(str).tolist(),
        counts,
        SETTINGS[: params.search],
        lambda setting: forest(setting, min(params.trees, SEARCH_TREES), seed),
        folds=params.folds,
        seed=seed,
        progress=lambda done, message: progress(done * SEARCH_SHARE, message),
    )
    plan = TextFit("name", "category", counts, lambda: forest(setting, params.trees, seed))
    return fit_text(
        plan,
        train,
        validation,
        seed,
        lambda done, message: progress(SEARCH_SHARE + done * (1 - SEARCH_SHARE), message),
        history,
    )


def tfidf_plan(params: Params, seed: int) -> TextFit:
    """Return what is fitted where nothing has to be searched."""
    terms = recipe(params, "tfidf")
    if params.algorithm is Algorithm.LINEAR_SVM:
        return TextFit("name", "category", terms, lambda: svm(params, seed))
    alike = by_similarity(terms)
    return TextFit("name", "category", alike, lambda: SimilarityClassifier(params.ridge))


def recipe(params: Params, weighting: Weighting) -> Recipe:
    """Return the terms that the parameters ask for."""
    blocks = [Terms(params.words.value, 1, params.word_run)]
    if params.character_run >= 2:
        blocks.append(Terms("characters", 2, params.character_run))
    if params.opening_run:
        blocks.append(Terms("opening", 1, params.opening_run))
    return Recipe(tuple(blocks), weighting, params.minimum_texts)


def forest(setting: Mapping[str, object], trees: int, seed: int) -> ClassifierMixin:
    """Return an unfitted forest; its trees do not depend on the number of threads."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(trees, random_state=seed, n_jobs=-1, **setting)


def svm(params: Params, seed: int) -> ClassifierMixin:
    """Return an unfitted linear SVM, one line of weights for each category."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=params.svm_c, random_state=seed, max_iter=20_000)
