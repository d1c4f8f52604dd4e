"""How demand is split, asked and scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from demand_stage import small_panel

from features.schema import SchemaError
from features.sources import Source
from features.splits import SplitError
from pipelines.families.demand_forecast.data import panel_of, rows_of, whole
from pipelines.families.demand_forecast.family import FAMILY

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return rows_of(small_panel(products=30, days=200))


@pytest.fixture(scope="module")
def split(frame):
    return FAMILY.split(frame)


@pytest.fixture(scope="module")
def examples(split):
    return FAMILY.examples(split.test, FAMILY.context(split))


def test_the_last_four_weeks_are_held_out_and_a_tenth_of_the_products_sealed(frame, split):
    end = frame["date"].max()
    assert split.test["date"].min() == split.sealed["date"].min() == end - 27 * DAY
    assert split.validation["date"].min() == end - 55 * DAY
    assert split.train["date"].max() == end - 56 * DAY
    assert 1 <= split.sealed["product_id"].nunique() <= 8
    assert not set(split.sealed["product_id"]) & set(split.test["product_id"])


@pytest.mark.parametrize("products", [2, 3, 12])
def test_of_few_products_one_is_sealed_still(products):
    split = FAMILY.split(rows_of(small_panel(products=products, days=120)))
    assert all(len(part) for part in vars(split).values())


def test_a_product_keeps_its_part_when_others_come(frame, split):
    some = frame[frame["product_id"].isin(sorted(frame["product_id"].unique())[5:])]
    assert set(FAMILY.split(some).sealed["product_id"]) <= set(split.sealed["product_id"])


def test_too_short_a_time_is_refused_with_what_would_do():
    with pytest.raises(SplitError, match="at least 84 are needed"):
        FAMILY.split(rows_of(small_panel(days=80)))


def test_only_days_before_the_first_tested_one_may_be_trained_on(frame, split):
    kept = FAMILY.admissible(frame, split.test)
    assert kept["date"].max() == split.validation["date"].max()
    assert len(kept) == len(split.train) + len(split.validation)


def test_a_test_set_is_outlived_by_a_whole_new_window_alone(split):
    later = split.test.assign(date=split.test["date"] + 20 * DAY)
    assert not FAMILY.outlived(split.test, later)
    assert FAMILY.outlived(split.test, split.test.assign(date=split.test["date"] + 28 * DAY))


def test_a_question_carries_history_until_its_first_day_and_plans_from_it_on(split, examples):
    start = str(split.test["date"].min().date())
    for _, request in examples.requests.iterrows():
        assert request["start"] == start
        assert max(day["date"] for day in request["history"]) < start
        assert min(day["date"] for day in request["future"]) == start
        assert not any("quantity" in day for day in request["future"])
        assert len(request["future"]) == request["horizon"] == 28


@pytest.mark.parametrize("stray", [["2026-06-01"], ["2031-06-01", "2062-01-01"]])
def test_a_slip_of_the_pen_does_not_make_the_last_weeks_of_all_empty(tmp_path, stray):
    file, days = tmp_path / "sales.csv", pd.date_range("2025-01-01", periods=200)
    rows = [f"{name},{day.date()},{4 + day.day % 3}" for name in "abcdef" for day in days]
    file.write_text("\n".join(["product_id,date,quantity", *rows]))
    assert len(FAMILY.load(Source(str(file))).frame) == 1200
    file.write_text(file.read_text() + "\n" + "\n".join(f"a,{day},1" for day in stray))
    with pytest.raises(SchemaError, match=f"row 1202: {stray[0]} is .* after all others"):
        FAMILY.load(Source(str(file)))


def test_a_shop_that_opens_again_after_months_is_no_slip(tmp_path):
    days = [*pd.date_range("2025-01-01", periods=200), *pd.date_range("2025-10-01", periods=3)]
    rows = [f"{name},{day.date()},{4 + day.day % 3}" for name in "abcdef" for day in days]
    file = tmp_path / "sales.csv"
    file.write_text("\n".join(["product_id,date,quantity", *rows]))
    assert len(FAMILY.load(Source(str(file))).frame) == 6 * 276


def test_a_price_that_only_a_sale_tells_does_not_tell_of_the_sales_to_come():
    days = pd.date_range("2026-01-01", periods=120, tz="UTC")
    rng = np.random.default_rng(3)
    bought = [
        pd.DataFrame({"product_id": name, "date": days[rng.random(120) < 0.4]}) for name in "abcdef"
    ]
    lines = pd.concat(bought).assign(quantity=1.0, price=lambda rows: rng.uniform(1, 9, len(rows)))
    sold = whole(lines)
    split = FAMILY.split(sold)
    asked = FAMILY.examples(split.test, FAMILY.context(split)).requests
    assert {plan["price"] for plans in asked["future"] for plan in plans} == {None}
    assert any(day["price"] for day in asked["history"].iloc[0])
    panel = panel_of(sold)
    price = panel.windows(np.arange(6), np.full(6, panel.end - 28)).price
    assert (price[:, -28:] == price[:, -29][:, None]).all()


def test_the_truth_is_what_the_rows_say(split, examples):
    first = examples.actual.iloc[0]
    rows = split.test[split.test["product_id"] == first["group"]].sort_values("date")
    truth = [day["predicted_quantity"] for day in first["daily_predictions"]]
    assert truth == rows["quantity"].tolist()
    assert first["counts"] == rows["open"].astype(float).tolist()


def test_a_product_that_nothing_was_known_of_is_not_asked_about(frame):
    end = frame["date"].max()
    newcomer = frame[frame["product_id"] == "P00"]
    newcomer = newcomer[newcomer["date"] > end - 10 * DAY].assign(product_id="new")
    split = FAMILY.split(pd.concat([frame, newcomer], ignore_index=True))
    part = pd.concat([split.test, split.sealed])
    asked = FAMILY.examples(part, FAMILY.context(split)).requests["product_id"]
    assert "new" not in set(asked)
    assert len(asked) == 30


def test_a_part_by_itself_is_asked_about_its_last_four_weeks(split):
    asked = FAMILY.examples(split.train)
    assert set(asked.requests["start"]) == {str((split.train["date"].max() - 27 * DAY).date())}
    assert (asked.requests["horizon"] == 28).all()


def test_days_without_a_row_do_not_count(split):
    gone = split.test["date"] == split.test["date"].min() + 3 * DAY
    examples = FAMILY.examples(split.test[~gone], FAMILY.context(split))
    assert {counts[3] for counts in examples.actual["counts"]} == {0.0}


def test_sales_of_one_day_are_added_up_and_gaps_filled_when_rows_are_made_whole():
    rows = pd.DataFrame(
        {
            "product_id": pd.Series(["a", "a", "a", "b", "b"], dtype="str"),
            "date": pd.to_datetime(
                ["2026-01-01", "2026-01-01", "2026-01-03", "2026-01-01", "2026-01-02"], utc=True
            ),
            "quantity": [3.0, -1.0, 4.0, 1.0, 1.0],
        }
    )
    made = whole(rows)
    assert made["quantity"].tolist() == [2.0, 0.0, 4.0, 1.0, 1.0, 0.0]
    assert made.equals(whole(made))


# --- scoring ---------------------------------------------------------------------------------


def predictions_of(examples, days) -> pd.DataFrame:
    return pd.DataFrame({"daily_predictions": days}, index=examples.actual.index)


def test_the_primary_is_rmsse_averaged_over_products(examples):
    zeros = predictions_of(examples, [[0.0] * 28] * len(examples.actual))
    expected = []
    for _, row in examples.actual.iterrows():
        truth = np.array([day["predicted_quantity"] for day in row["daily_predictions"]])
        counts = np.array(row["counts"])
        expected.append(np.sqrt((truth**2 * counts).sum() / counts.sum() / row["scale"]))
    assert FAMILY.evaluate(zeros, examples.actual).values["rmsse"] == pytest.approx(
        np.mean(expected)
    )


def test_scale_is_the_mean_squared_step_of_the_history(examples):
    request, actual = examples.requests.iloc[2], examples.actual.iloc[2]
    sold = np.array([day["quantity"] for day in request["history"]])
    assert actual["scale"] == pytest.approx(np.mean(np.diff(sold) ** 2))


def test_numbers_alone_score_as_days_without_intervals_do(examples):
    truths = examples.actual["daily_predictions"]
    numbers = [[day["predicted_quantity"] + 1.0 for day in truth] for truth in truths]
    days = [[{"predicted_quantity": value} for value in each] for each in numbers]
    plain = FAMILY.evaluate(predictions_of(examples, numbers), examples.actual)
    told = FAMILY.evaluate(predictions_of(examples, days), examples.actual)
    assert plain.values == told.values
    assert plain.values["coverage_80"] == 0
    assert plain.values["wape"] > 0


def test_truths_score_best_and_closed_days_are_not_scored(examples):
    truths = examples.actual["daily_predictions"]
    counts = examples.actual["counts"]
    days = [
        [
            {**day, "predicted_quantity": day["predicted_quantity"] + 50 * (not counted)}
            for day, counted in zip(truth, count, strict=True)
        ]
        for truth, count in zip(truths, counts, strict=True)
    ]
    values = FAMILY.evaluate(predictions_of(examples, days), examples.actual).values
    assert values["rmsse"] == values["rmse"] == values["wape"] == values["scaled_pinball"] == 0
    assert values["coverage_80"] == values["coverage_95"] == 1


@pytest.mark.parametrize("answer", [None, [], "x", [None] * 28, [float("nan")] * 28])
def test_what_is_no_forecast_counts_as_none_sold(examples, answer):
    zeros = predictions_of(examples, [[0.0] * 28] * len(examples.actual))
    odd = predictions_of(examples, [answer] * len(examples.actual))
    expected = FAMILY.evaluate(zeros, examples.actual).values
    assert FAMILY.evaluate(odd, examples.actual).values == expected


def test_wape_is_the_sum_of_errors_over_the_sum_of_sales(examples):
    zeros = predictions_of(examples, [[0.0] * 28] * len(examples.actual))
    assert FAMILY.evaluate(zeros, examples.actual).values["wape"] == pytest.approx(1.0)


def test_daily_losses_are_there_for_diebold_and_mariano(examples):
    zeros = predictions_of(examples, [[0.0] * 28] * len(examples.actual))
    rows = FAMILY.evaluate(zeros, examples.actual).per_request
    losses, counts = np.array(rows["losses"].iloc[0]), np.array(examples.actual["counts"].iloc[0])
    assert np.isnan(losses[counts == 0]).all()
    assert losses[counts > 0].mean() == pytest.approx(rows["squared_scaled_error"].iloc[0])
    assert set(rows["origin"]) == {examples.requests["start"].iloc[0]}


def test_feedback_that_knows_the_days_alone_can_be_scored(examples):
    bare = examples.actual[["daily_predictions"]]
    zeros = predictions_of(examples, [[0.0] * 28] * len(examples.actual))
    assert np.isfinite(FAMILY.evaluate(zeros, bare).values["rmsse"])


def test_every_figure_can_be_drawn(examples, tmp_path):
    class Model:
        history = pd.DataFrame({"step": [1, 2], "metric": ["loss"] * 2, "value": [2.0, 1.0]})

    truths = examples.actual["daily_predictions"].tolist()
    evaluation = FAMILY.evaluate(predictions_of(examples, truths), examples.actual)
    drawings = FAMILY.figures(Model(), evaluation).drawings
    assert len(drawings) == 5
    for name, draw in drawings.items():
        draw().savefig(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
