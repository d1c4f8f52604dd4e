"""Revenue from a user's own file, in a real judgement and its replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from stub_lifecycle import GOOD, MANUAL, WEAK, Lifecycle, bless_here, reasons

from pipelines.arena.gate import Gate
from pipelines.decisions.log import Decision
from pipelines.model_settings import SourceSettings
from pipelines.records.replay import replay

pytestmark = pytest.mark.slow


def judged(lifecycle: Lifecycle, version: str, sales: Path, *, decides: bool = False) -> Decision:
    """Judge by settings that name the file of sales."""
    model = lifecycle.settings.models["stub"]
    weighed = model.model_copy(
        update={
            "revenue": SourceSettings(url=str(sales), columns={"topic": "what"}),
            "policy": model.policy.model_copy(update={"judge_by_business": decides}),
        }
    )
    settings = lifecycle.settings.model_copy(update={"models": {"stub": weighed}})
    with Gate(settings, lifecycle.store, lifecycle.log, blesser=bless_here) as gate:
        return gate.judge("stub", version, trigger=MANUAL)


def test_revenue_is_read_recorded_judged_by_and_replayed(
    lifecycle: Lifecycle, tmp_path: Path
) -> None:
    sales = tmp_path / "sales.csv"
    sales.write_text("what,quantity,price\npintura,3,100\nplomería,1,20\n", encoding="utf-8")
    weak, good = lifecycle.challenge(vocabulary=WEAK), lifecycle.challenge(vocabulary=GOOD)

    first = judged(lifecycle, weak, sales)
    second = judged(lifecycle, good, sales, decides=True)

    assert "in money: revenue_accuracy" in reasons(first)
    assert second.verdict == "promoted", reasons(second)
    assert second.record["revenue"]["where"] == str(sales)
    components = second.record["ruling"]["comparison"]["components"]
    assert [figure["metric"] for figure in components] == ["revenue_accuracy"]
    sales.unlink()
    assert [replay(lifecycle.log, each.decision_id) for each in (first, second)] == [[], []]
