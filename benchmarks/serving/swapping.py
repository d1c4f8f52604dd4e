"""Swaps: what clients notice while another version becomes champion.

Ours follows the alias; MLServer is told to load again; the others have to be started again.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.load import Load, Outcome, Request
from benchmarks.serving.measuring import finished, started
from benchmarks.serving.servers import Server

CLIENTS = 4
LEAD_SECONDS, LEAST_SECONDS = 2.0, 4.0


@dataclass(frozen=True)
class Outage:
    """What four clients noticed of one swap."""

    failed: int
    silence_ms: float
    """The longest time in which nobody was answered."""
    how: str


def outage_of(server: Server, requests: Sequence[Request], reload: str) -> Outage:
    """Bring another version into a peer under load, in the way that it offers."""
    restart = server.start_seconds * 1.5
    seconds = LEAD_SECONDS + LEAST_SECONDS + (0 if reload else restart)
    process = started(Load(server.port, requests, CLIENTS, seconds, timeout_seconds=60.0))
    time.sleep(LEAD_SECONDS)
    if reload:
        post(server.port, reload, {})
    else:
        server.stop()
        server.start()
    outcome = finished(process)
    return Outage(outcome.failed, outcome.silence_ms, "loaded again" if reload else "restarted")


class Champions:
    """Two versions of a model that were champion, and going from one to the other."""

    def __init__(self, port: int, model: str) -> None:
        self._port, self.model = port, model
        self._now: str | None = None
        self._other: str | None = None
        self.moves = 0

    def move(self) -> None:
        """Make the other version champion: a decision, an alias, a swap.

        Raises `RuntimeError` where the server refuses.
        """
        # What was decided, not what answers: a swap may still be under way at the next move.
        before = self._now or self.served()[0]
        asked: dict[str, object] = {"actor": "benchmark", "reason": "to measure a swap"}
        if self._other is not None:
            asked["to"] = self._other
        decided = post(self._port, f"/v1/models/{self.model}/rollback", asked)
        self._now, self._other = str(decided["version"]), before
        self.moves += 1

    def served(self) -> tuple[str, int]:
        """Return version and generation that answer now."""
        champion = get(self._port, f"/v1/models/{self.model}")["champion"]
        return str(champion["version"]), int(champion["generation"])


def under_load(
    server: Server,
    requests: Sequence[Request],
    connections: int,
    seconds: float,
    move: Callable[[], None] | None,
    every_seconds: float = 2.0,
) -> Outcome:
    """Put load on a server, and call `move` time and again meanwhile."""
    process = started(Load(server.port, requests, connections, seconds))
    over = threading.Event()
    mover = threading.Thread(target=_moving, args=(move, every_seconds, over)) if move else None
    if mover:
        mover.start()
    try:
        return finished(process)
    finally:
        over.set()
        if mover:
            mover.join()


def _moving(move: Callable[[], None], every: float, over: threading.Event) -> None:
    while not over.wait(every):
        try:
            move()
        except (OSError, RuntimeError) as error:
            print(f"a swap was refused: {error}", flush=True)


def post(port: int, path: str, document: object) -> Any:
    """Post JSON and return the JSON answer. Raises `RuntimeError` unless it is a 2xx."""
    return _asked(port, "POST", path, json.dumps(document))


def get(port: int, path: str) -> Any:
    """Return a JSON answer. Raises `RuntimeError` unless it is a 2xx."""
    return _asked(port, "GET", path, None)


def _asked(port: int, method: str, path: str, body: str | None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:200]!r}")
    return json.loads(said) if said else None
