from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import extras
from cli.main import app
from cli.screen import CommandFailed

ROOT = Path(__file__).resolve().parent.parent.parent

REQUIREMENTS = (
    "numpy>=2",
    'surely-not-installed>=1; extra == "demand_forecast"',
    'numpy>=2; extra == "demand_forecast"',
    'nowhere-to-be-found; extra == "fashion_recommendations"',
)


def test_a_model_whose_packages_are_missing_is_named_with_them():
    with pytest.raises(CommandFailed, match="demand_forecast needs surely-not-installed"):
        extras.require(["product_codes", "demand_forecast"], REQUIREMENTS)


def test_only_configured_models_count():
    extras.require(["product_codes"], REQUIREMENTS)


def test_the_development_environment_has_what_every_model_needs():
    extras.require(["product_recommendations", "fashion_recommendations", "demand_forecast"])


def test_a_model_worker_without_the_client_of_redis_says_what_to_install(monkeypatch):
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("it became a worker all the same"))

    result = CliRunner().invoke(app, ["worker"])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: not installed: model_workers needs redis.")
    assert ".[model_workers]" in result.stderr


def asked_of_the_installer(home: Path) -> str:
    """What `make up` would install for a home, as the shell of its recipe expands it."""
    command = ["make", "-n", "-W", "pyproject.toml", f"BIN={Path(sys.executable).parent}"]
    environment = os.environ | {"CONTENDER_HOME": str(home)}
    arguments = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    recipe = subprocess.run([*command, ".venv/.base"], check=True, **arguments).stdout
    wanted = recipe[recipe.index('-e "') + 3 : recipe.index("\nelse")]
    return subprocess.run(["bash", "-c", f"echo {wanted}"], check=True, **arguments).stdout.strip()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
@pytest.mark.parametrize(
    ("models", "wanted"),
    [
        (("product_codes",), "."),
        (("product_codes", "demand_forecast"), ".[demand_forecast]"),
        (
            ("fashion_recommendations", "demand_forecast"),
            ".[demand_forecast,fashion_recommendations]",
        ),
    ],
)
def test_make_asks_for_the_extras_of_the_homes_models(tmp_path, models, wanted):
    text = "".join(f'[models.{name}.source]\nurl = "{name}.csv"\n' for name in models)
    (tmp_path / "contender.toml").write_text(text)
    assert asked_of_the_installer(tmp_path) == wanted


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ('[flows]\npool = "kubernetes"\n', ".[kubernetes]"),
        ('[flows]\npool = "process"\n', "."),
        ('[models.product_codes]\nruns = { pool = "docker" }\n', ".[docker]"),
        ('[workers]\nmodels = ["product_codes"]\n', ".[model_workers]"),
        ("[workers]\nmodels = []\n", "."),
        ('[traces]\nurl = "http://127.0.0.1:4318/v1/traces"\n', ".[traces]"),
    ],
)
def test_make_asks_for_the_extras_of_pools_workers_and_traces(tmp_path, settings, wanted):
    (tmp_path / "contender.toml").write_text(settings)
    assert asked_of_the_installer(tmp_path) == wanted
