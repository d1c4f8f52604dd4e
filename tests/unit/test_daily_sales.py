"""Order lines become daily rows: netted, floored, without gaps, and nothing dropped in silence."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.daily_sales import duckdb_engine, spark_engine
from features.daily_sales.damage import Tally
from features.daily_sales.order_lines import Files, OrderLines
from features.daily_sales.reading import SPARK_FROM_BYTES, engine_for, read_daily
from features.demo.receipts import write_sales
from features.schema import Column, FrameSchema, SchemaError
from features.sources import Limits, Raw, Source, SourceError
from pipelines.settings import SettingsError, load_settings

SCHEMA = FrameSchema(
    (
        Column("product_id", "text"),
        Column("date", "timestamp"),
        Column("quantity", "number"),
        Column("promotion", "boolean", required=False),
        Column("price", "number", required=False),
        Column("category", "text", required=False),
    )
)
HEADER = ("id", "product_id", "quantity", "ordered_at")
COLUMNS = {"ordered_at": "ordered_at"}
Days = dict[tuple[str, str], float]


def written(file: Path, *rows: tuple[object, ...], header: tuple[str, ...] = HEADER) -> Path:
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([header, *rows])
    return file


def read(place: Path | str, columns: dict[str, str] | None = None, share: float = 0.05) -> Raw:
    source = Source(str(place), {**COLUMNS, **(columns or {})}, damaged_share=share)
    return read_daily(source, SCHEMA)


def quantities(raw: Raw) -> Days:
    days = raw.frame["date"].dt.strftime("%Y-%m-%d")
    return dict(
        zip(zip(raw.frame["product_id"], days, strict=True), raw.frame["quantity"], strict=True)
    )


def test_lines_of_a_day_are_added_up_and_days_without_any_are_zero(tmp_path):
    raw = read(
        written(
            tmp_path / "lines.csv",
            (1, "a", 2, "2026-03-01 09:00:00"),
            (2, "a", 3, "2026-03-01 23:59:59"),
            (3, "b", 1, "2026-03-02"),
            (4, "a", 4, "2026-03-04T00:00:00"),
        )
    )
    assert quantities(raw) == {
        ("a", "2026-03-01"): 5, ("a", "2026-03-02"): 0, ("a", "2026-03-03"): 0,
        ("a", "2026-03-04"): 4, ("b", "2026-03-02"): 1, ("b", "2026-03-03"): 0,
        ("b", "2026-03-04"): 0,
    }  # fmt: skip


def test_returns_are_netted_within_their_day_and_never_leave_less_than_nothing(tmp_path):
    raw = read(
        written(
            tmp_path / "lines.csv",
            (1, "a", 5, "2026-03-01"),
            (2, "a", -2, "2026-03-01"),
            (3, "a", -9, "2026-03-02"),
            (4, "a", 1, "2026-03-03"),
        )
    )
    assert list(quantities(raw).values()) == [3, 0, 1]


def test_a_product_begins_with_its_first_sale_and_not_with_a_return(tmp_path):
    raw = read(
        written(
            tmp_path / "lines.csv",
            (1, "a", -1, "2026-03-01"),
            (2, "a", 2, "2026-03-03"),
            (3, "only returned", -1, "2026-03-02"),
            (4, "b", 1, "2026-03-05"),
        )
    )
    assert list(quantities(raw)) == [
        ("a", "2026-03-03"), ("a", "2026-03-04"), ("a", "2026-03-05"), ("b", "2026-03-05"),
    ]  # fmt: skip


def test_the_price_of_a_day_is_the_mean_over_the_pieces_sold(tmp_path):
    header = (*HEADER, "price", "category")
    rows = [
        (1, "a", 3, "2026-03-01", "10.00", "Pinturas"),
        (2, "a", 1, "2026-03-01", "14.00", "Pinturas"),
        (3, "a", -1, "2026-03-01", "99.00", "Pinturas"),
        (4, "a", 1, "2026-03-03", "", "Pinturas"),
    ]
    frame = read(written(tmp_path / "lines.csv", *rows, header=header)).frame
    assert frame["price"].tolist()[0] == 11.0
    assert frame["price"].isna().tolist() == [False, True, True]
    assert set(frame["category"]) == {"Pinturas"}


def test_a_line_may_be_worth_hundreds_of_billions(tmp_path):
    rows = [(1, "a", 10_000, "2026-03-01", "20000000.5"), (2, "a", 1, "2026-03-02", "3")]
    frame = read(written(tmp_path / "lines.csv", *rows, header=(*HEADER, "price"))).frame
    assert frame["price"].tolist() == [20000000.5, 3.0]


def test_the_day_is_the_one_that_is_written_whatever_zone_follows(tmp_path):
    late = written(tmp_path / "lines.csv", (1, "a", 1, "2026-03-01T23:30:00-06:00"))
    assert list(quantities(read(late))) == [("a", "2026-03-01")]
    moment = pd.Timestamp("2026-03-01T23:30:00-06:00").tz_convert("UTC")
    table = pa.table({"product_id": ["a"], "quantity": [1], "ordered_at": [moment]})
    pq.write_table(table, tmp_path / "lines.parquet")
    assert list(quantities(read(tmp_path / "lines.parquet"))) == [("a", "2026-03-02")]


def test_names_keep_their_zeros_and_lose_blanks_around_them(tmp_path):
    file = written(
        tmp_path / "lines.csv", (1, "007", 1, "2026-03-01"), (2, " 007 ", "1.25", "2026-03-01")
    )
    assert quantities(read(file)) == {("007", "2026-03-01"): 2.25}


def test_the_frame_is_what_the_same_days_read_as_daily_rows_give(tmp_path):
    files = write_sales(tmp_path)
    added = read(files["demand_order_lines"]).frame
    daily = read_daily(Source(str(files["demand_forecast"])), SCHEMA).frame
    assert added["date"].dtype == daily["date"].dtype
    assert added.dtypes.to_dict().items() <= daily.dtypes.to_dict().items()
    assert added.index.name == "line"
    both = added.merge(daily, on=["product_id", "date"], suffixes=("", "_daily"))
    assert len(both) == len(added)
    assert (both["quantity"] == both["quantity_daily"]).all()
    sold = both[both["price"].notna()]
    assert (sold["price"] - sold["price_daily"]).abs().max() < 1e-9


def test_every_kind_of_file_gives_the_same_answer(tmp_path):
    lines = pq.read_table(write_sales(tmp_path)["demand_order_lines"])
    expected = read(tmp_path / "demand_order_lines.parquet").fingerprint
    frame = lines.to_pandas()
    frame.to_csv(tmp_path / "lines.csv", index=False)
    frame.to_csv(tmp_path / "lines.tsv", index=False, sep="\t")
    with gzip.open(tmp_path / "lines.csv.gz", "wt", encoding="utf-8") as target:
        frame.to_csv(target, index=False, sep=";")
    folder = tmp_path / "folder"
    folder.mkdir()
    pq.write_table(lines.slice(0, 7_000), folder / "one.parquet")
    mixed = lines.slice(7_000).select(lines.schema.names[::-1])
    pq.write_table(mixed, folder / "two.parquet")
    places = ["lines.csv", "lines.tsv", "lines.csv.gz", "folder"]
    assert {place: read(tmp_path / place).fingerprint for place in places} == dict.fromkeys(
        places, expected
    )


def test_other_names_are_mapped(tmp_path):
    header = ("sku", "Menge (Stück)", "am")
    file = written(tmp_path / "líneas [2026] 'a'.csv", ("a", 2, "2026-03-01"), header=header)
    columns = {"product_id": "sku", "quantity": "Menge (Stück)", "ordered_at": "am"}
    assert quantities(read(file, columns)) == {("a", "2026-03-01"): 2}


def test_an_address_on_the_web_is_downloaded_first(tmp_path):
    written(tmp_path / "lines.csv", (1, "a", 2, "2026-03-01"))
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        raw = read(f"http://127.0.0.1:{server.server_address[1]}/lines.csv")
        server.shutdown()
    assert quantities(raw) == {("a", "2026-03-01"): 2}


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing: the test's output is no access log."""


