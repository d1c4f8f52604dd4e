from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["pipelines.decisions.log", "pipelines.gate.verdict"])
def test_following_decisions_loads_no_tables_and_no_statistics(module):
    code = (
        f"import sys, {module}; "
        "print(*sorted({'numpy', 'pandas', 'scipy', 'sklearn', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
