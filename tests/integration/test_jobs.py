"""Jobs with real processes, killed without mercy, and on PostgreSQL."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from decided_home import DecidedHome
from job_scene import Scene, in_thread, texts
from postgresql_server import new_database, postgresql_server
from serving_process import ServingProcess
from serving_stage import MODEL
from waiting import wait_for

from cli.probes import pid_file_probe
from pipelines.jobs.queue import JobQueue
from pipelines.settings import Settings
from pipelines.store import Store, open_store

ROWS = 400_000
"""Seconds of work are left when a worker is killed after the first part, also by a slow hand."""
WEIGHING = Path("/proc/sys/kernel/sched_autogroup_enabled")
"""Whether this system weighs whole sessions against each other."""
TEXTS = ("text\n" + "pintura roja\nno hay nada así\n" * (ROWS // 2)).encode()


class WorkerProcess:
    """One `python -m serving.job_worker` of a home; ended at the latest on exit."""

    def __init__(self, home: Path) -> None:
        self._ready = home / "var" / "run" / "jobs.ready"
        self._log = (home / "jobs.log").open("ab")
        self._environment = {**os.environ, "CONTENDER_HOME": str(home), "PYTHONSAFEPATH": "1"}

    def __enter__(self) -> WorkerProcess:
        command = [sys.executable, "-m", "serving.job_worker"]
        self.process = subprocess.Popen(
            command,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # as the supervisor does
        )
        wait_for(lambda: self._ready.exists() and self._ready.read_text() == str(self.process.pid))
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=120)
        self._log.close()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def decided(make_settings: Callable[..., Settings]) -> Iterator[DecidedHome]:
    with DecidedHome(make_settings) as decided:
        decided.decide("1", "uno")
        yield decided


@pytest.mark.slow
def test_a_job_goes_on_after_its_worker_was_killed_and_counts_every_row_once(decided):
    queue = JobQueue(decided.stage.store)
    with (
        ServingProcess(decided.folder) as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client,
    ):
        answer = client.post(
            f"/v1/models/{MODEL}/jobs", content=TEXTS, headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["job_id"]
        with WorkerProcess(decided.folder) as worker:
            wait_for(lambda: queue.get(job_id).rows_done)
            worker.kill()
        assert 0 < queue.get(job_id).rows_done < ROWS
        assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "running"
        decided.decide("2", "otro")  # a promotion does not touch the job
        with WorkerProcess(decided.folder):
            wait_for(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        job = client.get(f"/v1/jobs/{job_id}").json()
        rows = list(csv.DictReader(io.StringIO(client.get(job["result"]).text)))

    assert (job["version"], job["rows_done"], job["rows_refused"]) == ("1", ROWS, 0)
    assert len(rows) == ROWS
    assert [row["text"] for row in rows] == ["pintura roja", "no hay nada así"] * (ROWS // 2)
    assert {row["topic"] for row in rows} <= {"uno", "otra"}
    assert {row["error"] for row in rows} == {""}


def test_a_worker_gives_way_and_stops_when_told_to(decided):
    with WorkerProcess(decided.folder) as worker:
        process = psutil.Process(worker.process.pid)
        nice = process.nice()
        session = Path(f"/proc/{process.pid}/autogroup")
        weighed = WEIGHING.exists() and WEIGHING.read_text().strip() == "1"
        as_a_session = session.read_text().split()[-1] if weighed else "10"
        worker.process.terminate()
        code = worker.process.wait(timeout=120)

    assert nice >= 10
    assert as_a_session == "10"
    assert code == 0


def test_a_worker_says_when_it_is_ready_in_the_file_that_the_supervisor_reads(decided):
    import asyncio

    with WorkerProcess(decided.folder):
        probe = pid_file_probe(decided.folder / "var" / "run" / "jobs.ready")
        assert asyncio.run(probe())


def test_an_idle_worker_has_loaded_neither_arrow_nor_pandas_nor_a_learning_library():
    heavy = ("pyarrow", "pandas", "sklearn", "scipy", "mlflow", "tensorflow", "fastapi", "uvicorn")
    script = (
        "import sys, serving.job_worker; "
        f"print(*[name for name in {heavy!r} if name in sys.modules], sep=',')"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


@pytest.fixture(scope="module")
def server_uri() -> Iterator[str]:
    with postgresql_server() as uri:
        yield uri


@pytest.fixture
def postgresql(server_uri: str) -> Iterator[Store]:
    opened = open_store(new_database(server_uri))
    yield opened
    opened.close()


def test_two_workers_share_the_jobs_of_a_postgresql_store_and_no_row_is_lost(postgresql, tmp_path):
    first, second = Scene(postgresql, tmp_path), Scene(postgresql, tmp_path)
    ids = [first.hand_in(texts(2_100)) for _ in range(4)]

    threads = [in_thread(first.work), in_thread(second.work)]
    for thread in threads:
        thread.join()
    first.work()  # what the other held when one looked last

    for job_id in ids:
        rows = list(csv.DictReader(io.StringIO(first.result(job_id).decode())))
        assert [row["number"] for row in rows] == [str(number) for number in range(2_100)]
        assert first.job(job_id).rows_refused == 210


def test_a_reason_that_quotes_a_nul_can_be_kept_by_postgresql(postgresql, tmp_path):
    scene = Scene(postgresql, tmp_path)
    job_id = scene.hand_in(b"te\0xto\nuno\n")

    scene.work()

    assert scene.job(job_id).state == "failed"
    assert "it has: te�xto" in str(scene.job(job_id).error)
