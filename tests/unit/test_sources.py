from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.schema import Column, FrameSchema, SchemaError
from features.sources import Limits, Raw, Source, SourceError, fingerprint, read

SCHEMA = FrameSchema(
    columns=(
        Column("description", "text", maximum_length=200),
        Column("code", "text"),
        Column("price", "number", required=False),
    ),
    label="code",
)
HEADER = "description,code,price\n"
ROWS = "claw hammer,010101,12.5\nhex nut,030301,\ncopper pipe,040104,88\n"
FRAME = pd.DataFrame(
    {
        "description": ["claw hammer", "hex nut", "copper pipe"],
        "code": ["010101", "030301", "040104"],
        "price": [12.5, None, 88.0],
    }
)


def written(folder: Path, text: str | bytes, name: str = "rows.csv") -> Source:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return Source(str(file))


def many_rows(rows: int) -> str:
    return HEADER + "".join(f"item number {i},{i % 7:06d},{i}\n" for i in range(rows))


def content(raw: Raw) -> list[list[object]]:
    return raw.frame.astype(object).where(raw.frame.notna(), None).to_numpy().tolist()


def test_a_csv_file_is_read_with_leading_zeros_types_and_lines(tmp_path):
    raw = read(written(tmp_path, HEADER + ROWS), SCHEMA)
    assert content(raw) == content(Raw(FRAME, "", FRAME))
    assert list(raw.frame.index) == [2, 3, 4]
    assert raw.frame.index.name == "line"
    assert raw.quarantined.empty


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path, delimiter):
    raw = read(written(tmp_path, (HEADER + ROWS).replace(",", delimiter)), SCHEMA)
    assert content(raw) == content(Raw(FRAME, "", FRAME))


def test_columns_that_are_not_asked_for_are_left_out(tmp_path):
    text = "id,descripcion,x,clave\n1,claw hammer,?,010101\n2,hex nut,?,030301\n"
    source = written(tmp_path, text)
    mapped = Source(source.url, {"description": "descripcion", "code": "clave"})
    assert list(read(mapped, SCHEMA).frame.columns) == ["description", "code"]


def test_every_kind_of_file_with_the_same_rows_has_the_same_fingerprint(tmp_path):
    csv = read(written(tmp_path, HEADER + ROWS), SCHEMA)
    zipped = read(written(tmp_path, gzip.compress((HEADER + ROWS).encode()), "rows.csv.gz"), SCHEMA)
    FRAME.to_parquet(tmp_path / "rows.parquet")
    parquet = read(Source(str(tmp_path / "rows.parquet")), SCHEMA)
    records = FRAME.astype(object).where(FRAME.notna(), None).to_dict("records")
    listed = read(written(tmp_path, json.dumps(records), "rows.json"), SCHEMA)
    lines = "\n".join(json.dumps(record) for record in records)
    by_line = read(written(tmp_path, lines, "rows.jsonl"), SCHEMA)
    assert {raw.fingerprint for raw in (csv, zipped, parquet, listed, by_line)} == {csv.fingerprint}


def test_a_folder_of_parquet_files_is_one_source(tmp_path):
    folder = tmp_path / "rows"
    (folder / "2026").mkdir(parents=True)
    FRAME.iloc[:1].to_parquet(folder / "2026" / "b.parquet")
    FRAME.iloc[1:].to_parquet(folder / "a.parquet")
    raw = read(Source(str(folder)), SCHEMA)
    assert raw.fingerprint == fingerprint(raw.frame)
    assert sorted(raw.frame["code"]) == sorted(FRAME["code"])
    assert list(raw.frame.index) == [1, 2, 3]


def test_whole_numbers_in_parquet_become_codes_without_a_decimal_point(tmp_path):
    frame = FRAME.assign(code=[27111707.0, 31161504.0, 40171500.0])
    frame.to_parquet(tmp_path / "rows.parquet")
    raw = read(Source(str(tmp_path / "rows.parquet")), SCHEMA)
    assert list(raw.frame["code"]) == ["27111707", "31161504", "40171500"]


def test_nested_parquet_columns_are_refused_by_name(tmp_path):
    FRAME.assign(code=pd.Series([["a"], ["b"], ["c"]])).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(SourceError, match="'code' holds list"):
        read(Source(str(tmp_path / "rows.parquet")), SCHEMA)


def test_relative_paths_and_file_addresses_are_read(tmp_path, monkeypatch):
    source = written(tmp_path, HEADER + ROWS)
    monkeypatch.chdir(tmp_path)
    assert len(read(Source("rows.csv"), SCHEMA).frame) == 3
    assert len(read(Source(f"file://{source.url}"), SCHEMA).frame) == 3


def test_a_quoted_value_may_hold_delimiters_quotes_and_line_ends(tmp_path):
    text = HEADER + '"brocha de 2"" , negra\nlarga",070701,1\nhex nut,030301,2\n'
    raw = read(written(tmp_path, text), SCHEMA)
    assert raw.frame["description"].tolist() == ['brocha de 2" , negra\nlarga', "hex nut"]
    assert list(raw.frame.index) == [2, 4]


