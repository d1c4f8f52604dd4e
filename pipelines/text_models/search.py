"""Cross-validated search: settings in a fixed order, folds in a fixed order, pooled macro-F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.contract import Progress
from pipelines.text_models.recipe import Recipe, fitting, vectoriser

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.base import ClassifierMixin

    Setting = Mapping[str, object]

SEARCH_ROWS = 3000
"""Texts that the search looks at; more would cost minutes and seldom change the choice."""


def best_setting(
    texts: Sequence[str],
    labels: Sequence[str],
    recipe: Recipe,
    settings: Sequence[Setting],
    classifier: Callable[[Setting], ClassifierMixin],
    *,
    folds: int,
    seed: int,
    progress: Progress,
) -> tuple[Setting, pd.DataFrame]:
    """Return the setting with the best macro-F1 over all folds, and every setting's figure.

    The folds' answers are scored together: a rare label may be missing from one fold. Of equal
    settings the first wins.
    """
    from sklearn.metrics import f1_score

    chosen = np.random.default_rng(seed).permutation(len(texts))[:SEARCH_ROWS]
    truth = np.asarray(labels, dtype=object)[chosen]
    sought = np.asarray(texts, dtype=object)[chosen]
    fold = np.arange(len(chosen)) % folds
    answers = np.empty((len(settings), len(chosen)), dtype=object)
    for number in range(folds):
        inside, outside = fold != number, fold == number
        union = vectoriser(fitting(recipe, sought[inside].tolist()))
        known = union.fit_transform(sought[inside], truth[inside])
        asked = union.transform(sought[outside])
        for place, setting in enumerate(settings):
            done = (number * len(settings) + place) / (folds * len(settings))
            progress(done, f"fold {number + 1} of {folds}: setting {place + 1}")
            model = classifier(setting).fit(known, truth[inside])
            answers[place, outside] = model.predict(asked)
    figures = [f1_score(truth, line, average="macro", zero_division=0) for line in answers]
    history = pd.DataFrame(
        {"step": range(len(settings)), "metric": "search_macro_f1", "value": figures}
    )
    return settings[int(np.argmax(figures))], history
