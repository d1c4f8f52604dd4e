"""Questions to the registry outlive a kept connection that its server has closed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipelines.registry.http import RegistryHttp, RegistryUnavailable

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" + b'{"a": 12}'
)


@contextmanager
def hanging_up(answers: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one connection after another: what is listed, an empty answer hangs up at once."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    heard.append(connection.recv(65536).split(b" ", 1)[0])
                    if answer:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        thread.join(60)


def test_a_question_is_asked_again_when_its_connection_was_just_closed() -> None:
    with hanging_up([b"", ANSWER]) as (address, heard):
        registry = RegistryHttp(address, 60)
        assert registry.get("/x", {}) == {"a": 12}
        registry.close()
    assert heard == [b"GET", b"GET"]


def test_a_change_is_never_sent_twice() -> None:
    with hanging_up([b""]) as (address, heard):
        registry = RegistryHttp(address, 60)
        with pytest.raises(RegistryUnavailable, match="does not answer"):
            registry.call("POST", "/x", {})
        registry.close()
    assert heard == [b"POST"]
