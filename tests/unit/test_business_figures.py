"""Figures in money: what they say, that they are shown or decide, and that a replay finds them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rivals import FrozenRows, case, check, exactly, policy, rivals
from sklearn.metrics import f1_score
from stub_family import FAMILY as STUB

from features.sources import Source
from pipelines.arena.revenue import Revenue, RevenueUnknown, read_revenue, weigh
from pipelines.classification import ACCURACY, MACRO_F1
from pipelines.decisions.log import DecisionLog
from pipelines.families.demand_forecast import scoring
from pipelines.families.demand_forecast.family import FAMILY as DEMAND
from pipelines.families.product_codes.family import FAMILY as CODES
from pipelines.gate.business import (
    REVENUE_ACCURACY,
    REVENUE_F1,
    STOCK_COST,
    NoBusinessFigure,
    priced,
)
from pipelines.gate.policy import Policy, policy_of
from pipelines.gate.promotion import decide
from pipelines.model_settings import PolicySettings
from pipelines.records.backtest import backtest
from pipelines.records.replay import replay
from pipelines.records.verdicts import append_verdict

pytestmark = pytest.mark.both_databases
SETTINGS = PolicySettings(resamples=1_000)
COSTS = {"understock_cost": 4.0, "overstock_cost": 1.0}


def label_policy(**settings: object) -> Policy:
    """A policy of a label family with revenue, without slices and guardrails."""
    chosen = SETTINGS.model_copy(update=settings)
    found = policy_of(CODES, chosen, has_revenue=True)
    return Policy(
        primary=MACRO_F1,
        metrics=(MACRO_F1, ACCURACY, *found.money),
        guardrails=(),
        slices=(),
        latency_budget_ms=50.0,
        settings=chosen,
        components=found.components,
    )


def sold(**amounts: float) -> Revenue:
    classes = {f"class {name[1:]}": amount for name, amount in amounts.items()}
    return Revenue("actual", classes, "s", "f")


def forecast(truth: list[float], *, days: list[list[float]], counts=None) -> pd.DataFrame:
    """One product's row; a day is five numbers from the lower to the upper 95 % bound."""
    names = scoring.BOUNDS
    predictions = pd.DataFrame(
        {"daily_predictions": [[dict(zip(names, day, strict=True)) for day in days]]}
    )
    actual = pd.DataFrame(
        {
            "daily_predictions": [[{"predicted_quantity": each} for each in truth]],
            "group": ["a"],
            "origin": ["2026-01-01"],
            "counts": [counts or [1.0] * len(truth)],
        }
    )
    return scoring.per_request(predictions, actual)


def cost_of(rows: pd.DataFrame, under: float, over: float) -> float:
    settings = PolicySettings(understock_cost=under, overstock_cost=over)
    table = priced({"challenger_rows": rows}, settings)["challenger_rows"]
    return STOCK_COST.value(table)


def test_revenue_f1_is_that_of_scikit_learn_with_sample_weights(rng):
    rows = rivals(rng, 0.7, 0.7)[0].assign(revenue=rng.gamma(0.5, 100.0, 1_000))
    expected = f1_score(
        rows["actual"],
        rows["predicted"],
        average="weighted",
        sample_weight=rows["revenue"],
        zero_division=0,
    )

    assert REVENUE_F1.value(rows) == pytest.approx(expected)
    right = rows.loc[rows["correct"] == 1.0, "revenue"].sum() / rows["revenue"].sum()
    assert REVENUE_ACCURACY.value(rows) == pytest.approx(right)


def test_questions_about_the_same_share_its_revenue():
    rows, _ = exactly(10, 0, 0)

    weighed = sold(_0=100.0, _1=30.0).weighed(rows)

    assert weighed.loc[weighed["actual"] == "class 0", "revenue"].tolist() == [50.0, 50.0]
    assert weighed["revenue"].sum() == pytest.approx(130.0)


@pytest.mark.parametrize(
    ("header", "line", "by"),
    [
        ("code,quantity,price", "A,3,10.5\nA,-1,10.5\nB,1,2\nC,-5,1", "actual"),
        ("clave,revenue", "A,21\nB,2\nC,-5\n,7", "actual"),
        ("description,revenue", "Martillo  UÑA,21\nmartillo uña,2\nsierra,1", "group"),
    ],
)
def test_sales_are_added_up_by_label_or_by_text(tmp_path, header, line, by):
    file = tmp_path / "sales.csv"
    file.write_text(f"{header}\n{line}\n", encoding="utf-8")
    mapped = {"code": "clave"} if "clave" in header else {}

    found = read_revenue(CODES, Source(str(file), mapped, damaged_share=0.5))

    assert found.by == by
    expected = {"A": 21.0, "B": 2.0, "C": 0.0}
    assert found.amounts == (expected if by == "actual" else {"martillo una": 23.0, "sierra": 1.0})


