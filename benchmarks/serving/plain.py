"""A text champion as scikit-learn alone has it: what somebody without this product would serve.

The same weights as the registered version's, with scikit-learn's own tokeniser, in two states:
`fitted`, as scikit-learn's `fit` leaves it, and `careful`, as somebody writes it who knows that a
row-major `coef_` is copied on every call, and that a forest need not ask for threads for one row.
The registered version itself is careful already.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import mlflow.sklearn
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import Pipeline

from pipelines.decisions.log import DecisionLog
from pipelines.settings import Settings
from pipelines.store import open_store
from pipelines.text_models.model import restore

STATES = ("fitted", "careful")


class NotPlain(RuntimeError):
    """The version cannot be written as scikit-learn alone has it, with the same answers."""


@dataclass(frozen=True)
class PlainForm:
    """One state of one model: as a joblib file, and as an MLflow model."""

    joblib_file: Path
    mlflow_folder: Path


def export(
    settings: Settings, model: str, texts: Sequence[str], folder: Path
) -> dict[str, PlainForm]:
    """Write both states. Raises `NotPlain` unless they label all the texts as the version does."""
    package = champion_package(settings, model)
    version = restore(package / "plain")
    ((_, block),) = version.union.transformer_list
    fitted = Pipeline([("vectors", _vectoriser(block)), ("classifier", version.classifier)])
    wanted = [version.labels[place] for place in version.probabilities(texts).argmax(axis=1)]
    forms = {}
    for state, pipeline in zip(STATES, (_as_fit_leaves_it(fitted), _careful(fitted)), strict=True):
        differ = sum(a != b for a, b in zip(pipeline.predict(list(texts)), wanted, strict=True))
        if differ:
            raise NotPlain(f"{model}: {differ} of {len(texts)} texts get another label")
        form = PlainForm(folder / f"{model}-{state}.joblib", folder / f"{model}-{state}")
        joblib.dump(pipeline, form.joblib_file)
        shutil.rmtree(form.mlflow_folder, ignore_errors=True)
        mlflow.sklearn.save_model(
            pipeline, str(form.mlflow_folder), serialization_format="cloudpickle"
        )
        forms[state] = form
    return forms


def champion_package(settings: Settings, model: str) -> Path:
    """Return the folder of the champion's package in the home's cache. Raises `NotPlain`."""
    store = open_store(settings.store_url)
    try:
        head = DecisionLog(store, settings.var / "predictions").head(model)
    finally:
        store.close()
    if head is None:
        raise NotPlain(f"{model} has no champion")
    return settings.var / "cache" / model / str(head.artifact_digest)


def _vectoriser(block: Any) -> CountVectorizer:
    terms = block.analyzer
    options = {
        "vocabulary": {str(term): int(place) for term, place in block.vocabulary_.items()},
        "ngram_range": (terms.shortest, terms.longest),
        "strip_accents": "unicode",
    }
    if not hasattr(block, "idf_"):
        return CountVectorizer(dtype=np.float64, **options)
    plain = TfidfVectorizer(sublinear_tf=block.sublinear_tf, **options)
    plain.idf_ = block.idf_
    return plain


def _as_fit_leaves_it(fitted: Pipeline) -> Pipeline:
    pipeline = copy.deepcopy(fitted)
    classifier = pipeline["classifier"]
    if hasattr(classifier, "coef_"):
        classifier.coef_ = np.ascontiguousarray(classifier.coef_)
    return pipeline


def _careful(fitted: Pipeline) -> Pipeline:
    pipeline = copy.deepcopy(fitted)
    classifier = pipeline["classifier"]
    if hasattr(classifier, "coef_"):
        classifier.coef_ = np.asfortranarray(classifier.coef_)
    classifier.n_jobs = 1
    return pipeline
