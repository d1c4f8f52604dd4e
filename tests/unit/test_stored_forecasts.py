"""Stored days come with every request about their product: made once, read once a version."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from weakref import ref

import numpy as np
import pytest
from demand_stage import small_answering, small_panel

from features.sales_history import ToldDays
from pipelines.families.demand_forecast import pasts, questions
from pipelines.families.demand_forecast.answering import Answering
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.orders import stored_sales
from pipelines.orders.stored_sales import StoredSales, write_sales


@pytest.fixture(scope="module")
def answering() -> Answering:
    return small_answering()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the histories that are read."""
    seen: list[int] = []
    read = questions.entries_of

    def noted(rows, where, *, sold):
        if sold and rows:
            seen.append(len(rows))
        return read(rows, where, sold=sold)

    monkeypatch.setattr(questions, "entries_of", noted)
    return seen


def stored(folder: Path, days: int = 420) -> StoredSales:
    write_sales(folder, small_panel(days=days), "state", "2026-11-21T00:00:00")
    return StoredSales(folder)


def asked(days: object, **more: object) -> dict[str, object]:
    return {"product_id": "P03", "horizon": 7, "history": days, **more}


def test_a_product_asked_about_again_is_told_by_the_same_days(tmp_path: Path) -> None:
    sales = stored(tmp_path)
    assert sales.of("P03") is sales.of("P03")
    assert sales.of("unheard of") is None


def test_days_of_another_writing_are_made_anew(tmp_path: Path) -> None:
    sales = stored(tmp_path)
    before = sales.of("P03")
    stored(tmp_path, days=421)
    after = sales.of("P03")
    assert before
    assert after
    assert after.reference["until"] > before.reference["until"]


def test_those_asked_about_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_sales, "PRODUCTS_REMEMBERED", 2)
    sales = stored(tmp_path)
    first, second = sales.of("P01"), sales.of("P02")
    assert sales.of("P01") is first
    sales.of("P03")
    assert sales.of("P01") is first
    assert sales.of("P02") is not second


def test_stored_days_are_read_once_and_answered_as_if_they_were_sent(
    tmp_path: Path, answering: Answering, reads: list[int]
) -> None:
    told = stored(tmp_path).of("P03")
    assert told
    for more in ({}, {"promotion_active": True}, {"horizon": 40}, {"category": "b"}):
        sent = answering.answers([asked(list(told.days), **more)])
        assert answering.answers([asked(told.days, **more)]) == sent
    # What is sent is read at once with what others send, and by this only where it needs care.
    assert len(reads) == 1


def test_days_before_a_start_are_read_for_themselves(
    tmp_path: Path, answering: Answering, reads: list[int]
) -> None:
    told = stored(tmp_path).of("P03")
    assert told
    later = answering.answers([asked(told.days)])
    start = {"start": "2026-02-01"}
    sent = answering.answers([asked(list(told.days), **start)])
    assert answering.answers([asked(told.days, **start)]) == sent != later
    assert answering.answers([asked(told.days)]) == later
    assert len(reads) == 3


def test_another_version_fills_in_what_it_remembers_itself(answering: Answering) -> None:
    panel = small_panel()
    days = [{"date": f"2026-01-{day:02d}", "quantity": 5.0} for day in range(1, 32)]
    promoted = Memory(replace(panel, promotion=np.ones_like(panel.promotion)))
    other = replace(answering, memory=promoted)
    told = ToldDays(days)
    for version in (answering, other, answering):
        version.answers([asked(told)])
        kept = told.kept
        assert isinstance(kept, questions._Kept)
        assert kept.memory() is version.memory
        sent = questions.question_of(asked(list(days)), 0, version.memory)
        for name, values in sent.past.items():
            np.testing.assert_array_equal(kept.past.days[name], values)


def test_days_kept_of_one_product_do_not_answer_for_another(answering: Answering) -> None:
    told = ToldDays({"date": f"2026-01-{day:02d}", "quantity": 5.0} for day in range(1, 32))
    for product in ("P03", "P04", "P03"):
        sent = answering.answers([asked(list(told), product_id=product)])
        assert answering.answers([asked(told, product_id=product)]) == sent


def test_what_a_version_remembers_is_made_once_and_kept_in_bounds(
    answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pasts, "PASTS_KEPT", 2)
    memory = Memory(small_panel())
    first = pasts.remembered("P03", None, memory, "")
    assert pasts.remembered("P03", memory.history.end + 5, memory, "") is first
    for name in ("P04", "P05", "P06"):
        pasts.remembered(name, None, memory, "")
    again = pasts.remembered("P03", None, memory, "")
    assert again is not first
    for name, values in first.days.items():
        np.testing.assert_array_equal(again.days[name], values)
    earlier = pasts.remembered("P03", memory.history.end - 3, memory, "")
    assert earlier.end == first.end - 3
    assert earlier.margin is None


def test_a_released_memory_goes_at_once(answering: Answering) -> None:
    memory = Memory(small_panel())
    pasts.remembered("P03", None, memory, "")
    gone = ref(memory)
    gc.disable()
    try:
        del memory
        assert gone() is None
    finally:
        gc.enable()
