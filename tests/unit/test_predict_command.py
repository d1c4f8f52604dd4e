"""`contender predict`: what another program on the API's port answers is one plain line too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import stack
from cli.main import app
from cli.stack import StackView
from pipelines.settings import load_settings


class Stranger(BaseHTTPRequestHandler):
    """Answers a page to everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def stranger(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        monkeypatch.setenv("CONTENDER_PORT_API", str(server.server_port))
        settings = load_settings()
        view = StackView(phase="ready", supervisor_pid=1, started_at=0.0, ports=settings.ports)
        stack.write_view(settings, view)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        with stack.hold_lock(settings):
            yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("stranger")
def test_an_answer_that_is_no_json_is_one_line_and_a_failure():
    result = CliRunner().invoke(app, ["predict", "product_codes", "{}"])

    assert result.exit_code == 1
    assert result.stderr == "error: the API answered 200 without an object\n"
