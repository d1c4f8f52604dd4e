"""Histories read together say what each says by itself, and leave to that what is at fault."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest
from demand_stage import small_panel
from hypothesis import given, settings
from hypothesis import strategies as st

from features.temporal import day_of
from pipelines.contract import RequestRefused
from pipelines.families.demand_forecast.histories import pasts_told
from pipelines.families.demand_forecast.panel import HISTORY_DAYS
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.families.demand_forecast.questions import question_of, questions_of

PANEL = small_panel()
MEMORY = Memory(PANEL)
LAST = day_of(PANEL.end - 1)
SAID = {
    "quantity": st.one_of(st.integers(-3, 20), st.floats(0, 9), st.just(0)),
    "promotion": st.one_of(st.booleans(), st.none(), st.floats(0, 1)),
    "price": st.one_of(st.none(), st.just(0), st.floats(0.5, 90), st.just(1e-60)),
    "open": st.one_of(st.booleans(), st.none(), st.just(0.4)),
}
FAULTS: dict[str, st.SearchStrategy[object]] = {
    "date": st.sampled_from(["", None, 7, "2026-13-01", "1066-10-14", "2026-11-20T10:00:00Z"]),
    "quantity": st.sampled_from(["3", 1e10, 10**400, None, float("nan"), [1], True]),
    "promotion": st.sampled_from([2, "yes", float("nan")]),
    "price": st.sampled_from([-1.0, {}, float("inf")]),
    "open": st.sampled_from([-1, 1.5, np.float32(1.0)]),
    "other": st.just(1),
}


@st.composite
def histories(draw: st.DrawFn, odd: bool) -> object:
    if odd and draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([[], None, "text", [3], ({"date": "2026-01-01"},), {}]))
    names = ["quantity", *draw(st.lists(st.sampled_from(["promotion", "price", "open"])))]
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 9]), min_size=1, max_size=40))
    day = LAST - timedelta(days=sum(gaps) - draw(st.integers(0, 3)))
    told: list[dict[str, object]] = []
    for gap in gaps:
        day += timedelta(days=gap)
        told.append({"date": day.isoformat(), **{name: draw(SAID[name]) for name in names}})
    if odd:
        told = draw(st.sampled_from([told, told[::-1], told + told[:1], told[1:] + told[:1]]))
        if draw(st.booleans()) and told:
            place, name = draw(st.integers(0, len(told) - 1)), draw(st.sampled_from([*FAULTS]))
            told[place] = {**told[place], name: draw(FAULTS[name])}
        if draw(st.integers(0, 9)) == 0:
            early = LAST - timedelta(days=HISTORY_DAYS + 400)
            told = [{**told[0], "date": early.isoformat()}, *told]
        if draw(st.integers(0, 9)) == 0 and told:
            told[-1].pop(draw(st.sampled_from([*told[-1]])))
    return told


@st.composite
def requests(draw: st.DrawFn, odd: bool = True) -> dict[str, object]:
    more: dict[str, object] = {}
    if odd and draw(st.integers(0, 4)) == 0:
        start = LAST - timedelta(days=draw(st.integers(0, 30)))
        more["start"] = draw(st.sampled_from([start.isoformat(), "", None, "soon", float("nan")]))
    name = st.sampled_from(["P03", " P01 ", "a stranger"])
    product = draw(st.one_of(name, st.sampled_from(["", None, 3])) if odd else name)
    return {"product_id": product, "horizon": 7, "history": draw(histories(odd)), **more}


def by_itself(instance: dict[str, object], place: int) -> object:
    try:
        return question_of(instance, place, MEMORY)
    except RequestRefused as error:
        return str(error)


def assert_same(found: object, expected: object) -> None:
    assert type(found) is type(expected)
    for field in fields(expected):  # type: ignore[arg-type]
        mine, other = getattr(found, field.name), getattr(expected, field.name)
        if field.name == "past":
            assert mine.keys() == other.keys()
            for name, days in other.items():
                np.testing.assert_array_equal(mine[name], days, err_msg=name)
                assert mine[name].dtype == days.dtype
        elif field.name == "future":
            assert len(mine) == len(other) == 0
        else:
            assert mine == other, field.name


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=6))
def test_together_or_alone_the_same_is_read_and_refused(asked):
    expected = [by_itself(instance, place) for place, instance in enumerate(asked)]
    refused = [told for told in expected if isinstance(told, str)]

    if refused:
        with pytest.raises(RequestRefused) as raised:
            questions_of(asked, MEMORY)
        assert str(raised.value) == refused[0]
    else:
        for found, alone in zip(questions_of(asked, MEMORY), expected, strict=True):
            assert_same(found, alone)


@settings(max_examples=50, deadline=None)
@given(st.lists(requests(odd=False), min_size=1, max_size=6))
def test_what_comes_as_it_mostly_does_is_read_at_once(asked):
    told = pasts_told(asked, MEMORY)

    assert set(told) == set(range(len(asked)))
    for place, past in told.items():
        assert_same(
            question_of(asked[place], place, MEMORY, past), question_of(asked[place], place, MEMORY)
        )


def test_one_that_needs_a_closer_look_leaves_the_others_where_they_were():
    days = [{"date": f"2026-01-{day:02d}", "quantity": day} for day in range(1, 29)]
    plain = {"product_id": "P03", "horizon": 7, "history": days}
    shuffled = {**plain, "history": days[::-1]}
    unsold = {**plain, "history": [{**days[0], "quantity": None}, *days[1:]]}

    told = pasts_told([plain, shuffled, unsold, plain], MEMORY)

    assert set(told) == {0, 3}
    assert_same(question_of(plain, 3, MEMORY, told[3]), question_of(plain, 3, MEMORY))


def test_a_large_crowd_is_read_in_parts():
    asked = [
        {
            "product_id": "P03",
            "horizon": 7,
            "history": [{"date": f"2026-01-{day:02d}", "quantity": day}],
        }
        for day in [*range(1, 29)] * 3
    ]
    told = pasts_told(asked, MEMORY)

    assert [told[place].end for place in range(len(asked))] == [
        question_of(instance, 0, MEMORY).end for instance in asked
    ]