def test_damaged_lines_are_set_aside_with_their_line_and_reason(tmp_path):
    sound = [(number, "a", 1, "2026-03-01") for number in range(100)]
    file = written(
        tmp_path / "lines.csv",
        *sound[:50],
        (900, "", 1, "2026-03-01"),
        (901, "a"),
        (902, "a", "many", "2026-03-01"),
        *sound[50:],
        (903, "a", 1, "yesterday"),
        (904, "a", 1, "20260-03-01"),
    )
    raw = read(file, share=0.2)
    assert quantities(raw) == {("a", "2026-03-01"): 100}
    reasons = raw.quarantined["reason"]
    assert list(reasons.index) == [52, 53, 54, 105, 106]
    assert reasons[52] == "product_id is empty"
    assert "Expected Number of Columns: 4 Found: 2" in reasons[53]
    assert reasons[54] == "quantity 'many' is not a plain number"
    assert reasons[105] == "ordered_at 'yesterday' is not a timestamp"
    assert raw.quarantined.loc[106, "ordered_at"] == "20260-03-01"


def test_a_price_that_is_none_is_damage_too(tmp_path):
    header = (*HEADER, "price")
    rows = [(n, "a", 1, "2026-03-01", "cheap" if n == 3 else "2.50") for n in range(40)]
    raw = read(written(tmp_path / "lines.csv", *rows, header=header))
    assert raw.quarantined["reason"].to_dict() == {5: "price 'cheap' is not a plain number"}
    assert quantities(raw) == {("a", "2026-03-01"): 39}


