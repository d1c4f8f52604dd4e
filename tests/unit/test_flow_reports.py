from __future__ import annotations

import re
import threading

import pandas as pd
import pytest
from waiting import wait_for

from features.sources import Raw
from flows.report import artifact_key, check_rows, decision_text, reading_text
from flows.turns import turn
from pipelines.decisions.log import Decision
from pipelines.leases import Busy, Lease

pytestmark = pytest.mark.both_databases
RULING = {
    "reasons": ["macro_f1 0.80 -> 0.85: better", "rule: superiority"],
    "comparison": {
        "primary": {
            "metric": "macro_f1",
            "champion": 0.8,
            "challenger": 0.85,
            "lower": 0.02,
            "upper": 0.08,
        },
        "others": [],
    },
    "checks": [
        {"name": "primary", "value": 0.05, "limit": 0.0, "passed": True, "note": "better"},
        {"name": "latency", "value": 9.0, "limit": 5.0, "passed": False, "note": "too slow"},
        {"name": "leakage", "value": "not possible", "limit": None, "passed": None, "note": "?"},
    ],
}


def decision(record: dict) -> Decision:
    return Decision(
        seq=1,
        decision_id="d000001-abcdef",
        kind="verdict",
        model="product_codes",
        version="3",
        verdict="promoted",
        generation=2,
        test_set_id="t",
        look=1,
        artifact_digest="d",
        created_at="2026-11-21T00:00:00+00:00",
        prev_hash="p",
        hash="h",
        record=record,
    )


def test_a_decision_is_told_in_words_figures_and_a_way_to_check_it(settings):
    text = decision_text(decision({"ruling": RULING}), settings)

    assert text.startswith("## product_codes version 3: promoted")
    assert "- macro_f1 0.80 -> 0.85: better" in text
    assert "| macro_f1 | 0.8 | 0.85 | 0.02 to 0.08 |" in text
    assert f"[d000001-abcdef]({settings.api_url}/v1/decisions/d000001-abcdef)" in text
    assert "contender replay d000001-abcdef" in text


def test_each_check_says_whether_it_decided():
    outcomes = {row["check"]: row["outcome"] for row in check_rows({"ruling": RULING})}

    assert outcomes == {"primary": "passed", "latency": "FAILED", "leakage": "shown only"}


def test_a_decision_without_figures_is_told_all_the_same(settings):
    text = decision_text(decision({}), settings)

    assert "promoted" in text
    assert check_rows({}) == []


def test_what_reading_and_cleaning_found_is_told_in_one_line():
    frame = pd.DataFrame(index=range(1_200))
    assert reading_text(Raw(frame, "", frame)) == "1,200 rows were set aside"
    raw = Raw(frame, "", frame.head(3), {"rows read": 1_203, "repeated": 3})
    assert reading_text(raw) == "3 rows were set aside: 1,203 rows read, 3 repeated"


def test_artifact_keys_are_what_prefect_accepts():
    key = artifact_key("Learning curve (F1)", "product_codes")

    assert key == "learning-curve-f1-product-codes"
    assert re.fullmatch(r"[a-z0-9-]+", key)


def test_a_run_waits_for_its_turn_and_says_so(store):
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with turn(store, "product_codes", said.append, patience_seconds=120):
            entered.set()

    with turn(store, "product_codes", said.append):
        waiting = threading.Thread(target=second)
        waiting.start()
        wait_for(lambda: said)
        assert not entered.wait(0.5)
    waiting.join(timeout=120)

    assert entered.is_set()
    assert [line.startswith("waiting: ") for line in said] == [True]


def test_models_do_not_wait_for_one_another(store):
    with turn(store, "product_codes", print), turn(store, "product_categories", print):
        pass


def test_patience_ends(store):
    with (
        Lease(store, "run:product_codes"),
        pytest.raises(Busy),
        turn(store, "product_codes", lambda _: None, patience_seconds=0),
    ):
        pass
