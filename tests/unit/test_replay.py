from __future__ import annotations

from dataclasses import replace

import orjson
import pandas as pd
import pytest
from rivals import (
    ACCURACY,
    BRIER,
    MACRO_F1,
    MANUAL,
    FrozenRows,
    contestant,
    exactly,
    policy,
    rivals,
)
from sqlalchemy import update

from pipelines.contract import Guardrail
from pipelines.decisions import chain
from pipelines.decisions.log import Conflict, DecisionLog, NewDecision
from pipelines.gate.case import Case, Obstacle
from pipelines.gate.leakage import Leakage
from pipelines.gate.override import OverrideRefused, append_override
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import Blessing, Trigger
from pipelines.records.precedents import anchor_of, judged_before
from pipelines.records.replay import replay
from pipelines.records.verdicts import append_verdict
from pipelines.store import decisions

pytestmark = pytest.mark.both_databases


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


def judge(log, champion, challenger, old, new, **changes):
    """Judge version `challenger` against `champion` and record it."""
    anchor = None
    if champion is not None:
        anchor = anchor_of(log, "codes", "stub-1", champion.artifact_digest)
    case = Case(
        **(
            {
                "policy": policy(),
                "trigger": MANUAL,
                "look": log.looks("stub-1") + 1,
                "champion": champion,
                "challenger": challenger,
                "champion_rows": old,
                "challenger_rows": new,
                "floor_rows": None if new is None else new.assign(predicted="none", correct=0.0),
                "anchor_rows": log.load_predictions(anchor.predictions_sha256) if anchor else None,
                "leakage": Leakage("clean", 0, 10),
            }
            | changes
        )
    )
    head = log.head("codes")
    generation = head.generation if head else 0
    return append_verdict(
        log,
        "codes",
        case,
        decide(case),
        FrozenRows(),
        expected_generation=generation,
        anchor=anchor,
    )


def retraining(version, data):
    return {
        "challenger": contestant(version, fingerprints={"source": data}),
        "trigger": Trigger("scheduled", "schedule"),
    }


@pytest.fixture
def first(log):
    """A first champion, version 1."""
    _, rows = exactly(8_500, 0, 0, 1_500)
    return judge(log, None, contestant("1"), None, rows)


def test_every_kind_of_verdict_replays_without_a_difference(log, rng, first):
    marks = {"slice:short": [number % 3 == 0 for number in range(1_000)]}
    champion, challenger = (rows.assign(**marks) for rows in rivals(rng, 0.85, 0.90))
    full = policy(primary=MACRO_F1, guardrails=(Guardrail(BRIER, 0.02),), slices=("short",))
    old = contestant("1")
    for number, changes in enumerate(
        [
            {"old": champion, "new": challenger, "policy": full},
            {"old": challenger, "new": champion, "policy": full},
            {"old": champion, "new": champion, "policy": full},
            {"old": champion, "new": challenger, "policy": policy(rule="better_figure")},
            {"old": None, "new": None, "obstacle": Obstacle("incomparable", "no such column")},
            {"old": None, "new": challenger},
        ],
        start=2,
    ):
        tables = {key: changes.pop(key) for key in ("old", "new")}
        judge(log, old, contestant(str(number), params={}), **tables, **changes)
    for decision in log.list():
        assert replay(log, decision.decision_id) == []
    assert {decision.verdict for decision in log.list()} >= {
        "first_champion",
        "promoted",
        "rejected",
        "incomparable",
        "champion_unloadable",
    }
    assert log.verify_chain() == []


