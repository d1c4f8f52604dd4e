"""The clients of a drill forget no request, and go on asking whatever they are told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from cli.drills.ground import until
from cli.drills.load import Load

ANSWER = {"model": {"version": "3", "decision_id": "d1"}, "prediction_ids": ["p1"]}
BUSY = {"title": "busy"}


class Replies(BaseHTTPRequestHandler):
    """Says one thing after the other, and the last one for good."""

    protocol_version = "HTTP/1.1"
    to_come: list[tuple[int, dict[str, str], object]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = self.to_come.pop(0) if self.to_come[1:] else self.to_come[0]
        payload = orjson.dumps(body)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(payload))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *told: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    Replies.to_come = [
        (200, {}, {"predictions": []}),
        (503, {"Retry-After": "5"}, BUSY),
        (503, {}, BUSY),
        (200, {}, ANSWER),
    ]
    with ThreadingHTTPServer(("127.0.0.1", 0), Replies) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_what_is_no_answer_is_a_refusal_and_the_client_asks_on(address):
    with Load(address, clients=1) as load:
        until(lambda: len(load.answers) > 1, 120, "it is answered after all")

    assert load.refused() == "1 x 200, 2 x 503"
    assert [refusal.retry_after for refusal in load.refusals] == [False, True, False]
    assert load.decisions() == {"d1"}
