"""Fits product codes: linear or by similarity, on TF-IDF of words and characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pipelines.contract import Progress
from pipelines.families.product_codes.params import Algorithm, Params
from pipelines.text_kernel.vectors import Terms
from pipelines.text_models.fitting import TextFit, fit_text
from pipelines.text_models.model import TextModel
from pipelines.text_models.recipe import Recipe, by_similarity
from pipelines.text_models.similarity import SimilarityClassifier

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, params: Params, seed: int, progress: Progress
) -> TextModel:
    """Fit on distinct descriptions, deterministically."""
    plan = TextFit("description", "code", recipe(params), lambda: classifier(params, seed))
    return fit_text(plan, train, validation, seed, progress)


def recipe(params: Params) -> Recipe:
    """Return the terms that the parameters ask for."""
    blocks = [Terms("words", 1, params.word_run)]
    if params.character_run >= 2:
        blocks.append(Terms("characters", 2, params.character_run))
    if params.opening_run:
        blocks.append(Terms("opening", 1, params.opening_run))
    plain = Recipe(tuple(blocks), "tfidf", params.minimum_texts)
    return by_similarity(plain) if params.algorithm is Algorithm.KERNEL_RIDGE else plain


def classifier(params: Params, seed: int) -> ClassifierMixin:
    """Return the unfitted classifier; its weights do not depend on the number of threads."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.svm import LinearSVC

    if params.algorithm is Algorithm.KERNEL_RIDGE:
        return SimilarityClassifier(params.ridge)
    if params.algorithm is Algorithm.LINEAR_SVM:
        return LinearSVC(C=params.svm_c, random_state=seed, max_iter=20_000)
    return SGDClassifier(
        loss=params.loss.value,
        alpha=params.alpha,
        max_iter=params.epochs,
        tol=None,  # a fixed number of epochs: no code stops early on a lucky one
        random_state=seed,
        n_jobs=-1,
    )
