"""From an undecided verdict to a champion: labels asked for, given, decided by, and replayed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import insert
from stub_family import texts
from stub_lifecycle import Lifecycle

from pipelines.arena.reconciler import Finding, Reconciler
from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.gate.promotion import decide
from pipelines.label_requests import queue
from pipelines.label_requests.campaign import Campaign, open_campaign, verdict_of
from pipelines.label_requests.steward import Steward
from pipelines.labels import Labels
from pipelines.records.replay import replay
from pipelines.records.verdicts import case_of
from pipelines.store import Store, predictions

pytestmark = pytest.mark.slow


def live(store: Store, rows: int, *, seed: int = 77) -> dict[str, str]:
    """Log so many questions as answered, and return what is true of each."""
    asked = texts(rows, seed=seed, noise=0.0)
    with store.write() as connection:
        connection.execute(
            insert(predictions),
            [
                {
                    "prediction_id": uuid.uuid4().hex,
                    "request_id": "r",
                    "model": "stub",
                    "version": "1",
                    "decision_id": "d",
                    "generation": 1,
                    "instance": orjson.dumps({"text": text}).decode(),
                    "answer": "[]",
                    "created_at": datetime.now(UTC).isoformat(),
                }
                for text in asked["text"]
            ],
        )
    return dict(zip(asked["text"], asked["topic"], strict=True))


class Died(BaseException):
    """The process is gone: nobody catches it."""


class MortalLog(DecisionLog):
    """Appends a kind of decision, and then it is over."""

    dies_after = ""

    def append(self, new: NewDecision) -> Decision:
        decision = super().append(new)
        if new.kind == self.dies_after:
            raise Died
        return decision


class Watch:
    """The reconciler with its steward, at a clock that can be moved."""

    def __init__(self, home: Lifecycle) -> None:
        self.now = datetime.now(UTC)
        self.home = home
        self.fresh()

    def fresh(self, dies_after: str = "") -> None:
        """Begin anew, as after a kill, and be killed after some kind of decision."""
        home = self.home
        log = MortalLog(home.store, home.settings.var / "predictions")
        log.dies_after = dies_after
        steward = Steward(
            log,
            home.gate.client,
            home.settings.var / "test_sets",
            clock=lambda: self.now,
            token=lambda: "0123456789abcdef" * 2,
        )
        judge = lambda model, version, trigger: home.gate.judge(model, version, trigger=trigger)  # noqa: E731
        self.reconciler = Reconciler(
            log, home.gate.client, judge, {"stub": "judge"}, labels=steward.look_at
        )

    def look(self) -> list[Finding]:
        return [each for each in self.reconciler.look() if each.kind == "labels"]

    def is_killed_after(self, kind: str) -> None:
        """Look, die after that kind of decision, and be there again."""
        self.fresh(dies_after=kind)
        with pytest.raises(Died):
            self.look()
        self.fresh()


def undecided(home: Lifecycle) -> Decision:
    """A champion, and a challenger that is better on live questions but not credibly on the test
    set."""
    home.judge(home.challenge(vocabulary=30))
    decision = home.judge(home.challenge(vocabulary=31))
    assert decision.verdict == "undecided"
    return decision


def answer(home: Lifecycle, truth: dict[str, str], count: int | None = None) -> int:
    """Give so many of the open labels, in the queue's order; return how many were given."""
    waiting = queue.still_open(home.store, "stub")[:count]
    given = Labels(home.store)
    for request in waiting:
        given.add("stub", request.text, truth[request.text], shown={}, reviewer="ana")
    return len(waiting)


def opened(home: Lifecycle) -> Campaign:
    campaign = open_campaign(home.store, "stub")
    assert campaign is not None
    return campaign


def in_another_order(log: DecisionLog, decision: Decision) -> Decision:
    """Append a verdict that would be right had the campaign put its pool into another order."""
    labels = decision.record["labels"]
    assert isinstance(labels, dict)
    rows = log.load_predictions(str(labels["rows"])).iloc[::-1].reset_index(drop=True)
    known = {key: value for key, value in decision.record.items() if key != "effects"}
    record = known | {"labels": labels | {"rows": log.save_predictions(rows)}}
    ruling = decide(case_of(log, record))
    return log.append(
        NewDecision(
            kind="verdict",
            model=decision.model,
            version=decision.version,
            verdict=ruling.verdict,
            record=record | {"ruling": ruling.as_json()},
        )
    )


