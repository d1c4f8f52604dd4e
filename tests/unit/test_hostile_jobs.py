"""Files of jobs that mean harm: a bad row costs itself, a bomb costs its job, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_scene import Scene

from pipelines.jobs import parquet, rows, text_files
from pipelines.jobs.record import JobFailed
from pipelines.jobs.text_files import LINE_BYTES
from pipelines.store import Store

TEXT = "tornillo"


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    return Scene(store, tmp_path)


def lines_of(scene: Scene, job_id: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in scene.result(job_id).splitlines()]


def parquet_of(tmp_path: Path, **columns: object) -> bytes:
    file = tmp_path / "made.parquet"
    pq.write_table(pa.table(columns), file, compression="zstd")
    return file.read_bytes()


def error_of(scene: Scene, content: bytes, kind: str) -> str:
    job_id = scene.hand_in(content, kind=kind, format="csv")
    scene.work()
    job = scene.job(job_id)
    assert job.state == "failed"
    return str(job.error)


@pytest.mark.parametrize("deep", ["[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500])
@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_row_of_brackets_in_brackets_costs_only_itself(
    scene: Scene, deep: str, format: str
) -> None:
    content = f'{{"text": "a"}}\n{{"text": "b", "more": {deep}}}\n{{"text": "c"}}\n'
    job_id = scene.hand_in(content.encode(), kind="jsonl", format=format)
    scene.work()
    job = scene.job(job_id)
    assert (job.state, job.rows_done, job.rows_refused) == ("done", 3, 1)


@pytest.mark.parametrize("row", [",", '"\n",'], ids=["in one line", "in quoted lines"])
def test_a_row_of_more_cells_than_memory_holds_fails_the_job(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setattr(text_files, "LINE_BYTES", 1_000)
    fitting = "text,more\n" + "a,b\n" * 500
    wide = (fitting + row * 2_000).encode()
    assert "longer than 1,000 characters" in error_of(scene, wide, "csv")
    job_id = scene.hand_in(fitting.encode(), kind="csv", format="csv")
    scene.work()
    assert scene.job(job_id).state == "done"


def test_a_line_that_is_too_long_costs_only_itself(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "LINE_BYTES", 100)
    good = b'{"text": "a"}\n'
    for long in (b"[" + b"[]," * 1_000 + b"[]]", b"x" * 101, b"x" * 102, b"x" * 202, b" " * 500):
        job_id = scene.hand_in(good + long + b"\n" + good, kind="jsonl", format="jsonl")
        scene.work()
        errors = [row["error"] for row in lines_of(scene, job_id)]
        assert errors == [None, "row 1 is longer than 100 bytes", None]
    whole = b'{"text": "%b"}' % (b"x" * 87)
    job_id = scene.hand_in(good + whole, kind="jsonl", format="jsonl")
    scene.work()
    assert [row["error"] for row in lines_of(scene, job_id)] == [None, None]
    assert LINE_BYTES > 1_000_000


def test_a_column_that_unpacks_without_end_fails_the_job_unread(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "CHUNK_BYTES", 100_000)
    values = [f"{number:06d}{'x' * 5_000}" for number in range(100)]
    content = parquet_of(tmp_path, text=values)
    assert len(content) < 10_000
    assert "unpacks to more than 100,000 bytes" in error_of(scene, content, "parquet")


def test_a_long_text_said_in_every_row_fails_the_job_before_it_is_copied(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "BATCH_BYTES", 1_000_000)
    content = parquet_of(tmp_path, text=["x" * 10_000] * 400)
    assert len(content) < 100_000
    assert "400 rows of the file hold 4,000,000 bytes" in error_of(scene, content, "parquet")


def test_texts_that_are_said_often_are_read_as_they_were(scene: Scene, tmp_path: Path) -> None:
    texts = ["uno", "dos", None, "uno", ""] * 300
    content = parquet_of(
        tmp_path, text=texts, raw=[b"\xff"] * 1_500, kind=pa.array(texts).dictionary_encode()
    )
    job_id = scene.hand_in(content, kind="parquet", format="jsonl")
    scene.work()
    found = lines_of(scene, job_id)
    assert [row["text"] for row in found] == texts
    assert [row["kind"] for row in found] == texts
    assert {row["raw"] for row in found} == {"\ufffd"}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_more_rows_than_a_job_answers_fail_it_before_the_first(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(rows, "ROWS", 9)
    contents = {
        "csv": b"text\n" + b"a\n" * 10,
        "jsonl": b'{"text": "a"}\n' * 10,
        "parquet": parquet_of(tmp_path, text=["a"] * 10),
    }
    assert "has 10 rows; a job answers 9 at most" in error_of(scene, contents[kind], kind)
    assert scene.scorer.calls == []


def test_parquet_whose_bytes_are_not_what_its_end_says_fails_the_job(
    scene: Scene, tmp_path: Path
) -> None:
    content = parquet_of(tmp_path, text=[f"text {number}" for number in range(5_000)])
    for place in range(40, len(content) - 10, len(content) // 25):
        damaged = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
        job_id = scene.hand_in(damaged, kind="parquet", format="jsonl")
        scene.work()
        assert scene.job(job_id).state in {"done", "failed"}


cells = st.text(max_size=8) | st.sampled_from(['"', "\0", "\r", "=1", "1e999", "[[", "\ufeff"])
tables = st.lists(st.lists(cells, max_size=3).map(",".join), max_size=5).map("\n".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
records = st.dictionaries(st.sampled_from(["text", "error", "topic", "x"]), values, max_size=3)
objects = st.lists((records | values).map(json.dumps), max_size=5).map("\n".join)
contents = st.tuples(st.just("csv"), tables.map("text,note\n{}".format) | tables) | st.tuples(
    st.just("jsonl"), objects | tables
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(contents, st.sampled_from(["csv", "jsonl", "parquet"]))
def test_whatever_a_file_holds_every_row_comes_back_or_the_job_says_why_not(
    scene: Scene, content: tuple[str, str], format: str
) -> None:
    kind, text = content
    job_id = scene.hand_in(text.encode("utf-8", "replace"), kind=kind, format=format)
    scene.work()
    job = scene.job(job_id)
    if job.state == "failed":
        assert job.error
        assert "attempts" not in job.error
        return
    assert job.rows_done == job.rows_total
    if format == "jsonl":
        assert len(lines_of(scene, job_id)) == job.rows_total


def test_what_fails_a_job_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"PAR1" + b"\0" * 50 + b"PAR1")
    with pytest.raises(JobFailed, match="no Parquet"):
        parquet.ParquetTable(tmp_path / "file")