def test_lists_and_figures_that_are_no_numbers_replay_too(log, rng, first):
    marks = {"origin": "2026-11-01", "asks": True}
    champion, challenger = (rows.assign(**marks) for rows in rivals(rng, 0.85, 0.90))
    for rows in (champion, challenger):
        rows["losses"] = [[1.0 - right, float("nan"), 0.5] for right in rows["correct"]]
    nowhere = replace(BRIER, name="nowhere", where="never")
    champion["never"] = challenger["never"] = False
    full = replace(policy(rule="superiority"), metrics=(ACCURACY, nowhere), components=(nowhere,))
    silent = challenger.assign(correct=challenger["correct"].where(challenger.index > 0))
    for number, rows in enumerate([challenger, silent], start=2):
        judge(log, contestant("1"), contestant(str(number)), champion, rows, policy=full)
    judged = log.list()
    assert [decision.verdict for decision in judged[:2]] == ["rejected", "promoted"]
    assert all(replay(log, decision.decision_id) == [] for decision in judged)


def test_a_decision_without_figures_replays_by_its_hash(log):
    decision = log.append(NewDecision("admitted", "codes", {}, version="1", artifact_digest="a"))
    assert replay(log, decision.decision_id) == []


def test_a_changed_number_is_listed_with_both_values(log, store, first):
    champion, challenger = exactly(800, 20, 80, 100)
    decision = judge(log, contestant("1"), contestant("2", params={}), champion, challenger)
    forged = orjson.loads(orjson.dumps(decision.record))
    forged["ruling"]["comparison"]["primary"]["challenger"] = 0.99
    text = chain.canonical(forged)
    with store.write() as connection:
        connection.execute(
            update(decisions)
            .where(decisions.c.decision_id == decision.decision_id)
            .values(record=text, hash=chain.digest(text))
        )
    found = replay(log, decision.decision_id)
    assert [difference.where for difference in found] == ["ruling.comparison.primary.challenger"]
    assert found[0].recorded == 0.99
    assert found[0].replayed == pytest.approx(0.88)


@pytest.mark.parametrize(
    "changes", [{"version": "9"}, {"generation": 7}, {"artifact_digest": "x"}, {"look": 5}]
)
def test_a_column_that_says_something_else_than_its_record_is_a_difference(
    log, store, first, changes
):
    champion, challenger = exactly(800, 20, 80, 100)
    decision = judge(log, contestant("1"), contestant("2", params={}), champion, challenger)
    with store.write() as connection:
        connection.execute(
            update(decisions)
            .where(decisions.c.decision_id == decision.decision_id)
            .values(**changes)
        )
    (name,) = changes
    assert [found.where for found in replay(log, decision.decision_id)] == [f"column {name}"]


def test_a_record_that_can_no_longer_be_read_as_a_case_is_a_difference_and_no_crash(
    log, store, first
):
    forged = orjson.loads(orjson.dumps(first.record))
    forged["policy"]["text"]["primary"]["kind"] = "made_up"
    with store.write() as connection:
        connection.execute(
            update(decisions)
            .where(decisions.c.decision_id == first.decision_id)
            .values(record=chain.canonical(forged))
        )
    assert [found.where for found in replay(log, first.decision_id)] == ["hash"]


def test_changed_predictions_are_a_difference(log, tmp_path, first):
    champion, challenger = exactly(800, 20, 80, 100)
    decision = judge(log, contestant("1"), contestant("2", params={}), champion, challenger)
    files = decision.record["predictions"]
    path = tmp_path / "predictions" / f"{files['challenger']}.parquet"
    path.write_bytes(b"other bytes")
    assert [difference.where for difference in replay(log, decision.decision_id)] == ["predictions"]


def test_a_record_names_everything_that_it_rests_on(log, first):
    champion, challenger = exactly(800, 20, 80, 100)
    record = judge(log, contestant("1"), contestant("2", params={}), champion, challenger).record
    assert record["policy"]["text"]["settings"]["alpha"] == 0.05
    assert len(record["policy"]["sha256"]) == 64
    assert record["champion"]["artifact_digest"] == "digest-1"
    assert record["challenger"]["blessing"]["golden"] == 3
    assert record["test_set_facts"]["sha256"] == "abc"
    assert record["trigger"] == MANUAL.as_json()
    assert record["effects"]["rollback_to"] == "1"
    assert record["environment"]["numpy"]
    assert all(record["predictions"][side] for side in ("champion", "challenger", "floor"))


