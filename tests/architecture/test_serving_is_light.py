"""Starting the server loads no learning library, no MLflow and no Prefect, nor pandas."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "mlflow",
    "prefect",
    "sklearn",
    "scipy",
    "surprise",
    "tensorflow",
    "torch",
    "pandas",
    "pyarrow",
    "matplotlib",
    "nltk",
)


@pytest.mark.parametrize("module", ["serving.composition", "serving.bless", "serving.__main__"])
def test_importing_the_server_loads_no_heavy_library(module):
    script = (
        f"import sys, {module}; "
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], sep=',')"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
