"""Rollouts end when they are due: once, with their figures, whoever tends them."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import select, update
from told_rollouts import Stage

from pipelines.decisions.log import Conflict
from pipelines.records.replay import replay
from pipelines.rollouts import records
from pipelines.rollouts.feedback import SETTLED_SECONDS, note_units
from pipelines.rollouts.plan import Guardrails
from pipelines.rollouts.records import RolloutRefused, UnknownRollout
from pipelines.rollouts.standing import Lookout, standing, summary
from pipelines.rollouts.steward import Steward, stop
from pipelines.store import decisions, rollout_units

pytestmark = pytest.mark.both_databases


@pytest.fixture
def stage(store, tmp_path):
    return Stage.open(store, tmp_path / "predictions")


@pytest.fixture
def steward(stage):
    return Steward(stage.log, clock=stage.clock)


def ending(stage, rollout):
    return records.get(stage.log, rollout.rollout_id).ending


def tell(stage, rollout, rights, count=150):
    """Let both sides answer in turn; `rights` says of each whether its n-th answer is right."""
    for number, version in itertools.product(range(count), ("1", "2")):
        stage.judge(rollout, version, right=rights[version](number))
    stage.now += SETTLED_SECONDS + 1


def better(stage, rollout):
    tell(stage, rollout, {"1": lambda n: n % 2 == 0, "2": lambda n: n % 10 > 0})


def worse(stage, rollout):
    tell(stage, rollout, {"1": lambda n: n % 10 > 0, "2": lambda n: n % 2 == 0})


def test_a_quiet_rollout_goes_on_until_its_time_is_up(stage, steward):
    rollout = stage.start()
    stage.saw(rollout, "champion", answers=50)
    stage.saw(rollout, "challenger", answers=50)
    assert steward.tend() == []
    stage.now = rollout.ends_at
    (decision,) = steward.tend()
    found = ending(stage, rollout)
    assert (decision.verdict, found.outcome.verdict) == ("completed", "completed")
    assert found.outcome.finding.startswith("no difference was shown")
    assert steward.tend() == []


def test_a_failing_challenger_is_rolled_back_at_once(stage, steward):
    rollout = stage.start(mode="canary", metric=None, share=0.1)
    stage.saw(rollout, "champion", answers=200)
    stage.saw(rollout, "challenger", answers=10, errors=5)
    (decision,) = steward.tend()
    found = ending(stage, rollout)
    assert (decision.verdict, found.actor) == ("rolled_back", "steward")
    assert "failed 5 of 15 units" in found.outcome.finding
    assert stage.log.head("codes").version == "1"


def test_a_slow_challenger_is_rolled_back(stage, steward):
    rollout = stage.start(mode="canary", metric=None, share=0.1)
    stage.saw(rollout, "champion", answers=300, ms=2)
    stage.saw(rollout, "challenger", answers=30, ms=200)
    (decision,) = steward.tend()
    assert decision.verdict == "rolled_back"
    assert "30 of the challenger's 30 answers took longer" in ending(stage, rollout).outcome.finding


def test_a_harmful_challenger_is_rolled_back_by_feedback(stage, steward):
    rollout = stage.start(mode="canary", share=0.5)
    worse(stage, rollout)
    (decision,) = steward.tend()
    assert decision.verdict == "rolled_back"
    assert "mean loss 0.5" in ending(stage, rollout).outcome.finding


def test_a_victory_is_reported_and_moves_nobody(stage, steward):
    rollout = stage.start()
    better(stage, rollout)
    (decision,) = steward.tend()
    assert (decision.verdict, decision.generation) == ("superior", None)
    assert stage.log.head("codes").version == "1"


def test_a_victory_promotes_where_somebody_asked_for_it(stage, steward):
    rollout = stage.start(on_success="promote")
    better(stage, rollout)
    (decision,) = steward.tend()
    head = stage.log.head("codes")
    assert (head.version, head.generation, head.rollback_to) == ("2", 2, "1")
    assert (head.decision_id, head.artifact_digest) == (decision.decision_id, "a2")
    assert summary(records.get(stage.log, rollout.rollout_id))["promoted"] is True
    assert steward.tend() == []


def test_a_new_champion_supersedes_the_rollout(stage, steward):
    rollout = stage.start()
    stage.promote("3")
    (decision,) = steward.tend()
    assert decision.verdict == "superseded"
    assert "version 3 is champion now" in ending(stage, rollout).outcome.finding


def test_a_champion_that_came_back_under_a_new_generation_supersedes_it_too(stage, steward):
    stage.start()
    stage.promote("3")
    stage.promote("1")
    (decision,) = steward.tend()
    assert decision.verdict == "superseded"


def test_two_stewards_end_a_rollout_once(stage, steward, monkeypatch):
    rollout = stage.start()
    other = Steward(stage.log, clock=stage.clock)
    stage.now = rollout.ends_at
    assert len(steward.tend()) == 1
    running = {"codes": rollout}
    monkeypatch.setattr("pipelines.rollouts.records.active_rollouts", lambda _log: running)
    assert other.tend() == []
    kinds = [entry.kind for entry in stage.log.list("codes")]
    assert kinds.count("rollout_ended") == 1


def test_a_new_steward_finds_everything_that_the_killed_one_knew(stage, steward):
    rollout = stage.start()
    tell(stage, rollout, {"1": lambda n: n % 2 == 0, "2": lambda n: n % 10 > 0}, count=20)
    assert steward.tend() == []
    better(stage, rollout)
    (decision,) = Steward(stage.log, clock=stage.clock).tend()
    assert decision.verdict == "superior"


def test_rollouts_of_models_are_tended_apart(stage, steward):
    rollout = stage.start()
    assert steward.tend() == []
    stage.now = rollout.ends_at
    steward.tend()
    again = stage.start()
    assert steward.tend() == []
    assert records.active_rollouts(stage.log) == {"codes": again}


def test_a_challenger_that_cannot_be_loaded_is_given_up(stage, steward):
    rollout = stage.start()
    decision = steward.give_up(rollout, "version 2 cannot be loaded: its package is damaged")
    assert decision.verdict == "rolled_back"
    assert "cannot be loaded" in ending(stage, rollout).outcome.finding
    assert steward.give_up(rollout, "again") is None


def test_whoever_stops_a_rollout_is_named_with_the_reason(stage):
    rollout = stage.start()
    stage.saw(rollout, "challenger", answers=3)
    with pytest.raises(RolloutRefused):
        stop(stage.log, rollout.rollout_id, actor=" ", reason="enough")
    stop(stage.log, rollout.rollout_id, actor="ben", reason="enough")
    found = ending(stage, rollout)
    assert (found.outcome.verdict, found.actor, found.outcome.finding) == (
        "stopped",
        "ben",
        "enough",
    )
    with pytest.raises(Conflict):
        stop(stage.log, rollout.rollout_id, actor="ben", reason="enough")
    with pytest.raises(UnknownRollout):
        stop(stage.log, "d000999-abcdef", actor="ben", reason="enough")


def test_who_asked_what_is_forgotten_with_the_end(stage, steward):
    for end in (
        lambda rollout: stop(stage.log, rollout.rollout_id, actor="ben", reason="enough"),
        lambda rollout: steward.give_up(rollout, "it cannot be loaded"),
    ):
        rollout = stage.start()
        note_units(stage.store, rollout.rollout_id, {"r1": "ana"})
        note_units(stage.store, "d000777-abcdef", {"r2": "ana"})
        end(rollout)
        with stage.store.read() as connection:
            left = connection.execute(select(rollout_units.c.request)).scalars().all()
        assert left == ["r2"]


def test_a_running_rollout_shows_where_it_stands(stage):
    rollout = stage.start(share=0.2)
    stage.saw(rollout, "champion", answers=40, ms=2)
    stage.saw(rollout, "challenger", answers=9, errors=1, ms=4)
    stage.now += 600
    found = standing(stage.log, rollout.rollout_id, stage.now).as_json()
    assert (found["verdict"], found["stage"], found["share"]) == ("running", 0, 0.2)
    assert found["remaining_seconds"] == pytest.approx(3_000, abs=1)
    arms = found["arms"]
    assert (arms["champion"]["requests"], arms["challenger"]["errors"]) == (40, 1)
    assert 4 <= arms["challenger"]["p50_ms"] < 4.5
    assert [check["name"] for check in found["checks"]] == [
        "errors",
        "latency",
        "metric",
        "superiority",
    ]


def test_a_lookout_reads_on_and_what_it_said_before_stays(stage):
    rollout = stage.start()
    lookout = Lookout(stage.store)
    stage.judge(rollout, "2", right=False)
    before = lookout.look(rollout)
    stage.judge(rollout, "2", right=True)
    after = lookout.look(rollout)
    assert (before.evidence.tested, after.evidence.tested) == (1, 2)
    assert after == Lookout(stage.store).look(rollout)
    lookout.forget_all_but([])
    assert lookout.look(rollout) == after


def test_an_ended_rollout_shows_what_was_recorded(stage, steward):
    rollout = stage.start(mode="canary", metric=None, share=0.1)
    stage.saw(rollout, "challenger", errors=8)
    steward.tend()
    stage.saw(rollout, "challenger", answers=1_000)
    found = standing(stage.log, rollout.rollout_id, stage.now).as_json()
    assert (found["verdict"], found["remaining_seconds"]) == ("rolled_back", 0.0)
    assert found["arms"]["challenger"]["requests"] == 8
    assert found["ended_by"] == "steward"


def test_every_end_replays_without_a_difference(stage, steward):
    rollouts = []
    for end in ("better", "worse", "time", "stop", "broken"):
        rollout = stage.start(guardrails=Guardrails(metric_margin=0.01))
        rollouts.append(rollout)
        if end in ("better", "worse"):
            {"better": better, "worse": worse}[end](stage, rollout)
        stage.saw(rollout, "challenger", answers=20)
        if end == "time":
            stage.now = rollout.ends_at
        if end == "stop":
            stop(stage.log, rollout.rollout_id, actor="ben", reason="enough")
        if end == "broken":
            steward.give_up(rollout, "it cannot be loaded")
        steward.tend()
    verdicts = [ending(stage, rollout).outcome.verdict for rollout in rollouts]
    assert verdicts == ["superior", "rolled_back", "completed", "stopped", "rolled_back"]
    assert stage.log.verify_chain() == []
    for entry in stage.log.list():
        assert replay(stage.log, entry.decision_id) == []


def test_an_end_whose_figures_do_not_say_so_is_found_by_replay(stage):
    rollout = stage.start()
    seen = Lookout(stage.store).look(rollout)
    forged = records.Outcome(
        "superior", "it is better", (), seen.totals.as_json(), seen.evidence_as_json()
    )
    decision = records.end(stage.log, rollout, forged, actor="steward")
    found = {difference.where for difference in replay(stage.log, decision.decision_id)}
    assert "verdict" in found
    assert any(where.startswith("checks") for where in found)


def test_an_edited_end_breaks_the_chain(stage, steward):
    rollout = stage.start()
    stage.now = rollout.ends_at
    (decision,) = steward.tend()
    with stage.store.write() as connection:
        connection.execute(
            update(decisions)
            .where(decisions.c.decision_id == decision.decision_id)
            .values(verdict="superior")
        )
    assert stage.log.verify_chain() != []
    assert replay(stage.log, decision.decision_id) != []
