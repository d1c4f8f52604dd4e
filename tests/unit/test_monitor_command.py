"""`contender monitor`: every champion has its turn, whatever is wrong with one of them."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.main import app
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import load_settings
from pipelines.store import open_store

DAMAGED, FRESH = "product_categories", "product_codes"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The first model's champion has lost its predictions, the second has none."""
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    (tmp_path / "contender.toml").write_text(
        "".join(f'[models.{model}.source]\nurl = "rows.csv"\n' for model in (DAMAGED, FRESH))
    )
    settings = load_settings()
    store = open_store(settings.store_url)
    DecisionLog(store, settings.var / "predictions").append(
        NewDecision(
            "verdict",
            DAMAGED,
            {"predictions": {"challenger": "0" * 64}},
            version="1",
            artifact_digest="a",
            becomes_champion=True,
        )
    )
    store.close()


def test_a_champion_that_cannot_be_assessed_keeps_no_other_from_its_turn(home):
    done = CliRunner().invoke(app, ["monitor"])
    assert done.exit_code == 1
    assert f"{FRESH} has no champion" in done.stderr
    assert f"could not be assessed: {DAMAGED}" in done.stderr
    assert f"{'0' * 64}.parquet is missing" in done.stderr


def test_asked_for_alone_it_says_what_is_wrong(home):
    done = CliRunner().invoke(app, ["monitor", DAMAGED])
    assert (done.exit_code, "is missing" in done.stderr) == (1, True)
