"""A version from elsewhere, logged by a script of somebody who has never heard of Contender: it can
only be asked through a worker process.
"""

from __future__ import annotations

from cli.drills.goods import KINDS, OTHER_MODEL
from pipelines.settings import HOME_VARIABLE

SLOWLY = "despacio"
"""A word that makes it think for a while."""
SLOW_SECONDS = 30.0
THINKING = "thinking"
"""A file in the home that it makes when it begins to."""

MODEL_CODE = f"""
import os
import time
from pathlib import Path

import mlflow
import pandas as pd

class Elsewhere(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None):
        if model_input["name"].str.contains("{SLOWLY}").any():
            Path(os.environ["{HOME_VARIABLE}"], "{THINKING}").touch()
            time.sleep({SLOW_SECONDS})
        words = model_input["name"].str.extract("({"|".join(KINDS)})", expand=False)
        return pd.DataFrame({{"category": words.fillna("{KINDS[0]}")}})

mlflow.models.set_model(Elsewhere())
"""

SCRIPT = f"""
import sys
import warnings
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature

address, folder = sys.argv[1:]
code = Path(folder) / "elsewhere.py"
code.write_text({MODEL_CODE!r}, encoding="utf-8")
mlflow.set_tracking_uri(address)
mlflow.set_experiment("elsewhere")
asked, answered = pd.DataFrame({{"name": ["a"]}}), pd.DataFrame({{"category": ["b"]}})
with mlflow.start_run(), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    info = mlflow.pyfunc.log_model(
        name="elsewhere",
        python_model=str(code),
        signature=infer_signature(asked, answered),
        pip_requirements=["mlflow"],
        registered_model_name="{OTHER_MODEL}",
    )
print(info.registered_model_version)
"""
"""`python -c SCRIPT ADDRESS FOLDER` logs and registers it, and prints its version at the end."""