def test_an_undecided_challenger_becomes_champion_by_the_labels_it_asked_for(
    lifecycle: Lifecycle,
) -> None:
    verdict, truth = undecided(lifecycle), live(lifecycle.store, 4_000)
    watch = Watch(lifecycle)
    watch.is_killed_after("labels_requested")
    assert queue.still_open(lifecycle.store, "stub") == []
    assert watch.look() == []  # the questions that were recorded are asked now
    campaign = opened(lifecycle)
    assert campaign.updates == verdict.decision_id
    assert campaign.look == (verdict.look or 0) + 1
    requests = queue.still_open(lifecycle.store, "stub")
    assert len(requests) == campaign.asked
    assert {each.stratum for each in requests} == {"agree", "disagree"}
    assert queue.requested(lifecycle.store, "stub", [requests[0].text, "común0"]) == {
        requests[0].text
    }
    assert watch.look() == []

    answer(lifecycle, truth, 4)
    assert watch.look() == []
    assert len(queue.still_open(lifecycle.store, "stub")) == campaign.asked - 4

    given, decided = 4, None
    while decided is None:
        given += answer(lifecycle, truth, 5)
        watch.fresh("verdict")  # killed between the label and what follows from it
        try:
            assert watch.look() == []
        except Died:
            decided = verdict_of(lifecycle.store, campaign)
    assert lifecycle.alias() == "1"
    watch.is_killed_after("labels_closed")
    assert lifecycle.alias() == "2"
    assert watch.look() == []
    assert given < campaign.asked
    head = lifecycle.log.head("stub")
    assert head is not None
    assert head.decision_id == decided.decision_id
    assert (decided.kind, decided.verdict, decided.look) == ("verdict", "promoted", None)
    assert decided.record["labels"]["updates"] == verdict.decision_id  # type: ignore[index]
    assert open_campaign(lifecycle.store, "stub") is None
    assert queue.still_open(lifecycle.store, "stub") == []
    for entry in lifecycle.log.list():
        assert replay(lifecycle.log, entry.decision_id) == []
    assert lifecycle.log.verify_chain() == []
    assert lifecycle.judge("1").verdict is not None  # the next look at the test set is the third
    assert lifecycle.log.looks(campaign.test_set_id) == campaign.look + 1


def test_labels_that_speak_for_the_champion_refuse_the_challenger(lifecycle: Lifecycle) -> None:
    undecided(lifecycle)
    live(lifecycle.store, 4_000)
    watch = Watch(lifecycle)
    (asked,) = watch.look()
    assert "labels are asked for to decide on version 2" in asked.message
    for request in queue.still_open(lifecycle.store, "stub"):
        said = request.answers["champion"]
        Labels(lifecycle.store).add("stub", request.text, said, shown={}, reviewer="ana")
    (done,) = watch.look()
    assert "rejected" in done.message
    assert lifecycle.alias() == "1"
    again = lifecycle.judge("2")
    assert (again.verdict, again.decision_id) == ("rejected", done.decision_id)
    assert watch.look() == []
    assert replay(lifecycle.log, again.decision_id) == []
    differing = replay(lifecycle.log, in_another_order(lifecycle.log, again).decision_id)
    assert {each.where.partition("[")[0] for each in differing} >= {"labels.group", "labels.queue"}


def test_waiting_ends_with_the_deadline(lifecycle: Lifecycle) -> None:
    undecided(lifecycle)
    truth = live(lifecycle.store, 4_000)
    watch = Watch(lifecycle)
    watch.look()
    answer(lifecycle, truth, 6)
    assert watch.look() == []
    watch.now += timedelta(days=15)
    (done,) = watch.look()
    decided = lifecycle.log.get(str(done.decision_id))
    assert decided.verdict == "undecided"
    assert replay(lifecycle.log, decided.decision_id) == []
    assert open_campaign(lifecycle.store, "stub") is None
    assert watch.look() == []  # it has asked, and asks no second time
