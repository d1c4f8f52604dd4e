"""A real server with a real flavour worker that is slow, dead or hung: nobody waits in vain.

The worker is stopped by a signal, so that it is as slow as a test needs and not a moment slower.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest
from decided_home import PREDICT, DecidedHome
from serving_process import ServingProcess
from serving_stage import MODEL
from stub_family import FAMILY, texts

from pipelines.arena.arena import silent
from pipelines.decisions.log import NewDecision
from pipelines.prediction_log import count
from pipelines.settings import Settings
from pipelines.versions.packaging import Facts, build

pytestmark = pytest.mark.slow

QUESTION = {"instances": [{"text": "pint1 pint2 pint3"}]}
QUEUE_LIMIT = 2


class Served:
    """A server whose only model is answered by a worker process."""

    def __init__(self, home: DecidedHome, process: ServingProcess) -> None:
        self.home = home
        self.client = httpx.Client(base_url=process.url, trust_env=False, timeout=150)
        self.threads = ThreadPoolExecutor(8)
        self._server = psutil.Process(process.process.pid)

    @property
    def worker(self) -> psutil.Process:
        """The worker process, once there is one."""
        return eventually(
            lambda: next(
                child
                for child in self._server.children(recursive=True)
                if "pipelines.versions.flavour_worker" in child.cmdline()
            )
        )

    @contextmanager
    def stopped(self) -> Iterator[psutil.Process]:
        """Let the worker do nothing within the `with` block."""
        worker = self.worker
        worker.suspend()
        try:
            yield worker
        finally:
            if worker.is_running():
                worker.resume()

    def ask(self, **headers: str) -> httpx.Response:
        return self.client.post(PREDICT, json=QUESTION, headers=headers)

    def begin(self, **headers: str) -> Future[httpx.Response]:
        """Ask and return at once."""
        return self.threads.submit(self.ask, **headers)

    def waiting(self) -> int:
        answering = self.client.get(f"/v1/models/{MODEL}").json()["answering"]
        assert answering["where"] == "worker process"
        return answering["waiting"]

    def counted(self, what: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(what, line))

    def occupy(self, waiting: int) -> list[Future[httpx.Response]]:
        """Let one request be asked of the worker, and others wait behind it."""
        calls = self.counted("contender_call_instances_count")
        asked = [self.begin()]
        eventually(lambda: self.counted("contender_call_instances_count") > calls)
        asked += [self.begin() for _ in range(waiting)]
        eventually(lambda: self.waiting() == waiting)
        return asked


def eventually(condition: Callable[[], object]):
    """Return what `condition` returns as soon as that is something."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if found := condition():
                return found
        except (StopIteration, psutil.NoSuchProcess):
            pass
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def serve(make_settings: Callable[..., Settings], tmp_path: Path):
    params = FAMILY.Params(digits=0)  # the compiled form disagrees, so the plain one has to answer
    split = FAMILY.split(texts(1000))
    fitted = FAMILY.fit(split.train, split.validation, params, 1, silent)
    facts = Facts(params, {}, {}, {}, {}, frozenset(), datetime(2026, 1, 1, tzinfo=UTC))
    package = build(tmp_path, FAMILY, fitted, FAMILY.examples(split.test).requests, facts)
    assert package.contract.form == "flavour"

    @contextmanager
    def start(deadline_seconds: float) -> Iterator[Served]:
        with DecidedHome(make_settings) as home:
            admitted = NewDecision("admitted", MODEL, version="1", artifact_digest=package.digest)
            home.stage.log.append(admitted)
            home.stage.decide("1", package.digest)
            cached = home.stage.settings.var / "cache" / MODEL / package.digest
            shutil.copytree(package.directory, cached)
            with (home.folder / "contender.toml").open("a") as settings:
                settings.write(f"queue_limit = {QUEUE_LIMIT}\n")
                settings.write(f"deadline_seconds = {deadline_seconds}\n")
            with ServingProcess(home.folder) as process:
                served = Served(home, process)
                yield served
                served.threads.shutdown()
                served.client.close()

    return start


def test_who_finds_no_room_is_told_when_to_come_again_and_the_others_are_answered(serve):
    with serve(deadline_seconds=120) as served:
        with served.stopped():
            asked = served.occupy(waiting=QUEUE_LIMIT)
            refused = served.ask()
        answered = [each.result() for each in asked]

        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["type"] == "urn:contender:problem:queue-full"
        assert [each.status_code for each in answered] == [200] * (1 + QUEUE_LIMIT)
        assert {each.json()["predictions"][0]["topic"] for each in answered} == {"pintura"}
        assert served.counted(r"contender_dropped_requests_total.*full") == 1
        stage = served.home.stage
    assert count(stage.store) == len(answered)


def test_who_waited_too_long_or_has_gone_is_dropped_before_the_worker_is_asked(serve):
    with serve(deadline_seconds=120) as served:
        with served.stopped():
            asked = served.occupy(waiting=0)
            late = served.ask(**{"X-Deadline-Ms": "100"})
            leaves = http.client.HTTPConnection("127.0.0.1", served.client.base_url.port)
            headers = {"Content-Type": "application/json"}
            leaves.request("POST", PREDICT, json.dumps(QUESTION), headers)
            eventually(lambda: served.waiting() == 1)
            leaves.close()
            eventually(lambda: served.waiting() == 0)
            calls = served.counted("contender_call_instances_count")

        assert [each.result().status_code for each in asked] == [200]
        assert (late.status_code, late.json()["title"]) == (504, "No answer before the deadline")
        assert served.counted(r"contender_dropped_requests_total.*deadline") == 1
        assert served.counted(r"contender_dropped_requests_total.*gone") == 1
        assert served.ask(**{"X-Deadline-Ms": "soon"}).status_code == 400
        assert served.ask(**{"X-Deadline-Ms": "100000"}).status_code == 200
        assert served.counted("contender_call_instances_count") == calls + 1
        stage = served.home.stage
    assert count(stage.store) == 2


def test_a_worker_that_dies_or_hangs_fails_its_requests_and_is_replaced(serve):
    with serve(deadline_seconds=8) as served:
        with served.stopped() as killed:
            asked = served.occupy(waiting=0)
            killed.send_signal(signal.SIGKILL)
            refused = asked[0].result()
        assert (refused.status_code, refused.headers["Retry-After"]) == (502, "5")
        eventually(lambda: served.ask().status_code == 200)

        with served.stopped() as hung:
            late = served.ask()
            assert late.status_code in {502, 504}
            eventually(lambda: not hung.is_running())
        assert served.worker.pid not in {killed.pid, hung.pid}
        eventually(lambda: served.ask().status_code == 200)
