"""What a job reads, from every kind of file, and from any row on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.jobs.inputs import open_table
from pipelines.jobs.instances import Instances
from pipelines.jobs.record import JobFailed
from pipelines.jobs.rows import InputRow
from pipelines.orders import product_catalogue
from pipelines.orders.product_catalogue import Catalogue, Product
from serving.protocols.columns import Column

TEXT = Column("text", "text", nullable=False, required=True)
COUNT = Column("count", "integer", nullable=False, required=False)
PRICE = Column("price", "number", nullable=True, required=False)
OPEN = Column("open", "boolean", nullable=False, required=False)
DAYS = Column("days", "json", nullable=False, required=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input"


def read(kind: str, file: Path, content: bytes, first: int = 0) -> list[InputRow]:
    file.write_bytes(content)
    return list(open_table(kind, file).rows(first))  # type: ignore[arg-type]


def refusal(kind: str, file: Path, content: bytes) -> str:
    with pytest.raises(JobFailed) as refused:
        read(kind, file, content)
    return str(refused.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_is_read_by_the_delimiter_of_its_header(file, delimiter):
    lines = f"text{delimiter}code\nuña{delimiter}1\n\n".encode("utf-8-sig")

    assert read("csv", file, lines) == [InputRow({"text": "uña", "code": "1"})]
    assert read("csv", file, b"\r\n\n" + lines[3:]) == [InputRow({"text": "uña", "code": "1"})]


def test_a_cell_may_hold_lines_and_quotes_and_a_blank_line_is_no_row(file):
    rows = read("csv", file, b'text\n"a ""b""\nc"\n\n"d"\n')

    assert [row.values["text"] for row in rows] == ['a "b"\nc', "d"]


def test_a_row_with_a_cell_too_many_or_too_few_is_a_fault_of_its_own(file):
    few, many, good = read("csv", file, b"text,code\na\nb,1,2\nc,3\n")

    assert few.fault == "the row has 1 cells, the header has 2"
    assert many.fault == "the row has 3 cells, the header has 2"
    assert few.values == {"text": "a"}
    assert good == InputRow({"text": "c", "code": "3"})


def test_a_column_without_a_name_gets_one(file):
    assert read("csv", file, b",text\n0,a\n") == [InputRow({"column_1": "0", "text": "a"})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"text,text\na,b\n", "two columns"),
        ("text\nu\xf1a\n".encode("latin-1"), "not UTF-8"),
        ("descripci\xf3n\na\n".encode("latin-1"), "not UTF-8"),
        (b'text\n"open\n' + b"x" * 1_000_001, "is a quote left open?"),
        (",".join(f"c{n}" for n in range(1_001)).encode() + b"\n", "more than 1000 columns"),
    ],
)
def test_a_csv_that_nobody_can_read_is_refused_with_the_reason(file, content, said):
    assert said in refusal("csv", file, content)


def test_json_lines_keep_their_types_and_a_bad_line_is_a_fault_of_its_own(file):
    content = b'{"text": "a", "count": 2}\n[1]\n\nnot json\n{"text": "b", "price": 1.5}'
    file.write_bytes(content)
    table = open_table("jsonl", file)

    good, no_object, no_json, last = table.rows(0)

    assert table.count == 4
    assert table.kinds == {"text": "text", "count": "integer", "price": "number"}
    assert good.values == {"text": "a", "count": 2}
    assert no_object.fault == "row 1 is no JSON object"
    assert no_json.fault is not None
    assert last.values["price"] == 1.5


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], "number"),
        ([True, False], "boolean"),
        ([True, 1], "json"),
        ([[1], [2]], "json"),
        ([2**63, 1], "number"),
        ([None], "text"),
    ],
)
def test_a_column_of_json_lines_holds_what_all_its_values_are(file, values, kind):
    file.write_bytes(b"\n".join(orjson.dumps({"a": value}) for value in values))

    assert open_table("jsonl", file).kinds == {"a": kind}


def test_parquet_values_are_what_json_would_say(file):
    table = pa.table(
        {
            "text": ["uña", None],
            "day": [date(2026, 11, 21), None],
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
            "share": [float("nan"), 0.5],
            "days": [[{"quantity": 1}], None],
            "raw": [b"\xf1", None],
        }
    )
    pq.write_table(table, file)
    opened = open_table("parquet", file)

    first, second = opened.rows(0)

    assert first.values == {
        "text": "uña",
        "day": "2026-11-21",
        "price": 1.5,
        "share": None,
        "days": [{"quantity": 1}],
        "raw": "�",
    }
    assert second.values["share"] == 0.5
    assert list(opened.kinds.values()) == ["text", "text", "number", "number", "json", "text"]


def test_what_is_no_parquet_is_refused(file):
    assert "no Parquet" in refusal("parquet", file, b"text\na\n")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "catalogue"])
@pytest.mark.parametrize("first", [0, 1, 699, 700, 1399, 1400])
def test_reading_on_from_any_row_gives_the_rows_that_follow(file, kind, first):
    write(kind, file, 1_400)
    table = open_table(kind, file)  # type: ignore[arg-type]

    everything = list(table.rows(0))

    assert len(everything) == table.count == 1_400
    assert list(table.rows(first)) == everything[first:]


def write(kind: str, file: Path, count: int) -> None:
    names = [f"producto {number}" for number in range(count)]
    if kind == "catalogue":
        products = tuple(Product(str(number), name) for number, name in enumerate(names))
        product_catalogue.write(file, Catalogue(products, None, "a state", "today"))
    elif kind == "parquet":
        pq.write_table(pa.table({"text": names}), file, row_group_size=700)
    elif kind == "csv":
        file.write_text("\n".join(["text", *names]))
    else:
        file.write_bytes(b"\n".join(orjson.dumps({"text": name}) for name in names))


def test_the_catalogue_has_the_columns_of_a_product(file):
    product = Product("04", "Llave stilson", "p1", "a.jpg", 12.5)
    product_catalogue.write(file, Catalogue((product,), None, "a state", "today"))

    (row,) = open_table("catalogue", file).rows(0)

    assert row.values == {
        "code": "04",
        "description": "Llave stilson",
        "product_id": "p1",
        "image": "a.jpg",
        "price": 12.5,
    }


def instances(file: Path, header: str, columns: dict[str, str] | None = None) -> Instances:
    file.write_text(f"{header}\n")
    return Instances((TEXT, COUNT, PRICE, OPEN, DAYS), open_table("csv", file), columns or {})


def test_cells_are_read_as_the_fields_of_the_contract(file):
    asked = instances(file, "text,count,price,open,days,other")

    row = {"text": "12", "count": "3", "price": "1e2", "open": "True", "days": "[1]", "other": "x"}
    assert asked.of(row) == {"text": "12", "count": 3, "price": 100.0, "open": True, "days": [1]}


def test_an_empty_cell_is_a_field_left_out_but_an_empty_text_is_one(file):
    asked = instances(file, "text,count,price,open")

    assert asked.of({"text": "", "count": " ", "price": "nan", "open": ""}) == {
        "text": "",
        "price": None,
    }


@pytest.mark.parametrize("cell", ["1_000", "three", "٣", "1,5"])
def test_a_cell_that_is_no_number_stays_for_the_contract_to_refuse(file, cell):
    assert instances(file, "text,count").of({"text": "a", "count": cell})["count"] == cell


def test_a_field_may_be_called_otherwise_in_the_file(file):
    asked = instances(file, "descripcion", {"text": "descripcion"})

    assert asked.of({"descripcion": "uña"}) == {"text": "uña"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "no column for text; it has: descripcion. Say which one"),
        ({"text": "name"}, "no column name; it has: descripcion"),
        ({"name": "descripcion"}, "no field name; it has: count, days, open, price, text"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_what_is(file, columns, said):
    with pytest.raises(JobFailed, match=said):
        instances(file, "descripcion", columns)


def test_json_lines_may_begin_with_a_mark_of_their_encoding(file):
    rows = read("jsonl", file, b'\xef\xbb\xbf{"text": "uno"}\n{"text": "dos"}\n')
    assert [(row.values, row.fault) for row in rows] == [
        ({"text": "uno"}, None),
        ({"text": "dos"}, None),
    ]


def test_categories_of_parquet_are_of_the_kind_of_their_values(file):
    table = pa.table({"n": pa.array([3, 4, 3]).dictionary_encode(), "t": ["a", "b", "a"]})
    pq.write_table(table.set_column(1, "t", table["t"].combine_chunks().dictionary_encode()), file)
    assert dict(open_table("parquet", file).kinds) == {"n": "integer", "t": "text"}


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_quote_left_open_swallows_no_rows_in_silence(file, end):
    content = b'text\nuno\n"dos\ntres\ncuatro' + end
    assert "a quote is open at its end" in refusal("csv", file, content)
    whole = [row.values["text"] for row in read("csv", file, b'text\nuno\n"dos\ntres"' + end)]
    assert whole == ["uno", "dos\ntres"]