def test_of_very_many_damaged_lines_the_rest_is_counted():
    faults = [(number, True, False, False, None, "1", "2026-03-01") for number in (4, 9)]
    tally = Tally(1_000, 990, ("product_id", "quantity", "ordered_at"), faults)
    aside = tally.set_aside("here", damaged_share=0.05)
    assert aside["reason"].to_dict() == {
        0: "8 more lines, which are not listed",
        4: "product_id is empty",
        9: "product_id is empty",
    }
    with pytest.raises(
        SchemaError, match=r"10 of 1,000 .*allowed; 8 more lines.*; line 4: product_id"
    ):
        tally.set_aside("here", damaged_share=0.005)


def test_too_many_damaged_lines_refuse_the_source_and_name_them(tmp_path):
    file = written(
        tmp_path / "lines.csv", *[(1, "a", "1,5", "2026-03-01")] * 3, (4, "a", 1, "2026-03-01")
    )
    with pytest.raises(SchemaError, match=r"3 of 4 rows are damaged.*line 2: quantity '1,5'"):
        read(file)


@pytest.mark.parametrize(
    ("rows", "message"),
    [([], "there are no rows"), ([(1, "a", -1, "2026-03-01")], "no product was ever sold")],
)
def test_nothing_to_learn_from_is_refused(tmp_path, rows, message):
    with pytest.raises(SchemaError, match=message):
        read(written(tmp_path / "lines.csv", *rows))


