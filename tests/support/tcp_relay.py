"""A TCP port in front of a Unix socket: Java's PostgreSQL driver speaks TCP only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


@contextmanager
def tcp_relay(unix_socket: str) -> Iterator[int]:
    """Pass bytes between a port of 127.0.0.1, which is yielded, and `unix_socket`."""

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as behind:
                behind.connect(unix_socket)
                answers = threading.Thread(target=_pass, args=(behind, self.request), daemon=True)
                answers.start()
                _pass(self.request, behind)
                answers.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(2**16):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
