"""Orders from strangers: whatever a mail, file or answer holds, the refresh goes on behind it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.orders.documents import FeedUnreadable
from pipelines.orders.feed_sources import WHOLE_SECONDS, documents, fetched
from pipelines.orders.mail import HEADER_BYTES, HEADERS, document_of
from pipelines.orders.parsing import (
    DESCRIPTION_CHARACTERS,
    JSON_CONTAINERS,
    LARGEST_QUANTITY,
    Damaged,
    Item,
    Stated,
    parse_csv,
    parse_json,
    parse_json_lines,
    parse_words,
)
from pipelines.orders.recordings import RecordingRefused

HEAD = b"Message-ID: <order@shop>\r\n"
GOOD = b"10 pzas tornillo\r\n"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(raw: bytes) -> list[Item]:
    return list(document_of(raw, "mail 1").items)


def descriptions(items: list[Item]) -> list[str]:
    return [item.description for item in items if isinstance(item, Stated)]


def require_storable(items: list[Item]) -> None:
    """Every text can be stored and shown, and every line is one that a shop could order."""
    for item in items:
        if isinstance(item, Damaged):
            assert item.reason
            assert orjson.dumps([item.where, item.reason])
            continue
        assert 0 < item.quantity <= LARGEST_QUANTITY
        assert 0 < len(item.description) <= DESCRIPTION_CHARACTERS
        assert item.description.isprintable()
        assert item.description.encode()
        assert item.message_id.encode()


def folded(text: bytes) -> bytes:
    return b"\r\n ".join(text[start : start + 70] for start in range(0, len(text), 70))


def nested(depth: int) -> bytes:
    parts = [HEAD, b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n"]
    for level in range(depth):
        inner = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level + 1)
        parts.append(b"--b%d\r\n%b" % (level, inner))
    return b"".join([*parts, b"--b%d\r\nContent-Type: text/plain\r\n\r\n" % depth, GOOD])


# --- mails ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(nested(1_000), id="parts in parts in parts"),
        pytest.param(HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + GOOD, id="mails"),
        pytest.param(HEAD + b"Content-Type: text/plain" + b"(" * 1_500 + b"\r\n\r\n" + GOOD),
        pytest.param(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<![" * 1_000),
    ],
)
def test_what_python_itself_cannot_read_is_one_damaged_mail(raw: bytes) -> None:
    items = read(raw)
    assert [type(item) for item in items] == [Damaged]
    require_storable(items)


@pytest.mark.parametrize("name", [b"Content-Type", b"content-disposition", b"CONTENT-TYPE "])
@pytest.mark.parametrize("before", [b"", b"X-Before: x\r"])
def test_a_header_whose_reading_takes_the_square_of_its_length_is_refused(
    name: bytes, before: bytes
) -> None:
    long = folded(b"; ".join(b"p%d=v" % number for number in range(HEADER_BYTES)))
    items = read(HEAD + before + name + b": text/plain; " + long + b"\r\n\r\n" + GOOD)
    assert [type(item) for item in items] == [Damaged]
    assert str(HEADER_BYTES) in str(items[0])


def test_a_mail_of_ordinary_depth_and_headers_is_read() -> None:
    assert descriptions(read(nested(5))) == ["tornillo"]
    name = b"Content-Disposition: attachment; filename=" + b"n" * 1_000 + b"\r\n"
    assert descriptions(read(HEAD + name + b"\r\n" + GOOD)) in ([], ["tornillo"])
    assert nested(5).count(b"Content-") < HEADERS


@pytest.mark.parametrize("space", ["\t", " ", "\t ", "\u2003"])
def test_thousands_of_spaces_in_a_line_are_read_as_quickly_as_one(space: str) -> None:
    # Every way to part them was tried: 2,000 tabs took 20 seconds, twice as many 160.
    said = f"tornillo{space * 9_000}hexagonal"
    assert list(parse_words(said, "mail", "m")) == []
    found = list(parse_words(f"- {said} x 3", "mail", "m"))
    assert [(line.description, line.quantity) for line in found] == [("tornillo hexagonal", 3.0)]


def test_a_tab_still_parts_a_quantity_from_its_description() -> None:
    found = list(parse_words("tornillo 1/4 \t 12 pzas\n12 \t tuerca", "mail", "m"))
    assert [(line.description, line.quantity) for line in found] == [
        ("tornillo 1/4", 12.0),
        ("tuerca", 12.0),
    ]


def test_a_line_longer_than_any_description_is_no_order_line() -> None:
    assert list(parse_words("10 " + "x" * DESCRIPTION_CHARACTERS, "mail", "m")) == []


PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b"--b\r\n", b"--b--", b"; ", b"="),
    *(b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/plain", b"text/html", b"\0"),
    *(b"Content-Disposition: attachment; filename=", b"a.csv", b"a.json", b"a.jsonl", b'"'),
    *(b"a.mp3", b"audio/ogg", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable"),
    *(b"x-uuencode", b"begin 644 a", b"; charset=", b"utf-7", b"utf-16", b"nonsense", b"\xff"),
    *(b"=?utf-8?b?4pSA?=", b"=ED=A0=80", b"Message-ID: <", b"From: ", b"<p>", b"<!--"),
    *(b"&#55296;", b"<script>", b"\xe2\x80\xae", b"10 pzas tornillo", b"- tubo"),
    *(b"description,quantity", b'[{"description":"x","quantity":1}]'),
)
pieces = st.sampled_from(PIECES)
mails = st.lists(pieces | st.binary(max_size=6), max_size=40).map(b"".join)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(mails)
def test_no_mail_stops_the_refresh(raw: bytes) -> None:
    document = document_of(raw, "mail 1")
    items = list(document.items)
    require_storable(items)
    for item in items:
        if isinstance(item, Stated) and item.audio is not None:
            assert document.recording(item.audio) is not None


# --- files ------------------------------------------------------------------------------------

cells = st.text(max_size=12) | st.sampled_from(
    ['"', ",", ";", "\0", "\ufeff", "1e999", "-1", "nan"]
)
tables = st.lists(st.lists(cells, max_size=4).map(",".join), max_size=6).map("\n".join)
documents_of_bytes = st.binary(max_size=60) | tables.map(
    lambda text: text.encode("utf-8", "replace")
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("description", "quantity", "message_id", "audio"), values)
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(documents_of_bytes, st.booleans())
def test_no_delimited_file_stops_the_refresh(content: bytes, headed: bool) -> None:
    lines = [b"description,quantity", *content.splitlines()] if headed else content.splitlines()
    require_storable(list(parse_csv(lines, "a.csv", "a.csv")))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(records | values, max_size=4))
def test_no_json_stops_the_refresh(found: list[object]) -> None:
    content = json.dumps(found).encode()
    require_storable(list(parse_json(content, "a.json", None)))
    lines = [json.dumps(record).encode() for record in found]
    require_storable(list(parse_json_lines(lines, "a.jsonl", "m")))


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 1_000 + "]" * 1_000])
def test_json_in_json_in_json_is_damaged(deep: str) -> None:
    assert [type(item) for item in parse_json(deep.encode(), "a.json", "m")] == [Damaged]
    said = f'{{"description": {"[" * 900}{"]" * 900}, "quantity": 1}}'
    assert [type(i) for i in parse_json_lines([said.encode()], "a.jsonl", "m")] == [Damaged]


def test_a_document_of_millions_of_empty_lists_is_refused_unread() -> None:
    content = b"[" + b"[]," * (JSON_CONTAINERS + 1) + b"[]]"
    items = list(parse_json(content, "a.json", "m"))
    assert len(items) == 1
    assert f"{JSON_CONTAINERS:,}" in items[0].reason  # type: ignore[union-attr]


def all_of(folder: Path) -> list[Item]:
    found = documents(str(folder), known=lambda _: False, now=NOW, environment={})
    return [item for document in found for item in document.items]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    secret = tmp_path / "secret.jsonl"
    secret.write_text('{"message_id": "m", "description": "la clave", "quantity": 1}')
    (folder / "a.jsonl").symlink_to(secret)
    (folder / "b.csv").symlink_to("/etc/passwd")
    (folder / "c.csv").write_text("descripcion,cantidad\nTubo,2\n")
    (folder / "d.csv").symlink_to(folder / "c.csv")
    items = all_of(folder)
    assert descriptions(items) == ["Tubo", "Tubo"]
    assert [item.where for item in items if isinstance(item, Damaged)] == ["a.jsonl", "b.csv"]


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    (tmp_path / "b.json").mkdir()
    (tmp_path / "c.csv").write_text("descripcion,cantidad\nTubo,2\n")
    assert [type(item) for item in all_of(tmp_path)] == [Damaged, Damaged, Stated]


# --- answers ----------------------------------------------------------------------------------


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/orders"
        server.shutdown()
        thread.join()


def packed(content: bytes, encoding: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", encoding)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_an_answer_that_unpacks_without_end_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(b" " * 30_000_000)
    assert len(bomb) < 50_000
    with answering(packed(bomb, "gzip")) as url, pytest.raises(FeedUnreadable, match="more than"):
        fetched(url, 1_000_000)
    with answering(packed(gzip.compress(b"[]"), "gzip")) as url:
        assert fetched(url, 1_000_000) == b"[]"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip, gzip", "deflate"])
def test_an_answer_packed_otherwise_is_refused_unread(encoding: str) -> None:
    with answering(packed(b"x", encoding)) as url, pytest.raises(FeedUnreadable, match="packed"):
        fetched(url, 1_000_000)


def test_an_answer_that_drips_is_given_up() -> None:
    moments = iter([0.0, 1.0, WHOLE_SECONDS + 2.0])
    drip = packed(b"x" * 2_000_000, "identity")
    with answering(drip) as url, pytest.raises(FeedUnreadable, match="within"):
        fetched(url, 10_000_000, clock=lambda: next(moments))


@pytest.mark.parametrize(
    "reference", ["http://[/a.mp3", "//[::/a.mp3", "http://elsewhere/a.mp3", "file:///etc/a.mp3"]
)
def test_a_recording_elsewhere_is_refused_and_costs_no_line(reference: str) -> None:
    record = {"message_id": "m", "description": "Tubo", "quantity": 1, "audio": reference}
    with answering(packed(json.dumps([record]).encode(), "identity")) as url:
        [document] = documents(url, known=lambda _: False, now=NOW, environment={})
        [item] = document.items
        with pytest.raises(RecordingRefused):
            document.recording(item.audio)  # type: ignore[union-attr]
