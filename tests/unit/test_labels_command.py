"""`contender labels list`: what a decision waits for, of one model or of all."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli import labels
from cli.main import app

URL = "http://api"
WAITING = {
    "model": "product_codes",
    "challenger": "2",
    "decision_id": "d000009-aaaaaa",
    "asked": 3,
    "answered": 1,
    "deadline": "2026-11-22T00:00:00+00:00",
    "requests": [{"place": 1, "text": "llave stilson 14", "answers": None}],
}
IDLE = {"model": "product_categories", "decision_id": None, "requests": []}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, object]]:
    """What the API answers, by address."""
    models = {"models": [{"name": name} for name in ("product_categories", "product_codes")]}
    answers = {
        f"{URL}/v1/models": models,
        f"{URL}/v1/models/product_codes/label-requests": WAITING,
        f"{URL}/v1/models/product_categories/label-requests": IDLE,
    }
    monkeypatch.setattr(labels, "_api_url", lambda: URL)
    monkeypatch.setattr(labels.api, "get", lambda url, **_query: answers[url])
    return answers


def run(*arguments: str):
    return CliRunner().invoke(app, ["labels", "list", *arguments])


@pytest.mark.usefixtures("answers")
def test_without_a_model_those_of_all_are_listed():
    result = run()
    assert result.exit_code == 0, result.output
    assert "llave stilson 14" in result.stdout
    assert "d000009-aaaaaa" in result.stdout
    assert "product_categories" not in result.stdout
    assert json.loads(run("--json").stdout) == [IDLE, WAITING]


@pytest.mark.usefixtures("answers")
def test_with_a_model_only_its_own():
    assert json.loads(run("product_codes", "--json").stdout) == WAITING
    assert "product_categories waits for no labels" in run("product_categories").stdout


def test_it_is_said_that_nothing_is_waited_for(answers: dict[str, dict[str, object]]):
    answers[f"{URL}/v1/models/product_codes/label-requests"] = IDLE
    assert run().stdout.strip() == "no model waits for labels"
