"""Sources that mean harm: bombs, pipes, mazes of brackets. Memory and time stay bounded."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.daily_sales.order_lines import located
from features.readers import download, gzipped, records
from features.readers.gzipped import UnpacksTooFar, unpacked
from features.schema import Column, FrameSchema, SchemaError
from features.sources import Limits, Raw, Source, SourceError, read

SCHEMA = FrameSchema(columns=(Column("text", "text"), Column("price", "number", required=False)))
SMALL = Limits(kept_bytes=2_000_000, line_bytes=100_000, download_bytes=3_000_000)


def read_file(path: Path, **options: object) -> Raw:
    return read(Source(str(path), **options), SCHEMA, limits=SMALL)  # type: ignore[arg-type]


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bombs be small ones, for these tests' sake."""
    monkeypatch.setattr(gzipped.unpacked, "__kwdefaults__", {"always_bytes": 100_000, "ratio": 50})


# --- gzip -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tight")
@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv", "rows.jsonl.gz", "rows.json"])
@pytest.mark.parametrize("filling", [b"\n", b" ", b"a,1\n", b'{"text":"a"}\n', b"[", b'"'])
def test_a_file_that_unpacks_to_far_more_than_a_table_is_refused(
    tmp_path: Path, name: str, filling: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(b"text,price\n" + filling * (3_000_000 // len(filling))))
    with pytest.raises((SourceError, SchemaError)):
        read_file(file)


@pytest.mark.usefixtures("tight")
def test_the_refusal_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(gzip.compress(b"text\n" + b"a\n" * 1_500_000))
    with pytest.raises(SourceError, match="unpacks to more than 50 times its size"):
        read_file(file)


@pytest.mark.usefixtures("tight")
def test_a_table_that_says_the_same_in_every_row_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    rows = "".join(f"tornillo galvanizado {number},{number}\n" for number in range(20_000))
    file.write_bytes(gzip.compress(f"text,price\n{rows}".encode()))
    assert len(read_file(file).frame) == 20_000


def test_a_bomb_within_a_bomb_is_text_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    file.write_bytes(gzip.compress(gzip.compress(b"text\n" * 100_000)))
    with pytest.raises((SourceError, SchemaError)):
        read_file(file)


def test_what_is_unpacked_can_be_read_again_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "rows.gz"
    file.write_bytes(gzip.compress(b"one\ntwo\n"))
    with unpacked(file, always_bytes=8) as stream:
        assert stream.readline() == b"one\n"
        stream.seek(0)
        assert stream.read() == b"one\ntwo\n"
    with unpacked(file, always_bytes=7, ratio=0) as stream, pytest.raises(UnpacksTooFar):
        stream.read()


# --- order lines ------------------------------------------------------------------------------


def test_damaged_gzip_of_order_lines_is_a_refused_source(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv.gz"
    file.write_bytes(gzip.compress(b"product_id,quantity,ordered_at\n" * 100)[:30])
    with pytest.raises(SourceError, match="cannot be read"), located(Source(str(file)), SMALL):
        pass


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_pipe_is_no_source(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        read_file(tmp_path / name)


@pytest.mark.parametrize("name", ["lines.csv", "lines.parquet"])
def test_a_pipe_holds_no_order_lines(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    source = Source(str(tmp_path / name))
    with pytest.raises(SourceError, match="neither"), located(source, SMALL):
        pass


# --- records ----------------------------------------------------------------------------------


def test_brackets_in_brackets_are_one_damaged_row(tmp_path: Path) -> None:
    deep = "[" * 500 + "]" * 500
    file = tmp_path / "rows.jsonl"
    good = [json.dumps({"text": f"row {number}"}) for number in range(40)]
    file.write_text("\n".join([*good, f'{{"text": {deep}}}', f'{{"text": "a", "price": {deep}}}']))
    raw = read_file(file, damaged_share=0.1)
    assert len(raw.frame) == 40
    assert len(raw.quarantined) == 2


def test_millions_of_empty_objects_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "CONTAINERS", 1_000)
    file = tmp_path / "rows.json"
    file.write_text("[" + "{}," * 1_001 + "{}]")
    with pytest.raises(SourceError, match="jsonl"):
        read_file(file)


names = st.sampled_from(["text", "price", "other", ""])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
rows = st.dictionaries(names, scalars | st.lists(scalars, max_size=2), max_size=3)
lines = rows.map(json.dumps) | st.text(max_size=20)
contents = (
    st.lists(lines, max_size=6).map("\n".join).map(lambda text: text.encode("utf-8", "replace"))
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(contents | st.binary(max_size=80), st.sampled_from([".csv", ".jsonl", ".json", ".parquet"]))
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"any{suffix}"
    file.write_bytes(content)
    try:
        raw = read_file(file, damaged_share=1.0)
    except (SourceError, SchemaError):
        return
    assert raw.frame["text"].map(lambda text: isinstance(text, str)).all()


# --- downloads --------------------------------------------------------------------------------


@contextmanager
def answering(content: bytes, encoding: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/rows.csv"
        server.shutdown()
        thread.join()


def test_a_download_that_unpacks_without_end_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(b"\n" * 20_000_000)
    with answering(bomb, "gzip") as url, pytest.raises(SourceError, match="larger than"):
        read(Source(url), SCHEMA, limits=SMALL)
    with answering(gzip.compress(b"text\na\n"), "gzip") as url:
        assert len(read(Source(url), SCHEMA, limits=SMALL).frame) == 1


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_a_download_packed_otherwise_is_refused_unread(encoding: str) -> None:
    with answering(b"x", encoding) as url, pytest.raises(SourceError, match="packed as"):
        read(Source(url), SCHEMA, limits=SMALL)


def test_a_download_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WHOLE_SECONDS", -1.0)
    with answering(b"text\na\n", "identity") as url, pytest.raises(SourceError, match="arrive"):
        read(Source(url), SCHEMA, limits=SMALL)
