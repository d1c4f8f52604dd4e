"""Ports for servers that tests start."""

from __future__ import annotations

import itertools
import os
import random
import socket

FIRST, PARTS, PART = 11_000, 4, 5_000
_numbers = itertools.count(random.SystemRandom().randrange(PART))


def free_port() -> int:
    """Return a port that nobody listens on, nor is given before the server that wants it is up.

    Below those that the system gives to whoever names none. Each of the processes that share the
    tests out among them has a part of its own, and goes through it in order.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = FIRST + worker % PARTS * PART + next(_numbers) % PART
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
