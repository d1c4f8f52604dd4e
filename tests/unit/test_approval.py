"""Where a policy wants a named person's approval, nothing becomes champion without it."""

from __future__ import annotations

import json

import pytest
from asgi_client import AppClient
from rivals import MANUAL, FrozenRows, contestant, exactly, policy
from serving_stage import MODEL, Stage
from typer.testing import CliRunner

from cli.main import app
from pipelines.decisions import approval
from pipelines.decisions.approval import ApprovalRefused, settle
from pipelines.decisions.log import Conflict, DecisionLog, NewDecision, UnknownDecision
from pipelines.gate.case import Case
from pipelines.gate.leakage import Leakage
from pipelines.gate.policy import Policy
from pipelines.gate.promotion import decide
from pipelines.records.precedents import anchor_of
from pipelines.records.replay import replay
from pipelines.records.verdicts import append_verdict
from pipelines.settings import load_settings
from pipelines.store import open_store

pytestmark = pytest.mark.both_databases


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions")


def judge(log, version, old=None, new=None, wanted="required"):
    head = log.head("codes")
    case = Case(
        policy=policy(approval=wanted),
        trigger=MANUAL,
        look=log.looks("stub-1") + 1,
        champion=contestant(head.version) if head else None,
        challenger=contestant(version, params={"try": version}),
        champion_rows=old,
        challenger_rows=new,
        floor_rows=new.assign(predicted="none", correct=0.0),
        leakage=Leakage("clean", 0, 10),
    )
    generation = head.generation if head else 0
    ruling = decide(case)
    return append_verdict(log, "codes", case, ruling, FrozenRows(), expected_generation=generation)


@pytest.fixture
def waits(log):
    """Version 1 is champion, version 2 is better and waits."""
    judge(log, "1", None, exactly(850, 0, 0, 150)[1], wanted="none")
    return judge(log, "2", *exactly(830, 20, 60, 90))


def test_what_the_gate_lets_through_waits_and_the_champion_stays(log, waits):
    assert waits.verdict == "awaiting_approval"
    assert "approval" in waits.record["ruling"]["reasons"][-1]
    assert log.head("codes").version == "1"
    assert [entry.decision_id for entry in approval.waiting(log)] == [waits.decision_id]


def test_approved_it_is_champion_and_the_whole_story_replays(log, waits):
    settled = settle(log, waits.decision_id, approved=True, actor="ana", reason="I looked")
    assert (log.head("codes").version, log.head("codes").decision_id) == ("2", settled.decision_id)
    assert log.head("codes").rollback_to == "1"
    assert settled.record["actor"] == "ana"
    assert approval.waiting(log) == []
    assert all(replay(log, entry.decision_id) == [] for entry in log.list())
    assert log.verify_chain() == []
    # It won by superiority, so it sets the bar from now on.
    assert anchor_of(log, "codes", "stub-1", "another").version == "2"


def test_refused_it_never_is(log, waits):
    settle(log, waits.decision_id, approved=False, actor="ana", reason="wrong codes for paint")
    assert log.head("codes").version == "1"
    assert anchor_of(log, "codes", "stub-1", "another").version == "1"
    with pytest.raises(ApprovalRefused, match="was settled by"):
        settle(log, waits.decision_id, approved=True, actor="ben", reason="but I like it")


class SomebodyElseFirst(DecisionLog):
    """A log in which another settles the decision just before our entry is appended."""

    other = None

    def append(self, new):
        other, self.other = self.other, None
        if other:
            other()
        return super().append(new)


@pytest.mark.parametrize("ours", [True, False])
def test_what_somebody_refuses_at_the_same_moment_is_not_settled_again(store, tmp_path, ours):
    log = SomebodyElseFirst(store, tmp_path / "predictions")
    judge(log, "1", None, exactly(850, 0, 0, 150)[1], wanted="none")
    decision = judge(log, "2", *exactly(830, 20, 60, 90)).decision_id
    log.other = lambda: settle(log, decision, approved=False, actor="ben", reason="wrong for paint")
    with pytest.raises(Conflict, match="just now"):
        settle(log, decision, approved=ours, actor="ana", reason="I looked")
    assert log.head("codes").version == "1"
    assert [entry.verdict for entry in log.list() if entry.kind == "approval"] == ["refused"]


def test_an_approval_holds_against_the_champion_that_was_judged_alone(log, waits):
    better = NewDecision(
        "rollback", "codes", version="0", artifact_digest="z", becomes_champion=True
    )
    log.append(better)
    with pytest.raises(Conflict, match="judge the version again"):
        settle(log, waits.decision_id, approved=True, actor="ana", reason="I looked")
    assert approval.waiting(log) == []


def test_nobody_can_approve_without_a_name_and_a_reason_or_what_does_not_wait(log, waits):
    with pytest.raises(ApprovalRefused, match="a name and a reason"):
        settle(log, waits.decision_id, approved=True, actor=" ", reason="x")
    first = log.list()[-1]
    with pytest.raises(ApprovalRefused, match="is first_champion"):
        settle(log, first.decision_id, approved=True, actor="ana", reason="x")
    with pytest.raises(UnknownDecision):
        settle(log, "d999999-ffffff", approved=True, actor="ana", reason="x")


def test_a_first_champion_waits_too_and_a_rejected_version_does_not(log):
    first = judge(log, "1", None, exactly(850, 0, 0, 150)[1])
    assert first.verdict == "awaiting_approval"
    settle(log, first.decision_id, approved=True, actor="ana", reason="a start")
    worse = judge(log, "2", *exactly(800, 90, 10, 100))
    assert worse.verdict == "rejected"


def test_policies_without_approval_keep_the_hash_that_old_records_hold():
    document = policy().as_json()
    assert "approval" not in document["settings"]
    assert Policy.from_json(document).sha256 == policy().sha256
    assert policy(approval="required").sha256 != policy().sha256


def test_an_approval_over_http_is_served_and_recorded(make_settings):
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 0.05}
    )
    stage = Stage(settings)
    package = stage.register("1", "uno")
    waits = stage.log.append(
        NewDecision(
            "verdict",
            MODEL,
            version="1",
            verdict="awaiting_approval",
            artifact_digest=package.digest,
        )
    )
    with AppClient(stage.app()) as client:
        path = f"/v1/decisions/{waits.decision_id}/approval"
        body = {"approved": True, "actor": "ana", "reason": "I looked"}
        nameless = client.post(path, json=body | {"actor": ""})
        assert nameless.status_code == 422
        assert client.post(path, json=body).json()["verdict"] == "approved"
        again = client.post(path, json=body)
        assert (again.status_code, again.json()["type"]) == (
            409,
            "urn:contender:problem:approval-refused",
        )
    assert stage.log.head(MODEL).version == "1"
    stage.close()


def test_the_command_lists_what_waits_and_settles_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(tmp_path))
    monkeypatch.setenv("CONTENDER_PORT_MLFLOW", "9")  # nobody is there: the alias follows later
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    judge(log, "1", None, exactly(850, 0, 0, 150)[1])
    (listed,) = json.loads(CliRunner().invoke(app, ["approve", "--json"]).stdout)
    missing = CliRunner().invoke(app, ["approve", listed["decision_id"]])
    assert missing.exit_code == 1
    assert "a name and a reason" in missing.output
    done = CliRunner().invoke(app, ["approve", listed["decision_id"], "--reason", "fine"])
    assert "approved" in done.stdout
    assert log.head("codes").version == "1"
    store.close()