@pytest.mark.parametrize(
    ("header", "says"),
    [("code,pieces", "quantity and price"), ("article,revenue", "neither code nor description")],
)
def test_sales_that_do_not_say_what_was_sold_are_refused(tmp_path, header, says):
    file = tmp_path / "sales.csv"
    file.write_text(f"{header}\nA,1\n", encoding="utf-8")

    with pytest.raises(RevenueUnknown, match=says):
        read_revenue(CODES, Source(str(file)))


def test_a_forecast_is_priced_by_the_quantile_that_costs_least():
    day = [0.0, 2.0, 10.0, 18.0, 20.0]
    rows = forecast([12.0, 7.0], days=[day, day])

    assert cost_of(rows, 1.0, 1.0) == pytest.approx((2.0 + 3.0) / 2)  # the median, 10 pieces
    # u / (u + o) = 0.9: the upper bound of 80 %, 18 pieces, 6 and 11 too many.
    assert cost_of(rows, 9.0, 1.0) == pytest.approx((6.0 + 11.0) / 2)
    # 0.99 lies beyond every bound: the outermost is stocked.
    assert cost_of(rows, 99.0, 1.0) == pytest.approx((8.0 + 13.0) / 2)


def test_days_that_do_not_count_cost_nothing():
    day = [5.0] * 5

    assert cost_of(forecast([9.0, 5.0], days=[day, day], counts=[0.0, 1.0]), 4.0, 1.0) == 0.0


def test_tables_are_priced_by_bounds_that_all_of_them_state():
    day = [0.0, 2.0, 10.0, 18.0, 20.0]
    rows = forecast([25.0], days=[day])
    old = rows.drop(columns=["lower_95", "upper_95"])
    settings = PolicySettings(understock_cost=99.0, overstock_cost=1.0)

    table = priced({"champion_rows": old, "challenger_rows": rows}, settings)

    costs = [STOCK_COST.value(each) for each in table.values()]
    assert costs == pytest.approx([99.0 * 7.0] * 2)


def test_the_cost_of_stocking_the_true_quantile_is_least(rng):
    truth = rng.poisson(30, 4_000).astype(float)
    levels = scoring.LEVELS
    bounds = np.quantile(truth, levels)
    rows = forecast(truth.tolist(), days=[bounds.tolist()] * len(truth))

    best = cost_of(rows, 9.0, 1.0)

    for shift in (-4.0, 4.0):
        moved = forecast(truth.tolist(), days=[(bounds + shift).tolist()] * len(truth))
        assert cost_of(moved, 9.0, 1.0) > best


def test_revenue_is_shown_beside_f1_and_decides_nothing():
    old, new = exactly(800, 40, 40, 120)
    told = weigh(case(old, new, policy=label_policy()), lambda: sold(_0=1_000.0, _1=10.0))

    ruling, plain = decide(told), decide(case(old, new, policy=policy(primary=MACRO_F1)))

    shown = check(ruling, "business:revenue_accuracy")
    assert shown.passed is None
    assert shown.value == pytest.approx(REVENUE_ACCURACY.value(told.challenger_rows))
    assert "in money: revenue_accuracy" in shown.note
    assert "400 of 1000 questions" in shown.note
    assert shown.note in ruling.reasons
    assert ruling.verdict == plain.verdict == "undecided"


