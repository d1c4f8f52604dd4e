"""Versions from elsewhere: logged by plain MLflow code that has never heard of this project."""

from __future__ import annotations

import warnings
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from stub_family import texts

TEMPLATE = """
import time
import mlflow
import pandas as pd

class Elsewhere(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        {load}

    def predict(self, context, model_input: pd.DataFrame, params=None):
        {predict}
        return pd.DataFrame({{"topic": ["pintura"] * len(model_input)}})

mlflow.models.set_model(Elsewhere())
"""


def log_sklearn_pipeline(url: str, *, rows: int = 3000) -> str:
    """Log a scikit-learn pipeline that answers one unnamed column; return its version."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train = texts(rows, seed=99)
    pipeline = make_pipeline(
        ColumnTransformer([("words", CountVectorizer(), "text")]), LogisticRegression(C=0.3)
    )
    pipeline.fit(train[["text"]], train["topic"])
    _use(url)
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(
            pipeline,
            name="elsewhere",
            signature=infer_signature(train[["text"]], pipeline.predict(train[["text"]].head())),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
            registered_model_name="stub",
        )
    return str(info.registered_model_version)


def log_pyfunc(
    url: str,
    folder: Path,
    *,
    load: str = "pass",
    predict: str = "pass",
    inputs: str = "text",
    with_signature: bool = True,
) -> str:
    """Log a small pyfunc with the given lines of code in it; return its version."""
    script = folder / "elsewhere.py"
    script.write_text(TEMPLATE.format(load=load, predict=predict), encoding="utf-8")
    signature = infer_signature(pd.DataFrame({inputs: ["a"]}), pd.DataFrame({"topic": ["pintura"]}))
    _use(url)
    with mlflow.start_run(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow thinks of such code is not under test
        info = mlflow.pyfunc.log_model(
            name="elsewhere",
            python_model=str(script),
            signature=signature if with_signature else None,
            pip_requirements=["mlflow"],
            registered_model_name="stub",
        )
    return str(info.registered_model_version)


def _use(url: str) -> None:
    mlflow.set_tracking_uri(url)
    mlflow.set_registry_uri(url)
    mlflow.set_experiment("elsewhere")
