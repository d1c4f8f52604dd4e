"""What is asked about a line beside its code, and what is made of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from domain_stage import contract_of
from hypothesis import given
from hypothesis import strategies as st
from rollout_parts import Recorder

from pipelines.contract import RequestRefused
from pipelines.versions.artifact import Package
from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel, Loaded
from serving.live.validation import SchemaCheck, TargetCheck
from serving.remote.wire import ModelWorkerFailed, NoModelWorker, RedisAway
from serving.review.insight import (
    CATEGORIES,
    CODES,
    Insights,
    Wanted,
    drivers_of,
    share,
    without,
    word_spans,
)
from serving.slots.slots import Slots


class Told:
    """Answers every text by its length, refuses `???`, and counts what it is asked."""

    def __init__(self, text: str, target: str, said: str) -> None:
        self._text, self._target, self.said = text, target, said
        self.asked: list[str] = []

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        texts = [str(instance[self._text]) for instance in instances]
        if "???" in texts:
            raise RequestRefused("nothing to go by")
        self.asked += texts
        row = {self._target: self.said, "confidence": 0.5}
        return [[{**row, "alternatives": [row]}] for _ in texts]

    def close(self) -> None:
        """Nothing is held."""


def put(slots: Slots, model: str, runtime: Told, version: str, cost_ms: float = 0.1) -> None:
    text, target = ("name", "category") if model == CATEGORIES else ("description", "code")
    contract = contract_of(model, text, target)
    loaded = Loaded(
        Package(Path("nowhere"), contract, version * 64),
        runtime,
        SchemaCheck(contract.request_schema),
        TargetCheck(contract),
        golden=(),
        instance_ms=cost_ms,
        instance_bytes=20.0,
    )
    served = ServedModel(model, version, f"d{version}", int(version), version * 64)
    slots.put(LiveModel(served, loaded))


@pytest.fixture
def slots() -> Slots:
    return Slots([CODES, CATEGORIES], Recorder())


def test_a_text_is_asked_once_for_each_version(slots):
    first, second = Told("name", "category", "A"), Told("name", "category", "B")
    insights = Insights(slots)
    wanted = [Wanted("wire", None, None), Wanted("wire", None, None)]

    async def asked() -> list[str]:
        found = []
        for version, runtime in (("1", first), ("1", first), ("2", second)):
            put(slots, CATEGORIES, runtime, version)
            found += [str((await insights.of(wanted))[0].category.value)]
        return found

    assert asyncio.run(asked()) == ["A", "A", "B"]
    assert (first.asked, second.asked) == (["wire"], ["wire"])


def test_one_refused_text_takes_no_other_with_it_and_is_asked_no_more(slots):
    runtime = Told("name", "category", "A")
    put(slots, CATEGORIES, runtime, "1")
    insights = Insights(slots)
    wanted = [Wanted(text, None, "bolt") for text in ("wire", "???", "nail")]

    async def asked() -> list[str | None]:
        for _ in range(2):
            found = await insights.of(wanted)
        return [one.category.value if one.category else None for one in found]

    assert asyncio.run(asked()) == ["A", None, "A"]
    assert sorted(runtime.asked) == ["bolt", "nail", "wire"]


def test_where_nothing_answers_it_is_asked_again_another_time(slots):
    insights = Insights(slots)

    async def asked() -> list[object]:
        before = await insights.of([Wanted("wire", None, None)])
        put(slots, CATEGORIES, Told("name", "category", "A"), "1")
        after = await insights.of([Wanted("wire", None, None)])
        return [before[0].category, after[0].category.value]

    assert asyncio.run(asked()) == [None, "A"]


@pytest.mark.parametrize("away", [NoModelWorker, RedisAway, ModelWorkerFailed])
def test_workers_that_are_away_leave_a_line_without_an_insight_for_now(slots, away):
    class Away(Told):
        gone = True

        def predict(self, instances):
            if self.gone:
                raise away("for a moment")
            return super().predict(instances)

    runtime = Away("name", "category", "A")
    put(slots, CATEGORIES, runtime, "1")
    insights = Insights(slots)

    async def asked() -> list[object]:
        before = await insights.of([Wanted("wire", None, None)])
        runtime.gone = False
        after = await insights.of([Wanted("wire", None, None)])
        return [before[0].category, after[0].category.value]

    assert asyncio.run(asked()) == [None, "A"]


def test_a_model_that_nobody_configured_is_no_fault():
    insights = Insights(Slots([], Recorder()))
    (found,) = asyncio.run(insights.of([Wanted("wire", "A", "bolt")]))
    assert (found.category, found.product_category, found.drivers) == (None, None, ())
    assert asyncio.run(insights.drivers("wire", "A")) == ()


def test_a_slow_version_is_not_asked_for_each_word(slots):
    runtime = Told("description", "code", "A")
    put(slots, CODES, runtime, "1", cost_ms=20.0)
    assert asyncio.run(Insights(slots).drivers("red wire", "A")) == ()
    assert runtime.asked == []


def test_words_looked_up_ahead_are_there_when_the_line_is_asked_for(slots):
    runtime = Told("description", "code", "A")
    put(slots, CODES, runtime, "1")
    insights = Insights(slots)

    async def asked() -> int:
        await insights.prefetch([Wanted("red wire", "A", None), Wanted("red wire", "A", None)])
        (found,) = await insights.of([Wanted("red wire", "A", None)])
        return len(found.drivers)

    assert asyncio.run(asked()) == 2
    assert insights.found == 1
    assert runtime.asked == ["red wire", " wire", "red "]


def test_a_word_weighs_what_the_odds_fall_by_without_it():
    text = "red wire 1/2"
    spans = word_spans(text)
    rows = [
        {"code": "A", "alternatives": [{"code": "A", "confidence": 0.5}]},
        {"code": "A", "alternatives": [{"code": "A", "confidence": 0.5}]},
        {"code": "B", "alternatives": [{"code": "B", "confidence": 0.9}]},
        {"code": "A", "alternatives": [{"code": "A", "confidence": 0.1}]},
    ]

    red, wire, size = drivers_of(text, "A", spans, rows, "code")

    assert (red.text, red.weight) == ("red", 0.0)
    assert wire.weight == 2.197  # at least: B leaves A no more than a tenth
    assert (size.text, size.weight) == ("1/2", 2.197)


@given(st.text())
def test_words_stand_in_the_text_in_order_and_leaving_one_out_leaves_something(text):
    spans = word_spans(text)
    assert spans == sorted(spans)
    for start, end in spans:
        assert text[start:end].strip() == text[start:end] != ""
        assert word_spans(without(text, (start, end)))


@pytest.mark.parametrize(
    ("value", "counted"),
    [(0.5, 0.5), (1, 1.0), (1.0000001, 1.0), (-1, 0.0), (float("nan"), 0.0), (None, 0.0), ("x", 0)],
)
def test_a_confidence_is_a_share_whatever_is_answered(value, counted):
    assert share(value) == counted
