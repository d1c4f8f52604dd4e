"""Sources at an address, from a real server on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from features.schema import Column, FrameSchema
from features.sources import Limits, Source, SourceError, read

SCHEMA = FrameSchema(columns=(Column("name", "text"), Column("category", "text")), label="category")
ANSWERS = {
    "/rows.csv": (200, "text/csv; charset=utf-8", b"name,category\nhammer,tools\npaint,paints\n"),
    "/feed": (200, "application/json", b'[{"name":"hammer","category":"tools"},'
              b'{"name":"paint","category":"paints"}]'),
    "/plain.jsonl": (200, "application/octet-stream", b'{"name":"hammer","category":"tools"}\n'
                     b'{"name":"paint","category":"paints"}\n'),
    "/login": (200, "text/html", b"<html><body>Please sign in</body></html>"),
}  # fmt: skip


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = ANSWERS.get(self.path, (404, "text/plain", b"nothing here"))
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/rows.csv", "/feed", "/plain.jsonl"])
def test_an_address_that_answers_rows_is_a_source(address, path):
    frame = read(Source(address + path), SCHEMA).frame
    assert frame.to_numpy().tolist() == [["hammer", "tools"], ["paint", "paints"]]


def test_an_address_that_answers_an_error_is_refused_with_it(address):
    with pytest.raises(SourceError, match="answered 404 Not Found"):
        read(Source(f"{address}/gone.csv"), SCHEMA)


def test_a_page_instead_of_rows_is_refused(address):
    with pytest.raises(ValueError, match="'name' is missing"):
        read(Source(f"{address}/login"), SCHEMA)


def test_an_answer_beyond_the_limit_is_cut_off_and_refused(address):
    with pytest.raises(SourceError, match="answer is larger than"):
        read(Source(f"{address}/rows.csv"), SCHEMA, limits=Limits(download_bytes=20))


def test_a_server_that_is_not_there_is_refused():
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:9"):
        read(Source("http://127.0.0.1:9/rows.csv"), SCHEMA)
