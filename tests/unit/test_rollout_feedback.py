"""Feedback becomes evidence: the right answers, each unit once, whenever it comes."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from told_rollouts import Stage

from pipelines.rollouts.feedback import SETTLED_SECONDS, FeedbackReader, note_units
from pipelines.rollouts.plan import Step
from pipelines.store import feedback

pytestmark = pytest.mark.both_databases


@pytest.fixture
def stage(store, tmp_path):
    return Stage.open(store, tmp_path / "predictions")


def read(stage, rollout):
    return FeedbackReader(stage.store, rollout).read()


def counts(evidence):
    return (evidence.champion.count, evidence.challenger.count)


def test_each_side_gets_the_losses_of_its_own_answers(stage):
    rollout = stage.start()
    for version, right in (("1", True), ("1", False), ("2", False)):
        stage.judge(rollout, version, right)
    evidence = read(stage, rollout)
    assert counts(evidence) == (2, 1)
    assert (evidence.champion.mean, evidence.challenger.mean) == (0.5, 1.0)
    assert evidence.tested == 3


def test_what_was_not_drawn_for_a_side_says_nothing(stage):
    head = stage.log.head("codes").decision_id
    rollout = stage.start()
    stage.hear(head, "1", {"code": "A"}, "B")
    stage.hear("d000777-abcdef", "2", {"code": "A"}, "B")
    stage.judge(rollout, "3", right=False)
    assert counts(read(stage, rollout)) == (0, 0)


def test_new_feedback_is_taken_once_and_a_new_reader_finds_the_same(stage):
    rollout = stage.start()
    reader = FeedbackReader(stage.store, rollout)
    for number in range(5):
        stage.judge(rollout, "1", right=number % 2 == 0)
        reader.read()
    stage.judge(rollout, "2", right=False)
    assert reader.read() == read(stage, rollout)
    assert counts(reader.read()) == (5, 1)


def test_many_rows_are_read_in_pages_in_which_nothing_is_lost(stage, monkeypatch):
    monkeypatch.setattr("pipelines.rollouts.feedback.ROWS_A_QUERY", 3)
    monkeypatch.setattr("pipelines.rollouts.feedback.NAMES_A_QUERY", 2)
    rollout = stage.start()
    for _ in range(10):
        stage.judge(rollout, "2", right=True)
    assert counts(read(stage, rollout)) == (0, 10)


def test_feedback_of_one_moment_is_not_lost_between_pages(stage, monkeypatch):
    monkeypatch.setattr("pipelines.rollouts.feedback.ROWS_A_QUERY", 2)
    rollout = stage.start()
    moment = stage.now + 10
    for _ in range(7):
        stage.judge(rollout, "2", right=True, after=moment - stage.now - 0.001)
    assert counts(read(stage, rollout)) == (0, 7)


def test_feedback_before_its_prediction_is_drained_is_heard_later(stage):
    rollout = stage.start()
    reader = FeedbackReader(stage.store, rollout)
    early = stage.hear("elsewhere", "2", {"code": "A"}, "B", index=1)
    with stage.store.write() as connection:
        connection.execute(update(feedback).values(prediction_id=f"{early}-0"))
    stage.judge(rollout, "1", right=True)
    assert counts(reader.read()) == (1, 0)
    stage.log_answer(rollout.rollout_id, "2", {"code": "A"}, None, early, 0)
    assert counts(reader.read()) == (1, 1)


def test_a_clock_that_was_set_back_hides_no_feedback(stage):
    rollout = stage.start()
    reader = FeedbackReader(stage.store, rollout, clock=stage.clock)
    stage.now += 3_600
    stage.judge(rollout, "1", right=True)
    stage.now += SETTLED_SECONDS + 1
    assert counts(reader.read()) == (1, 0)
    stage.now -= 1_800
    for _ in range(2):
        stage.judge(rollout, "2", right=True)
        stage.now += SETTLED_SECONDS + 1
        reader.read()
    assert counts(reader.read()) == (1, 2)


def test_a_unit_counts_once_by_its_entity(stage):
    rollout = stage.start(entity="customer")
    for right in (False, True, True):
        stage.judge(rollout, "2", right, instance={"customer": 7, "text": str(right)})
    stage.judge(rollout, "2", right=True, instance={"customer": 8})
    evidence = read(stage, rollout)
    assert counts(evidence) == (0, 2)
    assert evidence.challenger.total == 1.0


def test_a_unit_counts_once_by_what_it_asks(stage):
    rollout = stage.start()
    for _ in range(3):
        stage.judge(rollout, "2", right=False, instance={"text": "pintura"})
    assert counts(read(stage, rollout)) == (0, 1)


def test_a_unit_counts_once_by_the_name_it_gave(stage):
    rollout = stage.start()
    requests = [stage.judge(rollout, "2", right=True) for _ in range(4)]
    named = dict.fromkeys(requests[:3], "shop-\ud800-7")
    note_units(stage.store, rollout.rollout_id, named)
    note_units(stage.store, rollout.rollout_id, named)
    note_units(stage.store, "d000777-abcdef", {requests[3]: "shop-7"})
    assert counts(read(stage, rollout)) == (0, 2)


def test_feedback_waits_until_it_is_known_whether_the_caller_named_a_unit(stage):
    rollout = stage.start()
    reader = FeedbackReader(stage.store, rollout, clock=stage.clock)
    requests = [stage.judge(rollout, "2", right=False) for _ in range(3)]
    assert counts(reader.read()) == (0, 0)
    note_units(stage.store, rollout.rollout_id, dict.fromkeys(requests, "shop-7"))
    stage.now += SETTLED_SECONDS + 1
    assert counts(reader.read()) == (0, 1)


def test_instances_of_one_request_are_one_unit_by_the_first_of_them(stage):
    rollout = stage.start()
    request = stage.judge(rollout, "2", right=True, instance={"text": "pintura"})
    stage.judge(rollout, "2", right=False, request=request, index=3, instance={"text": "lija"})
    assert counts(read(stage, rollout)) == (0, 1)
    other = "f" * 32
    stage.log_answer(rollout.rollout_id, "2", {"code": "A"}, {"text": "pintura"}, other, 0)
    stage.judge(rollout, "2", right=False, request=other, index=1, instance={"text": "clavo"})
    assert counts(read(stage, rollout)) == (0, 1)


def test_an_unusable_word_leaves_the_unit_to_the_next(stage):
    rollout = stage.start(entity="customer")
    stage.hear(rollout.rollout_id, "2", {"code": None}, "A", instance={"customer": 7})
    stage.hear(rollout.rollout_id, "2", {"code": "A"}, "A", instance={"customer": 7})
    assert counts(read(stage, rollout)) == (0, 1)


def test_the_share_of_the_stage_in_which_a_unit_was_answered_weighs_it(stage):
    rollout = stage.start(share=0.5, ramp=(Step(0.1, 60),), challenger="2")
    stage.judge(rollout, "2", right=False)
    early = read(stage, rollout).difference.total
    stage.now += 100
    stage.judge(rollout, "2", right=False)
    both = read(stage, rollout).difference.total
    # (loss - usual) / share, with usual 1/2 and then (1/2 + 1) / 2, mapped by the narrowest share.
    assert early == pytest.approx((0.5 / 0.1 * 0.1 + 1) / 2)
    assert both - early == pytest.approx((0.25 / 0.5 * 0.1 + 1) / 2)


def test_choices_are_won_by_who_put_the_item_there(stage):
    rollout = stage.start(mode="interleaving", metric="choices", entity="customer")
    teams = [{"item_id": "p1", "team": "champion"}, {"item_id": "p2", "team": "challenger"}]
    answer = {"items": [*teams, {"item_id": "p3", "team": None}]}
    for customer, chosen in enumerate(["p1", "p2", "p2", "p3", "p9"]):
        instance = {"customer": customer}
        stage.hear(rollout.rollout_id, "1", answer, {"chosen": chosen}, instance=instance)
    stage.hear(rollout.rollout_id, "1", answer, {"chosen": "p1"}, instance={"customer": 1})
    evidence = read(stage, rollout)
    assert (evidence.champion_wins, evidence.challenger_wins) == (1, 2)


@pytest.mark.parametrize("changes", [{"mode": "shadow"}, {"mode": "canary", "metric": None}])
def test_where_nothing_is_compared_nothing_is_read(stage, changes):
    rollout = stage.start(**changes)
    stage.judge(rollout, "1", right=False)
    assert counts(read(stage, rollout)) == (0, 0)
