"""Versions as others make them: a scikit-learn pipeline, logged with MLflow and not by us."""

from __future__ import annotations

import warnings
from pathlib import Path

import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from pipelines import catalog
from pipelines.registry.client import WRAPPED_MODEL, VersionInfo
from pipelines.settings import Settings
from pipelines.versions.wrapping import wrap

ROWS = 5_000
COLUMNS = {"product_codes": ("description", "code"), "product_categories": ("name", "category")}


def packaged(settings: Settings, model: str, folder: Path) -> Path | None:
    """Fit such a pipeline on a model's own source and seal it; None for models of other kinds."""
    if model not in COLUMNS:
        return None
    text, label = COLUMNS[model]
    source = settings.resolved(settings.models[model].source.url)
    rows = pd.read_csv(source, dtype=str, nrows=ROWS).dropna(subset=[text, label])
    pipeline = _pipeline(model, text).fit(rows[[text]], rows[label])
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow thinks of pickles is not measured here
        mlflow.sklearn.save_model(
            pipeline,
            str(folder / WRAPPED_MODEL),
            signature=infer_signature(rows[[text]], pipeline.predict(rows[[text]].head())),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
    wrap(folder, catalog.family(model), VersionInfo(model, "1", "", "", "READY", 0, {}))
    return folder


def _pipeline(model: str, text: str) -> Pipeline:
    if model == "product_codes":
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2)
        head = SGDClassifier(loss="log_loss", random_state=7)
    else:
        words = CountVectorizer()
        head = RandomForestClassifier(200, random_state=7)
    return make_pipeline(ColumnTransformer([("words", words, text)]), head)
