"""A drill strikes what is there, and whatever becomes of it, what it began can be found."""

from __future__ import annotations

import socket

import pytest

from cli import processes
from cli.drills.ground import Ground, NeverHappened, until
from cli.drills.workers_scene import redis_server


def test_a_fault_that_strikes_nobody_is_no_drill(settings):
    ground = Ground(settings.home)
    ground.settings = settings

    with pytest.raises(NeverHappened, match="no process of api"):
        ground.kill("api")
    with pytest.raises(NeverHappened, match="no process of mlflow"), ground.hanging("mlflow"):
        pass


def test_the_redis_of_a_drill_is_found_by_its_mark_when_the_drill_is_killed(tmp_path):
    with redis_server(tmp_path, "a-stack") as port:

        def answers() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as redis:
                redis.sendall(b"PING\r\n")
                return redis.recv(7) == b"+PONG\r\n"

        until(answers, 120, "Redis answers")
        found = [process.name() for process in processes.marked("a-stack", "drill-workers")]

    assert found == ["redis-server"]
    assert processes.marked("a-stack") == []