def better_where_nothing_is_sold() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A challenger right 80 times more often, and worse on the one class that is bought."""
    old, new = exactly(700, 60, 140, 100)
    is_bought = (old["actual"] == "class 0").to_numpy()
    gained = (old["correct"] < new["correct"]).to_numpy()
    new = new.copy()
    new.loc[is_bought & gained] = old.loc[is_bought & gained]
    return old, new


def test_a_version_that_loses_revenue_is_not_promoted_where_business_decides():
    old, new = better_where_nothing_is_sold()

    def verdict(**settings: object) -> str:
        entered = case(old, new, policy=label_policy(**settings))
        return decide(weigh(entered, lambda: sold(_0=1_000.0, _1=10.0))).verdict

    assert verdict() == "promoted"
    assert verdict(judge_by_business=True) == "rejected"


def test_costs_of_stock_decide_where_the_policy_says_so():
    rng = np.random.default_rng(5)
    sold_days = rng.poisson(20, (60, 14)).astype(float)

    def answers(shift: float) -> pd.DataFrame:
        rows = [
            forecast(days.tolist(), days=[[day + shift] * 5 for day in days + 1.0])
            for days in sold_days
        ]
        whole = pd.concat(rows, ignore_index=True).assign(group=[f"p{n}" for n in range(60)])
        return whole.rename_axis("request")

    full = policy_of(DEMAND, SETTINGS.model_copy(update=COSTS | {"judge_by_business": True}))
    bare = Policy(
        primary=full.primary,
        metrics=full.metrics,
        guardrails=(),
        slices=(),
        latency_budget_ms=50.0,
        settings=full.settings,
        components=full.components,
    )

    ruling = decide(case(answers(1.0), answers(0.0), policy=bare))

    assert ruling.verdict == "promoted"
    assert [figure.metric for figure in ruling.comparison.components] == ["stock_cost"]
    assert ruling.comparison.components[0].champion == pytest.approx(2.0)
    assert ruling.comparison.components[0].challenger == pytest.approx(1.0)


def test_unknown_revenue_is_said_where_it_is_shown_and_refused_where_it_decides():
    old, new = exactly(800, 40, 40, 120)

    def unreadable() -> Revenue:
        raise RevenueUnknown("sales.csv: there is no such file")

    shown = decide(weigh(case(old, new, policy=label_policy()), unreadable))
    assert "there is no such file" in check(shown, "business:revenue_f1").note

    judged = case(old, new, policy=label_policy(judge_by_business=True))
    with pytest.raises(RevenueUnknown, match="no such file"):
        weigh(judged, unreadable)
    with pytest.raises(RevenueUnknown, match="nothing that the test set asks"):
        weigh(judged, lambda: sold(_17=5.0))


def test_a_decision_by_business_replays_and_can_be_tried_otherwise(store, tmp_path):
    log = DecisionLog(store, tmp_path / "predictions")
    old, new = better_where_nothing_is_sold()
    entered = case(old, new, policy=label_policy(judge_by_business=True))
    told = weigh(entered, lambda: sold(_0=1_000.0, _1=10.0))

    entry = append_verdict(log, "codes", told, decide(told), FrozenRows(), expected_generation=0)

    assert entry.record["revenue"] == {"where": "s", "fingerprint": "f", "rows": "400 of 1000"}
    assert replay(log, entry.decision_id) == []
    again = backtest(log, lambda each: each.model_copy(update={"judge_by_business": False}))
    assert [each.verdict for each in again] == ["promoted"]
    priced_labels = backtest(log, lambda each: each.model_copy(update=COSTS))
    assert priced_labels[0].verdict is None
    assert "no forecasts" in priced_labels[0].why


def test_a_first_champion_is_told_what_it_costs():
    _, new = exactly(900, 0, 0, 100)
    alone = case(None, new, champion=None, policy=label_policy())

    ruling = decide(weigh(alone, lambda: sold(_0=100.0)))

    assert ruling.verdict == "first_champion"
    assert any("in money: revenue_accuracy" in reason for reason in ruling.reasons)


@pytest.mark.parametrize(
    ("family", "settings", "has_revenue", "says"),
    [
        (DEMAND, {}, True, "no labels"),
        (CODES, COSTS, False, "no forecasts"),
        (CODES, {"judge_by_business": True}, False, "neither revenue nor costs"),
        (STUB, COSTS, False, "no forecasts"),
    ],
)
def test_a_figure_that_a_family_cannot_give_is_refused(family, settings, has_revenue, says):
    with pytest.raises(NoBusinessFigure, match=says):
        policy_of(family, SETTINGS.model_copy(update=settings), has_revenue=has_revenue)


def test_one_cost_without_the_other_is_refused():
    with pytest.raises(ValueError, match="together"):
        PolicySettings(understock_cost=3.0)


def test_policies_without_business_keep_their_hash():
    document = policy_of(CODES, PolicySettings()).as_json()

    assert not {"understock_cost", "overstock_cost", "judge_by_business"} & set(
        document["settings"]
    )
    priced_policy = policy_of(DEMAND, PolicySettings(**COSTS))
    assert Policy.from_json(priced_policy.as_json()) == priced_policy