# --- What is wrong is named -------------------------------------------------------------------


def test_a_missing_column_is_named_with_those_there_are_and_the_likely_one(tmp_path):
    source = written(tmp_path, "Descripción,clave\nhammer,1\nnut,2\n")
    mapped = Source(source.url, {"code": "claves"})
    with pytest.raises(SchemaError) as refusal:
        read(mapped, SCHEMA)
    message = str(refusal.value)
    assert "'description' is missing" in message
    assert "'Descripción', 'clave'" in message
    assert "description = 'Descripción'" in message
    assert "code = 'clave'" in message
    assert len(refusal.value.violations) == 2


def test_an_optional_column_that_the_user_maps_must_be_there(tmp_path):
    source = written(tmp_path, "description,code\nhammer,1\nnut,2\n")
    with pytest.raises(SchemaError, match="'precio' \\(for 'price'\\) is missing"):
        read(Source(source.url, {"price": "precio"}), SCHEMA)


def test_an_optional_column_can_be_left_out_and_a_required_one_cannot(tmp_path):
    source = written(tmp_path, "description,code,price\nhammer,1,ask us\nnut,2,ask us\n")
    assert list(read(Source(source.url, {"price": ""}), SCHEMA).frame) == ["description", "code"]
    with pytest.raises(SchemaError, match="\\(for 'code'\\) is missing"):
        read(Source(source.url, {"price": "", "code": ""}), SCHEMA)


def test_a_mapping_of_an_unknown_column_is_refused(tmp_path):
    source = written(tmp_path, HEADER + ROWS)
    with pytest.raises(SourceError, match="'colour', which the model does not know"):
        read(Source(source.url, {"colour": "color"}), SCHEMA)


def test_a_needed_column_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(SourceError, match="'code' is there 2 times \\(positions 2, 3\\)"):
        read(written(tmp_path, "description,code,code\na,1,2\nb,2,3\n"), SCHEMA)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (HEADER.encode(), "there are no rows"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x00\x01\x02", "not text"),
        (gzip.compress((HEADER + ROWS).encode())[:-20], "gzip file is damaged"),
    ],
    ids=["nothing", "blank lines", "header only", "workbook", "binary", "cut gzip"],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, text, error):
    with pytest.raises((SourceError, SchemaError), match=error):
        read(written(tmp_path, text), SCHEMA)


def test_one_class_only_is_refused_by_name(tmp_path):
    with pytest.raises(SchemaError, match="'code' has 1 distinct value: '1'; at least 2"):
        read(written(tmp_path, "description,code\na,1\nb,1\n"), SCHEMA)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("nowhere/rows.csv", "no such file"),
        ("s3://bucket/rows.csv", "s3:// are not read"),
        ("file://otherhost/rows.csv", "this machine"),
        ("postgresql://localhost/shop", "\\?table="),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(url, error):
    with pytest.raises(SourceError, match=error):
        read(Source(url), SCHEMA)


def test_a_query_without_a_database_is_refused(tmp_path):
    source = written(tmp_path, HEADER + ROWS)
    with pytest.raises(SourceError, match="a query needs"):
        read(Source(source.url, query="SELECT 1"), SCHEMA)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:sesame@localhost:1/db?table=t",
        "postgresql://shop@localhost:1/db?table=t&password=sesame",
        "postgresql://shop:open/sesame@localhost:1/db?table=t",
        "http://localhost:1/rows.csv?api_key=sesame&page=1",
        "http://localhost:1/rows.csv?X-Amz-Signature=sesame",
    ],
)
def test_a_password_is_never_shown(url):
    with pytest.raises(SourceError) as refusal:
        read(Source(url), SCHEMA)
    assert "sesame" not in str(refusal.value)
    assert "localhost:1" in str(refusal.value)


# --- Damaged rows ------------------------------------------------------------------------------


def test_damaged_rows_are_set_aside_with_line_and_reason(tmp_path):
    damaged = 'too,few\nhammer,,3\nhammer,1,dear\n"half" quoted,1,2\n' + "x" * 201 + ",1,1\n"
    raw = read(written(tmp_path, many_rows(200) + damaged), SCHEMA)
    assert len(raw.frame) == 200
    assert raw.quarantined["reason"].to_dict() == {
        202: "has 2 values where the header has 3 names",
        203: "code is empty",
        204: "price 'dear' is not a number",
        205: "',' expected after '\"'",
        206: "description has 201 characters, more than 200",
    }
    assert raw.quarantined.loc[204, "description"] == "hammer"


def test_too_many_damaged_rows_are_refused_with_every_line(tmp_path):
    with pytest.raises(SchemaError) as refusal:
        read(written(tmp_path, many_rows(20) + "a,,1\nb,,1\n"), SCHEMA)
    assert [violation.line for violation in refusal.value.violations] == [None, 22, 23]
    assert "2 of 22 rows are damaged, more than the 5% allowed" in str(refusal.value)
    assert "line 22: code is empty" in str(refusal.value)


