"""The one MLflow model of every version that we log: a package, restored by its family.

MLflow executes this file when it logs and when it loads such a version (models from code), so
the version opens in plain MLflow wherever this project is installed. No class of ours is pickled.
"""

from __future__ import annotations

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from pipelines import catalog
from pipelines.versions.artifact import open_package
from pipelines.versions.packaging import PLAIN


class PackagedModel(PythonModel):
    """Answers a frame of requests with a frame of predictions, from the plain form."""

    def load_context(self, context: PythonModelContext) -> None:
        """Verify the package and restore its model."""
        package = open_package(Path(context.artifacts["package"]))
        family = catalog.family(package.contract.family)
        self._model = family.restore(package.directory / PLAIN)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, object] | None = None,
    ) -> pd.DataFrame:
        """Answer requests; index `request`, one or more rows each."""
        del context, params
        requests = model_input.set_axis(pd.RangeIndex(len(model_input), name="request"))
        return self._model.predict(requests)


mlflow.models.set_model(PackagedModel())