def test_a_verdict_on_a_champion_that_has_moved_is_judged_again(log, first):
    champion, challenger = exactly(800, 20, 80, 100)
    case = Case(policy(), MANUAL, 1, contestant("2"), contestant("1"), challenger, champion)
    with pytest.raises(Conflict):
        append_verdict(log, "codes", case, decide(case), FrozenRows(), expected_generation=0)


def test_the_same_pair_is_recognised_and_another_policy_or_pair_is_not(log, first):
    champion, challenger = exactly(800, 45, 55, 100)
    decision = judge(log, contestant("1"), contestant("2", params={}), champion, challenger)

    def known(**changes):
        asked = {
            "champion_digest": "digest-1",
            "challenger_digest": "digest-2",
            "policy_sha256": policy().sha256,
        }
        return judged_before(log, "codes", "stub-1", **(asked | changes))

    assert known() == decision
    assert known(challenger_digest="digest-3") is None
    assert known(champion_digest="digest-9") is None
    assert known(policy_sha256=policy(alpha=0.1).sha256) is None


def test_the_anchor_is_the_last_champion_that_earned_its_place(log, first):
    assert anchor_of(log, "codes", "stub-1", "digest-1") is None
    better = exactly(8_500, 100, 400, 1_000)
    judge(log, contestant("1"), contestant("2", params={}), *better)
    assert log.head("codes").version == "2"
    same = exactly(8_800, 90, 90, 1_020)
    judge(log, contestant("2"), old=same[0], new=same[1], **retraining("3", "data-2"))
    assert log.head("codes").version == "3"
    anchor = anchor_of(log, "codes", "stub-1", "digest-3")
    assert anchor is not None
    assert anchor.version == "2"
    pd.testing.assert_frame_equal(log.load_predictions(anchor.predictions_sha256), better[1])


def test_champions_cannot_creep_downhill_by_small_steps(log, first):
    """Each step loses 0.3 points and is by itself within the margin of one."""
    rows, versions = 10_000, range(2, 12)
    right = 8_500
    verdicts = []
    for version in versions:
        head = log.head("codes")
        champion = contestant(head.version, fingerprints={"source": f"data-{head.version}"})
        lost = 30
        old, new = exactly(right - 60 - lost, 60 + lost, 60, rows - right - 60)
        facts = retraining(str(version), f"data-{version}")
        verdicts.append(judge(log, champion, old=old, new=new, **facts).verdict)
        if verdicts[-1] != "promoted":
            break
        right -= lost
    assert verdicts[0] == "promoted"
    assert verdicts[-1] != "promoted"
    assert 8_500 - right <= 0.01 * rows


def test_an_override_needs_a_name_and_a_reason_and_something_to_override(log, first):
    blocked = judge(
        log, contestant("1"), contestant("2"), None, None, obstacle=Obstacle("incomparable", "x")
    )
    for actor, reason in (("", "because"), ("ana", " ")):
        with pytest.raises(OverrideRefused):
            append_override(log, blocked, actor=actor, reason=reason, expected_generation=1)
    with pytest.raises(OverrideRefused, match="first_champion"):
        append_override(log, first, actor="ana", reason="so", expected_generation=1)
    made = append_override(log, blocked, actor="ana", reason="new columns", expected_generation=1)
    assert log.head("codes").version == "2"
    assert made.record["actor"] == "ana"
    assert made.record["overrides"] == blocked.decision_id


def test_what_the_serving_code_could_not_serve_cannot_be_made_champion_by_an_override(log, first):
    unfit = contestant("2", blessing=Blessing(False, "weights are missing"))
    blocked = judge(log, contestant("1"), unfit, None, None, obstacle=Obstacle("incomparable", "x"))
    assert blocked.verdict == "incomparable"
    with pytest.raises(OverrideRefused, match="weights are missing"):
        append_override(log, blocked, actor="ana", reason="so", expected_generation=1)