def test_the_share_of_damaged_rows_can_be_set(tmp_path):
    source = written(tmp_path, many_rows(20) + "a,,1\nb,,1\n")
    assert len(read(Source(source.url, damaged_share=0.2), SCHEMA).quarantined) == 2


def test_empty_values_at_the_end_of_a_row_do_no_harm(tmp_path):
    raw = read(written(tmp_path, HEADER + "a,1,2,,\n\nb,2,3\n\n"), SCHEMA)
    assert raw.frame["code"].tolist() == ["1", "2"]
    assert list(raw.frame.index) == [2, 4]


@pytest.mark.parametrize(
    "tail",
    ['"never closed,1,2\nhammer,1,2\n', '"never closed,1,2\n"hammer",1,2\n'],
    ids=["to the end", "to the next quote"],
)
def test_an_open_quote_is_refused_instead_of_swallowing_rows(tmp_path, tail):
    with pytest.raises(SourceError, match="quote opened on line 102 is not closed"):
        read(written(tmp_path, many_rows(100) + tail), SCHEMA)


# --- Encodings ---------------------------------------------------------------------------------

SPANISH = "description,code\npija de lámina,1\ncaño inglés,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_spanish_text_is_read_in_every_usual_encoding(tmp_path, encoding):
    raw = read(written(tmp_path, SPANISH.encode(encoding)), SCHEMA)
    assert raw.frame["description"].tolist() == ["pija de lámina", "caño inglés"]


@pytest.mark.parametrize(("most", "few"), [("utf-8", "cp1252"), ("cp1252", "utf-8")])
def test_lines_in_another_encoding_are_set_aside_by_line(tmp_path, most, few):
    rows = "".join(f"válvula {i},{i % 3}\n" for i in range(100)).encode(most)
    text = b"description,code\n" + rows + "caño,1\n".encode(few)
    raw = read(written(tmp_path, text), SCHEMA)
    assert len(raw.frame) == 100
    assert list(raw.quarantined.index) == [102]
    assert "mixed encodings" in raw.quarantined["reason"].to_dict()[102]


def test_evenly_mixed_encodings_are_refused_with_their_lines(tmp_path):
    text = b"description,code\n" + "caño,1\n".encode() + "caño,2\n".encode("cp1252")
    with pytest.raises(SchemaError, match=r"line 2: is not cp1252.*mixed encodings"):
        read(written(tmp_path, text), SCHEMA)


# --- Size --------------------------------------------------------------------------------------


def test_a_source_whose_wanted_columns_do_not_fit_is_refused(tmp_path):
    source = written(tmp_path, many_rows(60_000))
    with pytest.raises(SourceError, match="hold more than 1 MiB"):
        read(source, SCHEMA, limits=Limits(kept_bytes=2**20))


def test_a_file_far_larger_than_its_wanted_columns_is_read(tmp_path):
    row = "x" * 2_000
    text = "filler,description,code\n" + "".join(f"{row},item {i},{i % 5}\n" for i in range(4_000))
    source = written(tmp_path, text)
    tracemalloc.start()
    raw = read(source, SCHEMA, limits=Limits(kept_bytes=2**20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(raw.frame) == 4_000
    assert peak < len(text) / 2


def test_a_line_without_end_is_refused_before_it_fills_memory(tmp_path):
    source = written(tmp_path, HEADER + "x" * 300_000)
    with pytest.raises(SourceError, match="line 2 is longer than"):
        read(source, SCHEMA, limits=Limits(line_bytes=100_000))


def test_a_value_of_absurd_length_is_set_aside_by_line(tmp_path):
    raw = read(written(tmp_path, many_rows(100) + "x" * 200_000 + ",1,1\n"), SCHEMA)
    assert len(raw.frame) == 100
    assert "field larger than field limit" in raw.quarantined["reason"].to_dict()[102]


def test_a_json_list_that_does_not_fit_is_refused(tmp_path):
    source = written(tmp_path, json.dumps([{"description": "x" * 50, "code": "1"}] * 100), "r.json")
    with pytest.raises(SourceError, match="one object a line"):
        read(source, SCHEMA, limits=Limits(kept_bytes=2_000))


def test_broken_json_lines_are_set_aside(tmp_path):
    good = "".join(json.dumps({"description": "a", "code": i % 3}) + "\n" for i in range(60))
    raw = read(written(tmp_path, good + '{"description": \n[1]\n', "rows.jsonl"), SCHEMA)
    assert len(raw.frame) == 60
    assert list(raw.quarantined.index) == [61, 62]


# --- Anything ----------------------------------------------------------------------------------


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
@given(content=st.binary(max_size=300))
def test_any_bytes_at_all_are_rows_or_a_refusal_that_names_the_file(tmp_path, content):
    source = written(tmp_path, b"description,code\n" + content)
    assert "rows.csv" in outcome(source)


def outcome(source: Source) -> str:
    try:
        rows = len(read(source, SCHEMA).frame)
    except (SourceError, SchemaError) as error:
        return str(error)
    return f"{rows} rows of {source.url}"
