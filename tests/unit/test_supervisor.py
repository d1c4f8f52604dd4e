from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import fake_service
import psutil
import pytest
from waiting import wait_for

from cli import processes
from cli.probes import pid_file_probe
from cli.supervisor import Service, ServiceFailed, Supervisor, Timing

QUICK = Timing(
    probe_seconds=0.02, first_backoff_seconds=0.05, longest_backoff_seconds=0.1, stop_seconds=60.0
)
IMPATIENT = replace(QUICK, stop_seconds=2.0)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def stack(tmp_path: Path):
    name = f"test-{tmp_path.name}-{os.getpid()}"
    yield name
    left = processes.marked(name)
    processes.end(left, 0)
    assert left == [], "processes were left behind"


def service(journal: Path, name: str, *flags: str, **fields: object) -> Service:
    return Service(
        name,
        (sys.executable, fake_service.__file__, str(journal), name, *flags),
        dict(os.environ),
        healthy=pid_file_probe(journal.with_name(f"{name}.pid")),
        **fields,
    )


def supervise(
    services: list[Service],
    stack: str,
    journal: Path,
    then: Callable[[Supervisor], Awaitable],
    timing: Timing = QUICK,
) -> None:
    async def run() -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        supervisor = Supervisor(services, stack=stack, logs=journal.parent / "logs", timing=timing)
        running = asyncio.create_task(supervisor.run(stop, ready.set))
        readiness = asyncio.create_task(ready.wait())
        await asyncio.wait([running, readiness], timeout=120, return_when="FIRST_COMPLETED")
        readiness.cancel()
        if not running.done():
            await then(supervisor)
            stop.set()
        await running

    asyncio.run(run())


async def nothing(_: Supervisor) -> None:
    return


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen within two minutes")


def test_services_start_after_those_they_need_and_stop_in_reverse(journal, stack):
    services = [
        service(journal, "migration", "--once", once=True),
        service(journal, "database", after=("migration",)),
        service(journal, "web", after=("database",)),
    ]

    supervise(services, stack, journal, nothing)

    assert journal.read_text().splitlines() == [
        *("started migration", "started database", "started web"),
        *("stopped web", "stopped database"),
    ]


def test_a_killed_service_is_started_again_and_its_leavings_are_ended(journal, stack):
    async def kill_it(supervisor: Supervisor) -> None:
        first = supervisor.states["web"].pid
        grandchild = int(journal.with_name("web.grandchild").read_text())
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervisor.states["web"].pid != first)
        await until(lambda: supervisor.states["web"].phase == "healthy")
        assert supervisor.states["web"].restarts == 1
        assert not lives(grandchild)

    supervise([service(journal, "web", "--grandchild")], stack, journal, kill_it)


def test_a_service_that_ignores_sigterm_is_killed(journal, stack):
    supervise([service(journal, "deaf", "--deaf")], stack, journal, nothing, IMPATIENT)

    assert journal.read_text().splitlines() == ["started deaf"]


def test_a_service_that_never_starts_is_named_with_the_end_of_its_log(journal, stack):
    services = [service(journal, "database"), service(journal, "web", "--fail")]

    with pytest.raises(ServiceFailed, match=r"web does not start.*no licence found"):
        supervise(services, stack, journal, nothing)

    assert journal.read_text().splitlines()[-1] == "stopped database"


def test_a_missing_program_is_named(journal, stack):
    broken = Service("web", ("/no/such/program",), {}, healthy=pid_file_probe(journal))

    with pytest.raises(ServiceFailed, match="/no/such/program"):
        supervise([broken], stack, journal, nothing)


def test_a_pid_file_from_before_a_reboot_does_not_count(tmp_path):
    ready = tmp_path / "ready"
    ready.write_text(str(os.getpid()))
    probe = pid_file_probe(ready)
    assert asyncio.run(probe())

    os.utime(ready, (0, 0))  # written before this process, which has its id again, began

    assert not asyncio.run(probe())


def test_a_supervisor_killed_with_sigkill_leaves_no_orphan(journal, stack, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(KILLED_SUPERVISOR)
    arguments = [stack, str(journal), fake_service.__file__]
    supervisor = subprocess.Popen([sys.executable, str(program), *arguments])
    try:
        asyncio.run(until(lambda: len(processes.marked(stack)) == 2))
    finally:
        supervisor.kill()
        supervisor.wait()

    wait_for(lambda: processes.marked(stack) == [])


def test_a_supervisor_that_ends_in_peace_keeps_its_own_exit_code(stack):
    environment = {**os.environ, **processes.mark(stack, processes.SUPERVISOR)}
    program = [sys.executable, "-c", PEACEFUL_SUPERVISOR, stack]

    assert subprocess.run(program, env=environment, check=False).returncode == 0


PEACEFUL_SUPERVISOR = """
import subprocess, sys

with subprocess.Popen([sys.executable, "-m", "cli.warden", sys.argv[1]], stdin=subprocess.PIPE):
    pass
"""

KILLED_SUPERVISOR = """
import asyncio, os, subprocess, sys
from pathlib import Path
from cli.probes import pid_file_probe
from cli.supervisor import Service, Supervisor

stack, journal, fake = sys.argv[1:]
warden = subprocess.Popen([sys.executable, "-m", "cli.warden", stack], stdin=subprocess.PIPE)
argv = (sys.executable, fake, journal, "web", "--grandchild")
probe = pid_file_probe(Path(journal).with_name("web.pid"))
web = Service("web", argv, dict(os.environ), healthy=probe)
asyncio.run(Supervisor([web], stack=stack, logs=Path(journal).parent).run(asyncio.Event()))
"""


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
