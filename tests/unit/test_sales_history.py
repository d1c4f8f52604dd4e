"""Rows of sales as matrices, and the newest of them at rest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from demand_stage import small_panel

from features.sales_history import HistoryUnreadable, history_of, open_history
from pipelines.orders import feed
from pipelines.orders.sales_renewal import renew_sales
from pipelines.orders.stored_sales import StoredSales, entries_of, sales_folder, write_sales
from pipelines.settings import Settings
from pipelines.store import open_store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def frame(rows, **columns) -> pd.DataFrame:
    names, days, quantities = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "product_id": pd.Series(names, dtype="str"),
            "date": pd.to_datetime(pd.Series(days), utc=True),
            "quantity": pd.Series(quantities, dtype="float64"),
            **columns,
        }
    )


def test_series_are_whole_netted_and_begin_with_the_first_sale():
    history = history_of(
        frame(
            [
                ("a", "2026-01-05", 2),
                ("b", "2026-01-03", 0),
                ("a", "2026-01-01", 0),
                ("a", "2026-01-03", 4),
                ("a", "2026-01-03", -1),
                ("b", "2026-01-04", 7),
                ("b", "2026-01-05", -2),
            ]
        )
    )
    assert history.ids == ("a", "b")
    assert history.quantity.tolist() == [[0, 0, 3, 0, 2], [0, 0, 0, 7, 0]]
    assert history.known.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]


def test_a_day_without_any_row_was_closed_and_others_are_as_the_rows_say():
    history = history_of(
        frame(
            [("a", "2026-01-01", 3), ("b", "2026-01-01", 1), ("a", "2026-01-03", 0)],
            open=pd.Series([True, True, False], dtype="boolean"),
        )
    )
    assert history.open.tolist() == [[1, 0, 0], [1, 0, 0]]


def test_promotions_prices_and_the_newest_category_are_kept():
    history = history_of(
        frame(
            [("a", "2026-01-01", 3), ("a", "2026-01-02", 1), ("a", "2026-01-04", 2)],
            promotion=pd.Series([True, None, False], dtype="boolean"),
            price=[None, 4.5, None],
            category=["old", "old", "new"],
        )
    )
    assert history.promotion.tolist() == [[1, 0, 0, 0]]
    assert np.array_equal(history.price, [[np.nan, 4.5, 4.5, 4.5]], equal_nan=True)
    assert history.groups == ("new",)


@pytest.mark.parametrize(
    ("unsold", "planned"), [(4.0, True), (None, False)], ids=["on every day", "where it sold"]
)
def test_prices_that_are_known_of_sales_alone_are_no_plans(unsold, planned):
    rows = [("ab"[day % 2], f"2026-01-{day // 2:02d}", day % 3) for day in range(2, 58)]
    price = [4.0 if quantity else unsold for _, _, quantity in rows]
    assert history_of(frame(rows, price=price)).prices_planned is planned
    sold = [row for row in rows if row[2]]
    assert history_of(frame(sold, price=[4.0] * len(sold))).prices_planned is False
    assert history_of(frame(rows)).prices_planned is True


def test_days_without_business_need_no_price_for_prices_to_be_plans():
    rows = [("a", f"2026-01-{day:02d}", 3) for day in range(1, 29) if day % 7]
    assert history_of(frame(rows, price=[4.0] * len(rows))).prices_planned is True


def test_the_order_of_rows_is_of_no_matter():
    rows = frame([("a", f"2026-01-{day:02d}", day % 5) for day in range(1, 29)])
    shuffled = history_of(rows.sample(frac=1, random_state=3))
    assert np.array_equal(history_of(rows).quantity, shuffled.quantity)


def test_what_is_saved_is_opened_again_with_its_last_days(tmp_path: Path):
    panel = small_panel(days=100)
    panel.save(tmp_path, 30)
    opened = open_history(tmp_path)
    assert (opened.ids, opened.groups) == (panel.ids, panel.groups)
    assert (opened.days, opened.end) == (30, panel.end)
    assert np.array_equal(opened.quantity, panel.quantity[:, -30:])


def test_a_damaged_history_is_named(tmp_path: Path):
    small_panel(days=60).save(tmp_path, 30)
    (tmp_path / "open.npy").write_bytes(b"nothing")
    with pytest.raises(HistoryUnreadable, match="damaged"):
        open_history(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "open.npy").write_bytes(b""),
        lambda folder: np.save(folder / "price.npy", np.zeros((24, 7), dtype=np.float32)),
        lambda folder: (folder / "products.json").write_bytes(b""),
    ],
    ids=["empty, as after a power cut", "of other days", "no names"],
)
def test_a_half_written_history_is_named(tmp_path: Path, damage):
    small_panel(days=60).save(tmp_path, 30)
    damage(tmp_path)
    with pytest.raises(HistoryUnreadable, match="damaged"):
        open_history(tmp_path)


def test_stored_days_say_what_the_history_says(tmp_path: Path):
    panel = small_panel(days=20)
    entries = entries_of(panel, 3)
    assert len(entries) == 20
    assert [entry["quantity"] for entry in entries] == panel.quantity[3].tolist()
    assert {entry["date"] for entry in entries if entry.get("promotion")} == {
        entry["date"] for entry, told in zip(entries, panel.promotion[3], strict=True) if told
    }
    assert sum(entry.get("open") is False for entry in entries) == (panel.open[3] == 0).sum()


def test_a_writing_replaces_the_one_before_and_who_reads_goes_on(tmp_path: Path):
    write_sales(tmp_path, small_panel(days=60), "1", "2026-01-01T00:00:00")
    sales = StoredSales(tmp_path)
    assert len(sales.of("P00").days) == 60
    for days in (61, 62, 63):
        write_sales(tmp_path, small_panel(days=days), str(days), "2026-01-01T00:00:00")
    assert len(sales.of("P00").days) == 63
    assert len(list(tmp_path.glob("days-*"))) == 2


def test_writers_at_once_leave_what_the_last_of_them_wrote(tmp_path: Path):
    with ThreadPoolExecutor(6) as pool:
        for _ in range(8):
            written = [
                pool.submit(write_sales, tmp_path, small_panel(days=60), str(place), "now")
                for place in range(6)
            ]
            for each in written:
                each.result()
            assert len(StoredSales(tmp_path).of("P00").days) == 60


def test_other_users_may_read_what_is_stored_as_the_umask_says(tmp_path: Path):
    write_sales(tmp_path, small_panel(days=60), "1", "now")
    (folder,) = tmp_path.glob("days-*")
    (tmp_path / "plain").mkdir()
    assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_nothing_is_stored_of_unknown_products_or_before_the_first_writing(tmp_path: Path):
    sales = StoredSales(tmp_path)
    assert sales.of("P00") is None
    write_sales(tmp_path, small_panel(days=60), "1", "2026-01-01T00:00:00")
    assert sales.of("nobody") is None


def test_a_damaged_writing_leaves_what_was_there(tmp_path: Path):
    write_sales(tmp_path, small_panel(days=60), "1", "2026-01-01T00:00:00")
    sales = StoredSales(tmp_path)
    assert sales.of("P00")
    (tmp_path / "newest.json").write_text("{")
    assert len(sales.of("P00").days) == 60


def test_sales_are_renewed_when_their_source_has_changed(
    make_settings: Callable[..., Settings], tmp_path: Path
):
    source = tmp_path / "sales.csv"

    def write(days: int) -> None:
        lines = [
            f"{name},{(NOW + timedelta(days=day)).date()},{day % 4}"
            for name in ("a", "b")
            for day in range(days)
        ]
        source.write_text("\n".join(["product_id,date,quantity", *lines]))

    write(100)
    settings = make_settings(models={"demand_forecast": {"source": {"url": str(source)}}})
    sales = StoredSales(sales_folder(settings.var))
    assert renew_sales(settings, NOW) is True
    assert renew_sales(settings, NOW) is False
    assert len(sales.of("a").days) == 99  # from the first sale on
    write(120)
    assert renew_sales(settings, NOW) is True
    assert len(sales.of("a").days) == 119
    for damaged in sales_folder(settings.var).glob("days-*/quantity.npy"):
        damaged.write_bytes(b"")
    assert renew_sales(settings, NOW) is True
    assert len(StoredSales(sales_folder(settings.var)).of("a").days) == 119


def test_nothing_is_renewed_where_no_sales_are_configured(make_settings: Callable[..., Settings]):
    assert renew_sales(make_settings(), NOW) is False


def test_the_feeds_refresh_renews_the_sales_and_names_what_hinders_it(
    make_settings: Callable[..., Settings], tmp_path: Path
):
    source = tmp_path / "sales.csv"
    settings = make_settings(models={"demand_forecast": {"source": {"url": str(source)}}})
    store = open_store(settings.store_url)

    def refresh():
        return feed.refresh(settings, store, predict=lambda _instances: {}, clock=lambda: NOW)

    before = refresh()
    lines = [f"a,{(NOW + timedelta(days=day)).date()},{day % 4}" for day in range(120)]
    source.write_text("\n".join(["product_id,date,quantity", *lines]))
    after = refresh()
    store.close()
    assert (before.sales_renewed, after.sales_renewed) == (False, True)
    assert any(problem.startswith("sales: ") for problem in before.problems)
    assert not after.problems
