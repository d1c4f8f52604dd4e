"""The demo shop's daily sales: the same every time, with all that makes forecasting hard."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.demo.receipts import write_sales
from features.demo.sales import COLD_DAYS, DEAD_DAYS, LAST_DAY, PRODUCTS, histories


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_sales(tmp_path_factory.mktemp("sales"))


@pytest.fixture(scope="module")
def sales(files) -> pd.DataFrame:
    return pd.read_csv(files["demand_forecast"], dtype={"product_id": str}, parse_dates=["date"])


@pytest.fixture(scope="module")
def steady(sales) -> pd.DataFrame:
    """Open days of the products that are sold on most of them."""
    opened = sales[sales["open"] == 1]
    sold = opened.groupby("product_id")["quantity"].agg(lambda days: (days > 0).mean())
    rows = opened.groupby("product_id")["quantity"].transform("size")
    return opened[opened["product_id"].map(sold).gt(0.8) & rows.gt(700)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(files, tmp_path):
    again = write_sales(tmp_path)
    assert {name: path.read_bytes() for name, path in again.items()} == {
        name: path.read_bytes() for name, path in files.items()
    }
    other = write_sales(tmp_path, seed=8)
    assert other["demand_forecast"].read_bytes() != files["demand_forecast"].read_bytes()


def test_every_product_has_each_day_once_up_to_the_last_one(sales):
    assert not sales.duplicated(["product_id", "date"]).any()
    by_product = sales.groupby("product_id")["date"]
    assert by_product.ngroups == PRODUCTS
    assert (by_product.max() == pd.Timestamp(LAST_DAY)).all()
    assert (by_product.max() - by_product.min()).dt.days.add(1).eq(by_product.size()).all()


def test_nothing_is_sold_on_sundays_and_holidays(sales):
    closed = sales[sales["open"] == 0]
    assert closed["quantity"].sum() == 0
    assert 140 < closed["date"].nunique() < 160
    assert (sales["date"].dt.day_of_week.eq(6) <= sales["open"].eq(0)).all()


def test_some_products_are_new_one_is_dead_and_some_are_bought_seldom(sales):
    days = sales.groupby("product_id").size()
    assert sorted(days[days <= 40]) == sorted(COLD_DAYS.values())
    last = sales[sales["date"] > pd.Timestamp(LAST_DAY) - pd.Timedelta(days=DEAD_DAYS)]
    recent = last.groupby("product_id")["quantity"].sum()
    assert (recent == 0).sum() == 1
    zeros = (
        sales[sales["open"] == 1].groupby("product_id")["quantity"].agg(lambda q: (q == 0).mean())
    )
    assert (zeros > 0.4).sum() >= 12


def test_promotions_cut_the_price_and_raise_demand(steady):
    promoted = steady["promotion"] == 1
    assert 0.1 < promoted.mean() < 0.25
    price = steady.groupby(["product_id", promoted])["price"].mean().unstack()
    assert (price[True] < 0.93 * price[False]).all()
    weekdays = steady[steady["date"].dt.day_of_week < 5]
    quantity = weekdays.groupby(["product_id", "promotion"])["quantity"].mean().unstack()
    assert 1.5 < (quantity[1] / quantity[0]).median() < 3


def test_weeks_and_years_repeat_and_departments_differ(steady):
    calm = steady[steady["promotion"] == 0]
    saturday = calm["date"].dt.day_of_week.eq(5)
    ratio = (
        calm[saturday].groupby("category")["quantity"].mean()
        / calm[~saturday].groupby("category")["quantity"].mean()
    )
    assert ratio["Pinturas"] > 1.5
    assert ratio["Construcción"] < 0.9
    lights = (
        calm[calm["category"] == "Iluminación"].groupby(calm["date"].dt.month)["quantity"].mean()
    )
    assert lights[12] > 1.5 * lights[6]


def test_demand_is_noisier_than_chance_alone(steady):
    calm = steady[(steady["promotion"] == 0) & steady["date"].dt.day_of_week.between(1, 3)]
    spread = calm.groupby(["product_id", calm["date"].dt.to_period("Q")])["quantity"].agg(
        ["mean", "var"]
    )
    assert (spread["var"] / spread["mean"]).median() > 1.3


def test_added_up_the_order_lines_are_the_daily_quantities(files, sales):
    lines = pd.read_parquet(files["demand_order_lines"])
    assert lines["id"].is_unique
    assert lines["ordered_at"].is_monotonic_increasing
    assert lines["order_id"].nunique() < len(lines)
    assert (lines["quantity"] < 0).any()
    added = lines.groupby(["product_id", lines["ordered_at"].dt.normalize()])["quantity"].sum()
    recent = sales[sales["date"] >= lines["ordered_at"].min().normalize()]
    sold = recent[recent["quantity"] > 0].set_index(["product_id", "date"])["quantity"]
    pd.testing.assert_series_equal(
        added.sort_index(), sold.sort_index(), check_dtype=False, check_names=False
    )


def test_without_files_the_histories_are_the_same():
    first, second = histories(), histories()
    assert [one.variant.code for one in first] == [two.variant.code for two in second]
    assert all((one.quantity == two.quantity).all() for one, two in zip(first, second, strict=True))
