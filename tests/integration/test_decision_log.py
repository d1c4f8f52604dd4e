"""The decision log on both databases it is made for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson
import pandas as pd
import pytest
from sqlalchemy import delete, insert, select, update

from pipelines.decisions import chain
from pipelines.decisions.log import Conflict, DecisionLog, NewDecision, UnknownDecision
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.store import decisions, open_store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


pytestmark = pytest.mark.both_databases


@pytest.fixture
def log(store, tmp_path):
    return DecisionLog(store, tmp_path / "predictions", clock=lambda: NOON)


def promotion(version, expected=0, **changes):
    known = {
        "kind": "verdict",
        "model": "codes",
        "version": version,
        "verdict": "promoted",
        "artifact_digest": f"digest-{version}",
        "expected_generation": expected,
        "becomes_champion": True,
        "record": {"why": f"version {version} is better"},
    }
    return NewDecision(**(known | changes))


def test_before_the_first_promotion_there_is_no_champion(log):
    assert log.head("codes") is None
    assert log.list() == []
    assert log.verify_chain() == []


def test_a_promotion_makes_the_next_generation_and_remembers_the_way_back(log):
    log.append(promotion("1"))
    decision = log.append(promotion("2", expected=1))
    champion = log.head("codes")
    assert champion is not None
    assert (champion.version, champion.generation, champion.rollback_to) == ("2", 2, "1")
    assert champion.decision_id == decision.decision_id
    assert champion.artifact_digest == "digest-2"
    assert decision.record["effects"] == {
        "alias_before": "1",
        "alias_after": "2",
        "generation": 2,
        "rollback_to": "1",
    }


def test_a_verdict_that_promotes_nobody_leaves_the_champion(log):
    log.append(promotion("1"))
    log.append(promotion("2", 1, verdict="rejected", becomes_champion=False))
    champion = log.head("codes")
    assert champion is not None
    assert (champion.version, champion.generation) == ("1", 1)


def test_a_decision_against_a_champion_that_has_moved_is_a_conflict_and_leaves_no_trace(log):
    log.append(promotion("1"))
    log.append(promotion("2", expected=1))
    for late in (promotion("3", 1), promotion("3", 1, verdict="rejected", becomes_champion=False)):
        with pytest.raises(Conflict, match="generation 2 is champion now"):
            log.append(late)
    assert len(log.list()) == 2


def test_models_have_champions_of_their_own(log):
    log.append(promotion("7"))
    log.append(promotion("1", model="categories"))
    assert log.head("codes").version == "7"
    assert log.head("categories").generation == 1
    assert [entry.model for entry in log.list("categories")] == ["categories"]


def test_a_champion_needs_the_digest_of_its_package(log):
    with pytest.raises(ValueError, match="digest"):
        log.append(promotion("1", artifact_digest=None))


def test_after_a_rollback_the_way_back_does_not_lead_to_what_was_rolled_back(log):
    for version in ("1", "2", "3"):
        log.append(promotion(version, expected=int(version) - 1))
    log.append(promotion("2", 3, kind="rollback", verdict=None))
    champion = log.head("codes")
    assert (champion.version, champion.generation, champion.rollback_to) == ("2", 4, "1")
    log.append(promotion("1", 4, kind="rollback", verdict=None))
    assert log.head("codes").rollback_to is None


def test_each_look_at_a_test_set_is_taken_once_and_in_order(log):
    judged = {"verdict": "rejected", "becomes_champion": False, "test_set_id": "t-1"}
    log.append(promotion("1", look=1, **judged))
    log.append(promotion("2", look=2, **judged))
    for look in (1, 2, 4):
        with pytest.raises(Conflict, match="next is 3"):
            log.append(promotion("3", look=look, **judged))
    log.append(promotion("3", look=None, **judged))
    assert log.looks("t-1") == 2
    assert log.looks("t-2") == 0


def test_two_judges_at_once_never_take_the_same_look_or_generation(store_address, tmp_path):
    stores = [open_store(store_address) for _ in range(4)]
    logs = [DecisionLog(store, tmp_path) for store in stores]

    def judge(place):
        for _ in range(5):
            champion = logs[place].head("codes")
            generation = champion.generation if champion else 0
            try:
                look = logs[place].looks("t-1") + 1
                logs[place].append(promotion("1", generation, look=look, test_set_id="t-1"))
                taken.append(look)
            except Conflict:
                conflicts.append(place)

    taken, conflicts = [], []
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(judge, place) for place in range(4)]:
            done.result()
    assert sorted(taken) == list(range(1, len(taken) + 1))
    assert len(taken) + len(conflicts) == 20
    assert logs[0].head("codes").generation == len(taken)
    assert logs[0].verify_chain() == []
    for opened in stores:
        opened.close()


def test_the_latest_admission_of_a_version_counts(log):
    assert log.admitted("codes", "1") is None
    log.append(NewDecision("admitted", "codes", {}, version="1", artifact_digest="aaa"))
    log.append(NewDecision("admitted", "codes", {}, version="2", artifact_digest="bbb"))
    log.append(NewDecision("admitted", "codes", {}, version="1", artifact_digest="ccc"))
    assert log.admitted("codes", "1") == "ccc"
    assert log.admitted("codes", "2") == "bbb"
    assert log.admitted("categories", "1") is None


def test_a_decision_is_read_back_as_it_was_returned(log):
    returned = log.append(
        promotion("1", record={"p": 0.1 + 0.2, "words": "más ñandú", "none": None})
    )
    assert log.get(returned.decision_id) == returned
    assert returned.created_at.startswith("2026-11-21T12:00:00")
    assert log.list(limit=1) == [returned]


def test_an_unknown_decision_is_named(log):
    with pytest.raises(UnknownDecision, match="d000099"):
        log.get("d000099")


def test_decisions_are_listed_newest_first(log):
    for version in ("1", "2", "3"):
        log.append(promotion(version, expected=int(version) - 1))
    assert [entry.version for entry in log.list("codes", limit=2)] == ["3", "2"]


@pytest.fixture
def three(log):
    for version in ("1", "2", "3"):
        log.append(promotion(version, expected=int(version) - 1))
    return log


def test_an_edited_record_breaks_the_chain(three, store):
    second = three.list()[1]
    forged = orjson.dumps(second.record | {"why": "because I say so"}).decode()
    change = update(decisions).where(decisions.c.seq == 2).values(record=forged)
    with store.write() as connection:
        connection.execute(change)
    assert any("entry 2" in problem and "changed" in problem for problem in three.verify_chain())


@pytest.mark.parametrize(
    ("column", "value"), [("verdict", "rejected"), ("version", "9"), ("artifact_digest", "evil")]
)
def test_an_edited_column_breaks_the_chain(three, store, column, value):
    with store.write() as connection:
        connection.execute(update(decisions).where(decisions.c.seq == 2).values(**{column: value}))
    assert three.verify_chain() == [
        f"entry 2 ({three.list()[1].decision_id}): column {column} was changed"
    ]


@pytest.mark.parametrize(("column", "forged"), [("look", 3), ("generation", 5)])
def test_a_look_or_generation_left_out_breaks_the_chain_though_the_entry_was_sealed_again(
    log, store, column, forged
):
    log.append(promotion("1", look=1, test_set_id="t-1"))
    last = log.append(promotion("2", expected=1, look=2, test_set_id="t-1"))
    text = chain.canonical({**last.record, column: forged})
    change = update(decisions).where(decisions.c.seq == last.seq)
    with store.write() as connection:
        connection.execute(change.values(record=text, hash=chain.digest(text), **{column: forged}))
    of = {"look": "t-1", "generation": "codes"}[column]
    (problem,) = log.verify_chain()
    assert problem.endswith(f"{column} {forged} of {of} follows {column} 1")


def test_a_removed_entry_breaks_the_chain(three, store):
    with store.write() as connection:
        connection.execute(delete(decisions).where(decisions.c.seq == 2))
    assert any("entry 2 is missing" in problem for problem in three.verify_chain())


def test_an_inserted_entry_breaks_the_chain(three, store):
    with store.write() as connection:
        row = dict(connection.execute(select(decisions)).mappings().first())
        row |= {"seq": 4, "decision_id": "d4", "generation": 4, "prev_hash": "x", "hash": "y"}
        connection.execute(insert(decisions).values(**row))
    assert len(three.verify_chain()) >= 2


def test_predictions_are_kept_once_and_come_back_the_same(log, tmp_path):
    frame = pd.DataFrame({"correct": [1.0, 0.0], "group": ["a", "ñ"]})
    frame.index.name = "request"
    sha256 = log.save_predictions(frame)
    assert log.save_predictions(frame) == sha256
    assert len(list((tmp_path / "predictions").iterdir())) == 1
    pd.testing.assert_frame_equal(log.load_predictions(sha256), frame)


def test_damaged_or_missing_predictions_are_refused(log, tmp_path):
    sha256 = log.save_predictions(pd.DataFrame({"correct": [1.0]}))
    path = tmp_path / "predictions" / f"{sha256}.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PredictionsDamaged, match="other bytes"):
        log.load_predictions(sha256)
    with pytest.raises(PredictionsDamaged, match="missing"):
        log.load_predictions("0" * 64)
