"""A changed policy applied to recorded decisions, and policies that are files of their own."""

from __future__ import annotations

import json

import pytest
from rivals import MANUAL, FrozenRows, contestant, exactly, policy
from typer.testing import CliRunner

from cli import screen
from cli.main import app
from pipelines.decisions.log import DecisionLog
from pipelines.gate.case import Case
from pipelines.gate.leakage import Leakage
from pipelines.gate.promotion import decide
from pipelines.records.backtest import backtest
from pipelines.records.verdicts import append_verdict
from pipelines.settings import SettingsError, load_settings, read_policy
from pipelines.store import open_store

pytestmark = pytest.mark.both_databases


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


def judge(log, champion, version, old, new, model="codes"):
    head = log.head(model)
    case = Case(
        policy=policy(rule="superiority"),
        trigger=MANUAL,
        look=log.looks(f"{model}-1") + 1,
        champion=champion,
        challenger=contestant(version, params={"try": version}),
        champion_rows=old,
        challenger_rows=new,
        floor_rows=new.assign(predicted="none", correct=0.0),
        leakage=Leakage("clean", 0, 10),
    )
    return append_verdict(
        log,
        model,
        case,
        decide(case),
        FrozenRows(test_set_id=f"{model}-1"),
        expected_generation=head.generation if head else 0,
    )


@pytest.fixture
def recorded(log):
    """First champion 1; 2 is 4 points better and promoted; 3 is no better than 2 was."""
    _, rows = exactly(850, 0, 0, 150)
    old, new = exactly(830, 20, 60, 90)
    judge(log, None, "1", None, rows)
    judge(log, contestant("1"), "2", old, new)
    judge(log, contestant("2"), "3", *exactly(850, 30, 30, 90))
    return log


def test_an_unchanged_policy_flips_nothing(recorded):
    found = backtest(recorded, lambda settings: settings)
    assert [again.recorded for again in found] == ["first_champion", "promoted", "undecided"]
    assert [again.verdict for again in found] == [again.recorded for again in found]
    assert not any(again.flips or again.other_history for again in found)


def test_a_stricter_policy_flips_the_promotion_and_marks_what_came_after(recorded):
    found = backtest(recorded, lambda known: known.model_copy(update={"minimum_effect": 0.2}))
    assert [again.flips for again in found] == [False, True, False]
    assert [again.other_history for again in found] == [False, False, True]
    assert found[1].verdict != "promoted"
    assert found[1].why


def test_a_flip_of_one_model_is_none_of_anothers_history(recorded):
    _, rows = exactly(850, 0, 0, 150)
    judge(recorded, None, "1", None, rows, model="names")
    found = backtest(recorded, lambda known: known.model_copy(update={"minimum_effect": 0.2}))
    assert [again.other_history for again in found if again.model == "names"] == [False]
    only = backtest(recorded, lambda known: known, "names")
    assert [again.model for again in only] == ["names"]


def test_predictions_that_are_damaged_are_said_and_decide_nothing(recorded, tmp_path):
    for file in (tmp_path / "predictions").rglob("*.parquet"):
        file.write_bytes(b"not any more")
    found = backtest(recorded, lambda settings: settings)
    assert all(again.verdict is None and again.why and not again.flips for again in found)


def test_the_command_shows_what_flips_without_changing_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    _, rows = exactly(850, 0, 0, 150)
    old, new = exactly(830, 20, 60, 90)
    judge(log, None, "1", None, rows)
    judge(log, contestant("1"), "2", old, new)
    (tmp_path / "strict.toml").write_text("minimum_effect = 0.2\n")
    arguments = ["policy", "backtest", str(tmp_path / "strict.toml")]
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert [row["flips"] for row in json.loads(result.stdout)] == [False, True]
    table = CliRunner().invoke(app, arguments).stdout
    assert "1 of 2 verdicts would have made another champion." in table
    assert len(log.list()) == 2
    store.close()


def test_a_backtest_needs_a_readable_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    missing = CliRunner().invoke(app, ["policy", "backtest", str(tmp_path / "none.toml")])
    assert missing.exit_code == 1
    assert "none.toml cannot be read" in missing.output
    (tmp_path / "wrong.toml").write_text("alhpa = 0.01\n")
    wrong = CliRunner().invoke(app, ["policy", "backtest", str(tmp_path / "wrong.toml")])
    assert "wrong.toml: alhpa" in wrong.output


def test_a_policy_may_be_a_file_of_its_own(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "codes.toml").write_text("alpha = 0.01\n[slices]\nmargin = 0.02\n")
    (tmp_path / "contender.toml").write_text(
        """
        [models.product_codes]
        policy = "policies/codes.toml"
        [models.product_codes.source]
        url = "codes.csv"
        """
    )
    found = load_settings({"CONTENDER_HOME": str(tmp_path)}).models["product_codes"].policy
    assert (found.alpha, found.slices.margin, found.slices.minimum_rows) == (0.01, 0.02, 50)


def test_a_fault_in_a_policy_file_names_the_file_and_the_key(tmp_path):
    file = tmp_path / "policy.toml"
    for text, said in [("alpha = 2\n", "alpha"), ("[slices]\nmargin = 7\n", "slices.margin")]:
        file.write_text(text)
        with pytest.raises(SettingsError, match=rf"policy.toml: {said}"):
            read_policy(file)
    file.write_text("slices = 3\n")
    with pytest.raises(SettingsError, match=r"policy\.toml: slices must be a table"):
        read_policy(file)


def test_the_policies_in_force_are_shown_beside_their_defaults(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    shown = CliRunner().invoke(app, ["policy", "show", "product_codes", "--json"])
    assert json.loads(shown.stdout)["product_codes"]["alpha"] == 0.05
    table = CliRunner().invoke(app, ["policy", "show"]).stdout
    assert "non_inferiority_margin" in table
    unknown = CliRunner().invoke(app, ["policy", "show", "nothing"])
    assert "no model is called 'nothing'" in unknown.output


def test_brackets_in_a_cell_are_shown_as_they_are(capsys):
    screen.print_table("Why", ("why",), [{"why": "the column [/x] is [bold]"}])
    assert "the column [/x] is [bold]" in capsys.readouterr().out
