"""A version from elsewhere, as somebody logs it who has never heard of Contender: it can only be
asked through a worker process. `python -m cli.drills.foreign ADDRESS FOLDER` prints its number.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from cli.drills.goods import KINDS, OTHER_MODEL

SLOWLY = "despacio"
"""A word that makes it think for a while."""
SLOW_SECONDS = 1.5

CODE = f"""
import time
import mlflow
import pandas as pd

class Elsewhere(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None):
        if model_input["name"].str.contains("{SLOWLY}").any():
            time.sleep({SLOW_SECONDS})
        words = model_input["name"].str.extract("({"|".join(KINDS)})", expand=False)
        return pd.DataFrame({{"category": words.fillna("{KINDS[0]}")}})

mlflow.models.set_model(Elsewhere())
"""


def main(address: str, folder: Path) -> str:
    """Log and register it; return its version."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    script = folder / "elsewhere.py"
    script.write_text(CODE, encoding="utf-8")
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("elsewhere")
    asked, answered = pd.DataFrame({"name": ["a"]}), pd.DataFrame({"category": ["b"]})
    with mlflow.start_run(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow thinks of such code is not the matter here
        info = mlflow.pyfunc.log_model(
            name="elsewhere",
            python_model=str(script),
            signature=infer_signature(asked, answered),
            pip_requirements=["mlflow"],
            registered_model_name=OTHER_MODEL,
        )
    return str(info.registered_model_version)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1], Path(sys.argv[2])) + "\n")