def test_a_missing_column_is_named_with_the_likely_one(tmp_path):
    file = written(tmp_path / "lines.csv", (1, "a", 1, "2026-03-01"))
    with pytest.raises(SchemaError, match=r"'order_at'.*did you mean.*ordered_at"):
        read(file, {"ordered_at": "order_at"})
    with pytest.raises(SourceError, match="'promotion', which the model does not know"):
        read(file, {"promotion": "id"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lines.parquet", b"no parquet", "cannot be read as Parquet"),
        ("lines.json", b"[]", "CSV, Parquet or PostgreSQL"),
        ("absent.csv", None, "there is no such file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read(tmp_path / name)


def test_a_column_of_another_type_is_refused_by_name(tmp_path):
    pq.write_table(
        pa.table({"product_id": ["a"], "quantity": [1], "ordered_at": [20260301]}),
        tmp_path / "lines.parquet",
    )
    with pytest.raises(SourceError, match="column 'ordered_at' holds BIGINT, not times"):
        read(tmp_path / "lines.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"no \.parquet file"):
        read(tmp_path / "empty")


def test_days_must_hold_to_the_schema_like_any_other_rows(tmp_path):
    columns = (Column("product_id", "text", maximum_length=4), *SCHEMA.columns[1:])
    schema = FrameSchema(columns, label="quantity", minimum_rows=3)
    file = written(tmp_path / "lines.csv", (1, "a long name", 1, "2026-03-01"))
    with pytest.raises(
        SchemaError, match=r"more than 4 characters; 1 sound rows, fewer than the 3"
    ):
        read_daily(Source(str(file), COLUMNS), schema)
    same = written(tmp_path / "same.csv", *[(n, "a", 1, f"2026-03-0{n}") for n in range(1, 6)])
    with pytest.raises(SchemaError, match="'quantity' has 1 distinct value"):
        read_daily(Source(str(same), COLUMNS), schema)


def test_more_days_than_fit_are_refused_before_they_are_held(tmp_path):
    file = written(tmp_path / "lines.csv", (1, "a", 1, "1990-01-01"), (2, "a", 1, "2026-03-01"))
    with pytest.raises(SourceError, match=r"makes 13,209 rows of products and days"):
        read_daily(Source(str(file), COLUMNS), SCHEMA, limits=Limits(kept_bytes=100_000))


def test_order_lines_taken_for_daily_rows_are_told_how_to_say_what_they_are(tmp_path):
    file = written(tmp_path / "lines.csv", (1, "a", 1, "2026-03-01"))
    with pytest.raises(SchemaError, match=r"'date' is missing.*columns = \{ ordered_at = … \}"):
        read_daily(Source(str(file)), SCHEMA)


def test_daily_rows_are_read_as_they_are_with_damaged_ones_set_aside(tmp_path):
    header = ("product_id", "date", "quantity", "promotion")
    rows = [("a", f"2026-03-{day:02d}", day, "no") for day in range(1, 29)]
    file = written(tmp_path / "days.csv", *rows, ("a", "2026-03-31", "x", "no"), header=header)
    raw = read_daily(Source(str(file)), SCHEMA)
    assert len(raw.frame) == 28
    assert raw.quarantined["reason"].to_dict() == {30: "quantity 'x' is not a number"}


def test_the_engine_is_a_setting_of_the_source(tmp_path):
    lines = ["[models.demand_forecast.source]", 'url = "lines.parquet"', 'engine = "spark"']
    (tmp_path / "contender.toml").write_text("\n".join(lines))
    found = load_settings({"CONTENDER_HOME": str(tmp_path)})
    assert found.source("demand_forecast").engine == "spark"
    (tmp_path / "contender.toml").write_text("\n".join([*lines[:2], 'engine = "pandas"']))
    with pytest.raises(SettingsError, match="engine"):
        load_settings({"CONTENDER_HOME": str(tmp_path)})


def test_the_engine_is_chosen_by_size_or_by_name():
    small = OrderLines("here", Files(("lines.csv",)), {}, 10)
    large = OrderLines("here", Files(("lines.csv",)), {}, SPARK_FROM_BYTES)
    assert engine_for(Source("lines.csv"), small) is duckdb_engine
    assert engine_for(Source("lines.csv"), large) is spark_engine
    assert engine_for(Source("lines.csv", engine="spark"), small) is spark_engine
    assert engine_for(Source("lines.csv", engine="duckdb"), large) is duckdb_engine


def test_addresses_of_a_cluster_are_for_spark_only():
    with pytest.raises(SourceError, match='hdfs:// are read by engine = "spark" only'):
        read("hdfs://cluster/lines")


def test_what_spark_lacks_is_said_with_what_to_install(tmp_path, monkeypatch):
    lines = OrderLines("here", Files(("lines.csv",)), {})
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"here: .*apt-get install openjdk-17-jre-headless"):
        spark_engine.add_up(lines, tmp_path / "days.parquet", tmp_path)


LINES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.decimals(-5, 9, places=2),
        st.integers(0, 9).map(lambda day: datetime(2026, 2, 25) + timedelta(days=day, hours=day)),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(LINES)
def test_any_lines_give_what_plain_arithmetic_gives(tmp_path_factory, lines):
    net: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for product, quantity, moment in lines:
        net[product, moment.date()] += quantity
    last = max(day for _, day in net)
    wanted: Days = {}
    for product in sorted({product for product, _ in net}):
        sold = sorted(day for name, day in net if name == product and net[name, day] > 0)
        for offset in range((last - sold[0]).days + 1 if sold else 0):
            day = sold[0] + timedelta(days=offset)
            wanted[product, day.isoformat()] = float(max(net.get((product, day), 0), 0))
    rows = [(number, *line) for number, line in enumerate(lines)]
    file = written(tmp_path_factory.mktemp("lines") / "lines.csv", *rows)
    if wanted:
        assert quantities(read(file)) == wanted
    else:
        with pytest.raises(SchemaError, match="no product was ever sold"):
            read(file)
