"""A result is the file as it was, with an answer or an error beside every row."""

from __future__ import annotations

import csv
import io

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest
from job_scene import LengthScorer, Scene

from pipelines.jobs import results
from pipelines.jobs.inputs import open_table
from pipelines.jobs.instances import Instances
from pipelines.jobs.rows import InputRow
from pipelines.jobs.scoring import Scored, score
from pipelines.store import Store

pytestmark = pytest.mark.both_databases


@pytest.fixture
def scene(store: Store, tmp_path) -> Scene:
    return Scene(store, tmp_path)


def test_what_the_model_refuses_costs_its_own_row_an_error_and_no_other(scene, tmp_path):
    file = tmp_path / "input"
    file.write_text("text\n")
    scorer = LengthScorer()
    texts = ["a", "no", "b", "", "c", "no", "d"]

    scored = score(
        scorer,
        Instances(scorer.request_fields, open_table("csv", file), {}),
        [InputRow({"text": text}) for text in texts],
    )

    assert [each.answer and each.answer[0]["topic"] for each in scored] == [
        *("A", None, "B", None, "C", None, "D")
    ]
    refused, missing = "no is no text", "text: is missing"
    assert [each.error for each in scored] == [None, refused, None, missing, None, refused, None]


def test_a_csv_keeps_its_columns_and_its_order(scene):
    job_id = scene.hand_in(b'shelf;text\nA1;"uno; dos"\nA2;no\n')

    scene.work()

    rows = list(csv.reader(io.StringIO(scene.result(job_id).decode())))
    assert rows == [
        ["shelf", "text", "topic", "size", "error"],
        ["A1", "uno; dos", "UNO; DOS", "8", ""],
        ["A2", "no", "", "", "no is no text"],
    ]


def test_json_lines_are_scored_with_their_types(scene):
    lines = b'{"text": "uno", "tags": ["a"], "n": 1}\noops\n{"text": "no"}\n'
    job_id = scene.hand_in(lines, kind="jsonl")

    scene.work()

    first, second, third = [orjson.loads(line) for line in scene.result(job_id).splitlines()]
    assert first == {
        "text": "uno",
        "tags": ["a"],
        "n": 1,
        "topic": "UNO",
        "size": 3,
        "error": None,
    }
    assert second["error"].startswith("row 1 is not JSON")
    assert third["tags"] is None
    assert third["error"] == "no is no text"


def test_any_input_can_become_parquet(scene):
    job_id = scene.hand_in(b'{"text": "uno", "tags": [1]}\n{"text": "no", "n": 2}\n', kind="jsonl")
    changed = scene.hand_in(b"text\nuno\nno\n", kind="csv", format="parquet")
    lines = scene.hand_in(
        b'{"text": "uno", "tags": [1]}\n{"text": "no", "n": 2}\n', kind="jsonl", format="parquet"
    )

    scene.work()

    assert scene.result(job_id)
    table = pq.read_table(io.BytesIO(scene.result(changed))).to_pydict()
    assert table == {
        "text": ["uno", "no"],
        "topic": ["UNO", None],
        "size": [3, None],
        "error": [None, "no is no text"],
    }
    table = pq.read_table(io.BytesIO(scene.result(lines))).to_pydict()
    assert table["tags"] == ["[1]", None]
    assert table["n"] == [None, 2]


def test_an_answers_column_that_the_file_has_too_gets_a_prefix(scene):
    job_id = scene.hand_in(b"text,topic,error\nuno,DOS,broken\n")

    scene.work()

    assert scene.result(job_id).splitlines() == [
        b"text,topic,error,predicted_topic,size,predicted_error",
        b"uno,DOS,broken,UNO,3,",
    ]


def test_a_model_that_answers_lists_fills_one_column_a_row(scene):
    scene.scorer.many = True
    job_id = scene.hand_in(b"text\nab\nno\n")

    scene.work()

    (ab, no) = list(csv.DictReader(io.StringIO(scene.result(job_id).decode())))
    assert orjson.loads(ab["predictions"]) == [{"topic": "AB", "size": 2}] * 2
    assert no == {"text": "no", "predictions": "", "error": "no is no text"}


def test_a_file_with_a_header_alone_has_a_result_with_a_header_alone(scene):
    job_id = scene.hand_in(b"text\n")

    scene.work()

    assert scene.result(job_id) == b"text,topic,size,error\r\n"
    assert scene.job(job_id).rows_total == 0


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_numpys_numbers_are_numbers(tmp_path, format):
    layout = results.Layout(
        {"text": "text"},
        {"p": ("p", "number"), "n": ("n", "integer"), "b": ("b", "boolean"), "l": ("l", "json")},
        "error",
        many=False,
    )
    answer = {"p": np.float64(0.5), "n": np.int64(2), "b": np.bool(True), "l": [np.float32(0.25)]}
    part, whole = tmp_path / "part", tmp_path / "whole"

    results.write_part(part, format, layout, [Scored({"text": "a"}, [answer], None)])
    results.join([part, part], whole, format, layout)

    if format == "csv":
        assert whole.read_text().splitlines()[1:] == ["a,0.5,2,true,[0.25],"] * 2
    elif format == "jsonl":
        row = {"text": "a", "p": 0.5, "n": 2, "b": True, "l": [0.25], "error": None}
        assert [orjson.loads(line) for line in whole.read_text().splitlines()] == [row] * 2
    else:
        row = {"text": "a", "p": 0.5, "n": 2, "b": True, "l": "[0.25]", "error": None}
        assert pq.read_table(whole).to_pylist() == [row] * 2
