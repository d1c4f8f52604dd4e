"""Labels on request: the pool, the draw, the queue, and campaigns in the log."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from sqlalchemy import insert

from features.splits import pool_of
from features.text import group_key
from pipelines import catalog
from pipelines.decisions.log import Conflict, DecisionLog, NewDecision
from pipelines.gate.draw import drawn, turn
from pipelines.gate.leakage import keys_of
from pipelines.label_requests import queue
from pipelines.label_requests.asking import NotAsked, answered
from pipelines.label_requests.campaign import (
    Campaign,
    awaiting,
    campaign_of,
    close,
    open_campaign,
    opening,
)
from pipelines.label_requests.pool import eligible, live_questions
from pipelines.label_requests.queue import LabelRequest
from pipelines.label_requests.steward import Steward
from pipelines.labels import Labels
from pipelines.records.replay import replay
from pipelines.registry.client import RegistryClient
from pipelines.store import Store, predictions

pytestmark = pytest.mark.both_databases
MODEL = "stub"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXTS = [text for text in (f"clavo {n}" for n in range(80)) if pool_of(group_key(text), MODEL)]
TESTED = [text for text in TEXTS if pool_of(group_key(text), MODEL) == "test"]


@pytest.fixture
def log(store: Store, tmp_path: Path) -> DecisionLog:
    return DecisionLog(store, tmp_path / "predictions")


def asked(store: Store, text: object, at: datetime = NOW) -> None:
    with store.write() as connection:
        connection.execute(
            insert(predictions).values(
                prediction_id=uuid.uuid4().hex,
                request_id="r",
                model=MODEL,
                version="1",
                decision_id="d",
                generation=1,
                instance=orjson.dumps({"text": text}).decode(),
                answer="[]",
                created_at=at.isoformat(),
            )
        )


def undecided(log: DecisionLog, look: int = 1):
    return log.append(
        NewDecision(
            kind="verdict",
            model=MODEL,
            version="2",
            verdict="undecided",
            test_set_id="t1",
            look=look,
            artifact_digest="b",
        )
    )


def champion(log: DecisionLog, version: str = "1"):
    return log.append(
        NewDecision(
            kind="override",
            model=MODEL,
            version=version,
            artifact_digest="a",
            becomes_champion=True,
        )
    )


def campaign(log: DecisionLog, look: int = 2, generation: int = 1) -> Campaign:
    record = {
        "pool": "0" * 64,
        "strata": {"disagree": 20, "agree": 80},
        "asked": {"disagree": 2, "agree": 1},
        "unjudged": 0,
        "stopping_rule": {"rule": "superiority", "alpha": 0.01},
        "deadline": (NOW + timedelta(days=14)).isoformat(),
    }
    return campaign_of(
        log.append(opening(undecided_of(log), record, look=look, generation=generation))
    )


def undecided_of(log: DecisionLog):
    return log.get(awaiting(log.store, MODEL)[0])


def request(place: int, text: str, campaign_id: str = "d1") -> LabelRequest:
    return LabelRequest(campaign_id, place, MODEL, text, "disagree", 2.0, {"champion": "a"})


def test_live_questions_are_each_counted_once_however_they_are_spelt(store):
    one, other = TESTED[:2]
    for text in (one, one.title(), one.upper(), f"  {one}", "", 7, None, "x" * 3_000):
        asked(store, text)
    asked(store, other, NOW - timedelta(days=100))
    found = live_questions(store, MODEL, "text", NOW - timedelta(days=90))
    assert found == {group_key(one): {"text": f"  {one}"}}


def test_of_too_many_questions_the_newest_are_read_and_not_the_first_of_the_alphabet(
    store, monkeypatch
):
    monkeypatch.setattr("pipelines.label_requests.pool.READ_LIMIT", 3)
    for days, text in enumerate(reversed(sorted(TESTED)[:6])):
        asked(store, text, NOW - timedelta(days=days))
    found = live_questions(store, MODEL, "text", NOW - timedelta(days=90))
    assert set(found) == {group_key(text) for text in sorted(TESTED)[3:6]}


def test_only_unlabelled_questions_of_the_test_pool_that_nobody_was_trained_on_are_eligible():
    groups = {group_key(text): text for text in TEXTS}
    found = eligible(groups, MODEL, known=[], trained=[], seed="s")
    assert sorted(found) == sorted(group_key(text) for text in TESTED)
    known, taught = TESTED[0], TESTED[1]
    left = eligible(groups, MODEL, known=[known], trained=[keys_of([taught])], seed="s")
    assert set(found) - set(left) == {group_key(known), group_key(taught)}


def test_the_order_is_the_seeds_and_nobody_elses():
    groups = {group_key(text): text for text in TEXTS}
    first = eligible(groups, MODEL, known=[], trained=[], seed="s")
    again = eligible(dict(reversed(groups.items())), MODEL, known=[], trained=[], seed="s")
    other = eligible(groups, MODEL, known=[], trained=[], seed="t")
    assert first == again
    assert first != other


def pool(disagree: int, agree: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    differ = rng.permutation(np.repeat([True, False], [disagree, agree]))
    return pd.DataFrame({"champion": "a", "challenger": np.where(differ, "b", "a")})


@pytest.mark.parametrize(
    ("disagree", "agree", "of_disagree", "of_agree"),
    [(400, 3_000, 160, 40), (40, 3_000, 40, 10), (400, 3, 197, 3), (5, 500, 5, 1), (0, 50, 0, 1)],
)
def test_a_fifth_of_the_labels_is_asked_for_where_the_models_agree(
    disagree, agree, of_disagree, of_agree
):
    rows = drawn(pool(disagree, agree), 200, "seed")
    counts = rows[rows["asked"]]["stratum"].value_counts()
    assert (counts.get("disagree", 0), counts.get("agree", 0)) == (of_disagree, of_agree)
    asked_rows = rows[rows["asked"]]
    assert sorted(asked_rows["queue"]) == list(range(len(asked_rows)))
    assert (rows.loc[~rows["asked"], "queue"] == -1).all()
    for stratum, size in (("disagree", disagree), ("agree", agree)):
        weights = asked_rows.loc[asked_rows["stratum"] == stratum, "weight"]
        assert weights.sum() == pytest.approx(size if len(weights) else 0)


def test_disagreeing_questions_are_asked_in_the_order_of_the_pool_mixed_with_others():
    rows = drawn(pool(400, 3_000), 200, "seed")
    differ = rows[rows["asked"] & (rows["stratum"] == "disagree")]
    assert differ["queue"].is_monotonic_increasing
    assert differ["queue"].max() > 170  # the others are not simply at the end
    assert differ.index.max() < 3_400


def test_a_request_is_open_until_any_spelling_of_it_is_labelled(store):
    queue.publish(store, "d1", [request(0, TESTED[0]), request(1, TESTED[1])])
    assert queue.requested(store, MODEL, [TESTED[0].upper(), "martillo"]) == {TESTED[0].upper()}
    Labels(store).add(MODEL, f"  {TESTED[0]} ", "b", shown={}, reviewer="ana")
    assert queue.requested(store, MODEL, [TESTED[0]]) == set()
    assert [each.text for each in queue.still_open(store, MODEL)] == [TESTED[1]]
    found = queue.find(store, MODEL, TESTED[0])
    assert found is not None
    assert found.weight == 2.0


class Failing:
    """A version that meets a question its author never thought of."""

    def predict(self, instances):
        raise KeyError(instances[0]["description"])

    def close(self) -> None:
        """Hold nothing."""


def test_a_version_that_fails_at_live_questions_is_a_reason_and_no_end_of_the_watch(monkeypatch):
    monkeypatch.setattr("pipelines.label_requests.asking.open_runtime", lambda _: Failing())
    family = catalog.family("product_codes")
    with pytest.raises(NotAsked, match="the challenger fails at live questions: KeyError: 'odd'"):
        answered({"challenger": None}, family, [{"description": "odd"}])  # type: ignore[dict-item]


def test_a_label_that_corrects_a_persons_answer_leaves_its_question_open(store):
    queue.publish(store, "d1", [request(0, TESTED[0])])
    Labels(store).add(MODEL, TESTED[0], "b", shown={"blind": True}, reviewer="ana")
    assert queue.still_open(store, MODEL) == []
    Labels(store).add(MODEL, TESTED[0], "c", shown={"confirmed": True}, reviewer="eva")
    assert [each.text for each in queue.still_open(store, MODEL)] == [TESTED[0]]
    assert queue.requested(store, MODEL, [TESTED[0]]) == {TESTED[0]}


def test_of_many_labels_only_those_since_the_campaign_are_read(log):
    champion(log)
    undecided(log)
    found, opened = campaign(log), datetime.now(UTC)
    queue.publish(log.store, found.campaign_id, [request(0, TESTED[0], found.campaign_id)])
    days_ago = Labels(log.store, clock=lambda: opened - timedelta(days=2))
    days_ago.add(MODEL, TESTED[1], "b", shown={}, reviewer="ana")
    just_now = Labels(log.store, clock=lambda: opened - timedelta(minutes=5))
    label = just_now.add(MODEL, TESTED[0], "b", shown={}, reviewer="ana")
    assert queue.labels_since(log.store, MODEL, found.opened_at) == [label]
    assert queue.still_open(log.store, MODEL) == []
    assert len(queue.labels_since(log.store, MODEL, None)) == 2


def test_a_queue_is_filled_once_and_emptied_for_good(store):
    assert queue.publish(store, "d1", [request(0, TESTED[0])])
    assert not queue.publish(store, "d1", [request(0, TESTED[0]), request(1, TESTED[1])])
    assert len(queue.asked(store, "d1")) == 1
    queue.clear(store, MODEL)
    queue.clear(store, MODEL)
    assert queue.still_open(store, MODEL) == []


def test_a_campaign_takes_a_look_and_there_is_one_at_a_time(log):
    champion(log)
    undecided(log)
    first = campaign(log)
    assert log.looks("t1") == 2
    assert open_campaign(log.store, MODEL) == first
    verdict = undecided(log, look=3)
    with pytest.raises(Conflict, match="waited for already"):
        log.append(opening(verdict, {}, look=4, generation=1))
    close(log, first, "stopped", reason="enough", actor="ana")
    assert open_campaign(log.store, MODEL) is None
    with pytest.raises(Conflict, match="waited for no more"):
        close(log, first, "stopped", reason="enough", actor="ana")


def test_a_campaign_is_not_opened_for_another_champion_or_a_taken_look(log):
    champion(log)
    verdict = undecided(log)
    with pytest.raises(Conflict):
        log.append(opening(verdict, {}, look=1, generation=1))
    champion(log, "3")
    with pytest.raises(Conflict):
        log.append(opening(verdict, {}, look=2, generation=1))


def test_only_undecided_verdicts_against_todays_champion_await_labels(log):
    champion(log)
    old = undecided(log)
    assert awaiting(log.store, MODEL) == [old.decision_id]
    campaign(log)
    assert awaiting(log.store, MODEL) == []
    newer = undecided(log, look=3)
    assert awaiting(log.store, MODEL) == [newer.decision_id]
    champion(log, "3")
    assert awaiting(log.store, MODEL) == []


def test_a_campaign_ends_when_another_version_is_champion(log, tmp_path):
    champion(log)
    undecided(log)
    waiting = campaign(log)
    queue.publish(log.store, waiting.campaign_id, [request(0, TESTED[0], waiting.campaign_id)])
    steward = Steward(
        log, RegistryClient("http://127.0.0.1:9"), tmp_path / "test_sets", clock=lambda: NOW
    )
    champion(log, "3")
    (done,) = steward.look_at(MODEL)
    assert "another version is champion" in done.message
    assert log.get(done.decision_id).verdict == "superseded"
    assert queue.still_open(log.store, MODEL) == []
    assert steward.look_at(MODEL) == []


def test_what_labels_have_decided_is_not_stopped_any_more(log):
    champion(log)
    undecided(log)
    found = campaign(log)
    labels = {"campaign": found.campaign_id}
    log.append(
        NewDecision(
            kind="verdict", model=MODEL, version="2", verdict="rejected", record={"labels": labels}
        )
    )
    with pytest.raises(Conflict, match="has decided it already"):
        close(log, found, "stopped", reason="nobody has time", actor="ana")
    assert close(log, found, "decided", reason="r", actor="the gate").verdict == "decided"


def requested_labels(log: DecisionLog, seed: str = "s"):
    """A request whose record holds its draw."""
    rows = pool(60, 300)
    rows.insert(0, "group", sorted((f"q{n}" for n in range(360)), key=lambda q: turn("s", q)))
    rows = drawn(rows, 100, "s")
    return log.append(
        NewDecision(
            kind="labels_requested",
            model=MODEL,
            record={
                "pool": log.save_predictions(rows),
                "seed": seed,
                "strata": {"disagree": 60, "agree": 300},
                "asked": {"disagree": 60, "agree": 15},
                "stopping_rule": {"most_labels": 100},
            },
        )
    )


def test_the_questions_of_a_campaign_are_drawn_again_by_a_replay(log):
    assert replay(log, requested_labels(log).decision_id) == []
    moved = replay(log, requested_labels(log, seed="other").decision_id)
    assert any(each.where.startswith("order") for each in moved)


def test_a_pool_that_is_gone_does_not_replay(log, tmp_path):
    decision = requested_labels(log)
    (tmp_path / "predictions" / f"{decision.record['pool']}.parquet").unlink()
    (found,) = replay(log, decision.decision_id)
    assert found.where == "pool"
