"""What the console is told of decisions and versions, from records that the gate really writes."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from rivals import (
    BRIER,
    MACRO_F1,
    MANUAL,
    FrozenRows,
    contestant,
    exactly,
    policy,
    rivals,
)

from pipelines.contract import Guardrail
from pipelines.decisions import approval
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.gate.case import Case, Obstacle
from pipelines.gate.labelled import Labelled
from pipelines.gate.leakage import Leakage
from pipelines.gate.override import OverrideRefused, override
from pipelines.gate.promotion import decide
from pipelines.records.error_plots import error_plots
from pipelines.records.verdicts import append_verdict
from serving.board.pages import Pages
from serving.board.told_decisions import explained
from serving.board.told_versions import versions
from serving.schemas.error import ErrorPlots

pytestmark = pytest.mark.both_databases
PAGES = Pages("http://127.0.0.1:5000/", "http://127.0.0.1:4200")


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


def judge(log, version, old, new, champion=None, **changes):
    """Judge a version and record the verdict."""
    head = log.head("codes")
    contender = contestant(version)
    log.append(
        NewDecision("admitted", "codes", version=version, artifact_digest=contender.artifact_digest)
    )
    case = Case(
        **(
            {
                "policy": policy(),
                "trigger": MANUAL,
                "look": log.looks("stub-1") + 1,
                "champion": champion,
                "challenger": contender,
                "champion_rows": old,
                "challenger_rows": new,
                "floor_rows": None if new is None else new.assign(predicted="none", correct=0.0),
                "leakage": Leakage("clean", 0, 10),
            }
            | changes
        )
    )
    generation = head.generation if head else 0
    return append_verdict(
        log, "codes", case, decide(case), FrozenRows(), expected_generation=generation
    )


@pytest.fixture
def history(log, rng):
    """Version 1 is the first champion, 2 beats it, 3 does not beat 2."""
    champion, challenger = rivals(rng, 0.80, 0.90)
    full = policy(primary=MACRO_F1, guardrails=(Guardrail(BRIER, 0.05),))
    judge(log, "1", None, champion)
    judge(log, "2", champion, challenger, contestant("1"), policy=full)
    judge(log, "3", challenger, champion, contestant("2"))
    return log.list("codes")


def told(log, decision, settled=None):
    effects = log.effects(decision.decision_id)
    return explained(decision, effects, settled, log.head(decision.model), PAGES)


def test_a_models_story_tells_who_was_champion_and_who_failed(history):
    story = versions("codes", history, PAGES)

    assert [(point.version, point.standing) for point in story.points] == [
        ("1", "former_champion"),
        ("2", "champion"),
        ("3", "rejected"),
    ]
    assert story.champion.version == "2"
    assert story.champion.generation == 2
    assert story.rollback_to == "1"
    assert story.challenger.version == "3"
    assert story.verdict.version == "2"


def test_a_champion_by_a_rollback_names_the_rollback_and_still_its_verdict(log, history):
    verdict = next(entry for entry in history if entry.kind == "verdict" and entry.version == "1")
    digest = str(verdict.artifact_digest)
    back = log.append(
        NewDecision("rollback", "codes", version="1", artifact_digest=digest, becomes_champion=True)
    )

    story = versions("codes", log.list("codes"), PAGES)

    first = story.points[0]
    assert (story.champion.decision_id, story.champion.kind) == (back.decision_id, "rollback")
    assert (first.champion_by, first.standing) == (back.decision_id, "champion")
    assert first.decision_id == verdict.decision_id


def test_a_versions_figure_lies_within_its_interval(history):
    for point in versions("codes", history, PAGES).points:
        assert point.lower < point.value < point.upper


def test_a_challenger_from_before_the_champion_is_none(history):
    until_champion = [entry for entry in history if entry.version != "3"]

    assert versions("codes", until_champion, PAGES).challenger is None


def test_a_model_without_decisions_has_an_empty_story():
    story = versions("codes", [], PAGES)

    assert (story.champion, story.challenger, story.points, story.verdict) == (None, None, (), None)


def test_an_explained_verdict_holds_every_figure_of_its_record(log, history):
    decision = next(entry for entry in history if entry.verdict == "promoted")

    shown = told(log, decision)

    roles = [(figure.role, figure.metric) for figure in shown.figures]
    assert ("primary", "macro_f1") in roles
    assert ("guardrail", "brier") in roles
    assert ("floor", "macro_f1") in roles
    assert next(each for each in shown.figures if each.metric == "brier").direction == "down"
    primary = shown.figures[0]
    assert primary.lower < primary.gain < primary.upper
    assert shown.checks
    assert shown.alpha
    assert shown.look == 1
    assert shown.challenger.url == "http://127.0.0.1:5000/#/models/codes/versions/2"
    assert shown.champion_now == "2"
    assert shown.replayable
    assert not shown.approvable


def test_what_waits_is_approvable_until_it_is_settled(log, rng):
    champion, challenger = rivals(rng, 0.80, 0.90)
    judge(log, "1", None, champion)
    waits = judge(
        log, "2", champion, challenger, contestant("1"), policy=policy(approval="required")
    )
    assert told(log, waits).approvable
    assert versions("codes", log.list("codes"), PAGES).approvals == (waits.decision_id,)

    settled = approval.settle(log, waits.decision_id, approved=True, actor="ana", reason="good")

    assert not told(log, waits, settled).approvable
    assert told(log, waits, settled).settled.actor == "ana"
    assert versions("codes", log.list("codes"), PAGES).approvals == ()


def test_what_was_judged_against_another_champion_is_approvable_no_more(log, rng):
    champion, challenger = rivals(rng, 0.80, 0.90)
    judge(log, "1", None, champion)
    waits = judge(
        log, "2", champion, challenger, contestant("1"), policy=policy(approval="required")
    )
    judge(log, "3", champion, challenger, contestant("1"))

    assert not told(log, waits).approvable


def test_a_verdict_by_labels_tells_what_the_labels_said(log):
    old, new = exactly(800, 45, 55, 100)
    judge(log, "1", None, old)
    asked = pd.DataFrame(
        {"champion": "class 0", "challenger": "class 1", "asked": True, "actual": "class 1"},
        index=range(60),
    )

    decision = judge(log, "2", old, new, contestant("1"), labels=Labelled("d7", asked, False))

    found = told(log, decision).labels
    assert (found.campaign, found.asked, found.labelled) == ("d7", 60, 60)
    assert (found.challenger_only, found.champion_only) == (60, 0)
    assert found.log_e >= found.needed


def test_an_override_needs_todays_champion_and_an_admitted_version(log):
    _, rows = exactly(8_500, 0, 0, 1_500)
    judge(log, "1", None, rows)
    obstacle = Obstacle("incomparable", "no such column")
    blocked = judge(log, "2", None, None, contestant("1"), obstacle=obstacle)
    assert told(log, blocked).overridable

    made = override(log, blocked.decision_id, actor="ana", reason="new columns")

    assert (made.version, made.generation) == ("2", 2)
    assert not told(log, blocked).overridable
    with pytest.raises(OverrideRefused, match="judge the version again"):
        override(log, blocked.decision_id, actor="ana", reason="again")


def test_confusions_are_counted_beside_those_of_the_champion(log, rng):
    champion, challenger = rivals(rng, 0.80, 0.90)
    judge(log, "1", None, champion)
    decision = judge(log, "2", champion, challenger, contestant("1"))

    found = ErrorPlots.model_validate(error_plots(log, decision))

    confusion, calibration = found.plots
    assert confusion.rows - confusion.right == int((challenger["correct"] == 0).sum())
    assert all(pair.actual != pair.predicted for pair in confusion.pairs)
    assert sum(each.rows for each in calibration.bins) == len(challenger)


def test_numbers_and_lists_are_plotted_as_they_are_spread(log, rng):
    _, rows = exactly(900, 0, 0, 100)
    rows = rows.drop(columns=["correct", "confidence"], errors="ignore")
    numbers = rows.assign(
        actual=rng.normal(size=len(rows)), predicted=0.0, squared_error=1.0, ndcg_at_10=0.5
    )
    decision = _recorded(log, numbers)

    found = ErrorPlots.model_validate(error_plots(log, decision))

    assert [plot.name for plot in found.plots] == ["error", "ndcg_at_10"]
    assert all(sum(each.challenger for each in plot.bins) == len(rows) for plot in found.plots)


def test_a_forecasts_error_is_told_by_the_day_ahead(log):
    _, rows = exactly(900, 0, 0, 100)
    days = rows.assign(predicted=[[1.0, 2.0, 5.0]] * len(rows), truth=[[1.0, 4.0, 0.0]] * len(rows))
    decision = _recorded(log, days.drop(columns=["actual", "correct", "confidence", "brier"]))

    (curve,) = ErrorPlots.model_validate(error_plots(log, decision)).plots

    assert [point.challenger for point in curve.points] == [0.0, 0.5, None]


def _recorded(log, rows):
    files = {"challenger": log.save_predictions(rows), "champion": None}
    return log.append(NewDecision("verdict", "codes", record={"predictions": files}))


def test_the_inspecting_process_replays_without_a_difference(log, tmp_path, rng):
    champion, challenger = rivals(rng, 0.80, 0.90)
    judge(log, "1", None, champion)
    decision = judge(log, "2", champion, challenger, contestant("1"))
    asked = {
        "task": "replay",
        "decision_id": decision.decision_id,
        "store_url": log.store.engine.url.render_as_string(hide_password=False),
        "predictions": str(tmp_path / "predictions"),
    }

    done = subprocess.run(
        [sys.executable, "-m", "pipelines.records.inspection"],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout) == {"differences": []}
