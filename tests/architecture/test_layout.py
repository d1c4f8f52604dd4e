"""The shape of the project, held by tests: sizes, names, pins, light imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import catalog

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("features", "pipelines", "flows", "serving", "cli")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
REVISIONS = ROOT / "pipelines" / "migrations" / "versions"
BANNED = {"utils", "util", "helpers", "common", "core", "base", "misc", "manager", "handlers"}
LEARNING = ("sklearn", "tensorflow", "keras", "surprise", "mlflow", "prefect", "skl2onnx")


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after `statement`."""
    code = f"import sys\n{statement}\nprint(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(answer.stdout.split())


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in MODULES}
    assert not {path: lines for path, lines in lengths.items() if lines > 300}


def test_no_function_is_longer_than_40_lines() -> None:
    long = []
    for path in (path for path in MODULES if path.parent != REVISIONS):  # lists of tables
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                if lines > 40:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {lines}")
    assert not long


def test_module_names_say_something() -> None:
    assert not [path for path in MODULES if path.stem in BANNED]


def test_every_module_says_what_it_is_for() -> None:
    assert not [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]


def test_nothing_is_silenced_without_naming_the_rule() -> None:
    bare = re.compile(r"#\s*(noqa|type:\s*ignore)(?![:\[])", re.IGNORECASE)
    assert not [path for path in MODULES if bare.search(path.read_text())]


def test_pins_are_exact_and_hold_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert not [
        line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+", line)
    ]


def test_folders_of_data_and_tools_are_no_packages() -> None:
    folders = ("docker", "mlruns", "benchmarks", "console", "docs", "tests")
    assert not [name for name in folders if (ROOT / name / "__init__.py").exists()]


@pytest.mark.parametrize(
    "package", ["serving", "serving.app", "serving.slots.slots", "serving.bless"]
)
def test_the_server_loads_no_learning_library(package: str) -> None:
    assert not loaded_by(f"import {package}").intersection({*LEARNING, "pandas", "scipy"})


@pytest.mark.parametrize("name", sorted(catalog.names()))
def test_a_family_is_light_until_it_fits(name: str) -> None:
    statement = f"from pipelines import catalog; catalog.family({name!r})"
    assert not loaded_by(statement).intersection(LEARNING)


def test_the_command_is_light_until_a_subcommand_runs() -> None:
    assert not loaded_by("import cli.main").intersection({*LEARNING, "pandas", "fastapi"})
