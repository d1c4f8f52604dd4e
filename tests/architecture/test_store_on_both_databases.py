"""Every test of the store runs on SQLite and on PostgreSQL, and no test is left out for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted((ROOT / "tests").glob("*/test_*.py"))
MARK = "pytestmark = pytest.mark.both_databases"
STATEMENTS = re.compile(r"\b(select|insert|update|delete)\(|exec_driver_sql\(")
PACKAGES = ("pipelines", "serving", "flows")
ONE_IS_ENOUGH = {
    "test_prediction_log_on_postgresql": "is on PostgreSQL by itself",
    "test_dashboard": "asks for names of figures; the figures are in test_store_figures",
    "test_drill_parts": "a drill's home is its own, in SQLite",
    "test_hostile_jobs": "reads files; the queue is in test_jobs_queue",
    "test_hot_counts": "asks how the fast path counts; the log is in test_prediction_log",
    "test_hot_routes": "asks who is let through; keys are in test_access_keys",
    "test_review_interface": "asks over HTTP; choices and orders have tests of their own",
    "test_spreadsheets": "writes files; the queue is in test_jobs_queue",
}
"""Modules that are handed a store for something else, and where their statements are tested."""


def is_marked(path: Path) -> bool:
    return re.search(rf"^{re.escape(MARK)}", path.read_text(), re.MULTILINE) is not None


def takes_the_store(path: Path) -> bool:
    """Whether a test of this module, or a fixture of its own, is handed an opened store."""
    functions = [
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    asking = [
        function
        for function in functions
        if function.name.startswith("test_") or _is_fixture(function)
    ]
    return any("store" in {each.arg for each in one.args.args} for one in asking)


def _is_fixture(function: ast.FunctionDef) -> bool:
    return any("fixture" in ast.unparse(each) for each in function.decorator_list)


@pytest.mark.parametrize(
    "path",
    [path for path in TESTS if takes_the_store(path) and path.stem not in ONE_IS_ENOUGH],
    ids=lambda path: path.stem,
)
def test_a_module_that_is_handed_a_store_is_run_on_both_databases(path):
    assert is_marked(path), (
        f"add `{MARK}` to {path.relative_to(ROOT)}, or say in this file why one is enough"
    )


def test_every_exception_from_the_rule_still_is_one():
    handed = {path.stem for path in TESTS if takes_the_store(path)}
    assert set(ONE_IS_ENOUGH) <= handed


@pytest.mark.parametrize(
    "path",
    [path for path in TESTS if is_marked(path)],
    ids=lambda path: path.stem,
)
def test_no_test_of_them_is_skipped_on_one(path):
    assert not re.search(r"pytest\.(skip|mark\.skip)", path.read_text())


def test_no_module_that_asks_the_store_is_without_such_a_test():
    """By itself, or through a module that a test imports: a statement is nobody's affair alone."""
    modules = {
        name_of(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }
    asking = {name for name, path in modules.items() if asks(path)}
    imported = set().union(*(imports(path, modules) for path in TESTS if is_marked(path)))
    beneath = set().union(*(imports(modules[name], modules) for name in imported))

    assert len(asking) > 20
    assert sorted(asking - imported - beneath) == []


def asks(path: Path) -> bool:
    text = path.read_text()
    return (
        "sqlalchemy" in text
        and STATEMENTS.search(text) is not None
        and path.parent.name != "versions"
    )


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Return the modules of ours that a file imports by name."""
    found = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names))
    }
    return found & modules.keys()
