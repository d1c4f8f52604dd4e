"""Work pools against a real Prefect server: a worker of kind process trains a model."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.states import Running
from prefect.testing.utilities import prefect_test_harness

from flows import pools
from flows.deployments import deployments
from flows.repair import close_abandoned_runs
from pipelines.registry.aliases import CHALLENGER
from pipelines.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POOLED = """
[flows]
pool = "process"
[models.stub]
source = {{ url = "{source}" }}
"""
PATIENCE_SECONDS = 300


@pytest.fixture(scope="module", autouse=True)
def prefect():
    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture(autouse=True)
def configured(home: Path, stub_source: Path, mlflow_server, monkeypatch: pytest.MonkeyPatch):
    (home / "contender.toml").write_text(POOLED.format(source=stub_source))
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    monkeypatch.setenv("CONTENDER_PORT_MLFLOW", str(mlflow_server.port))


def deployed(name: str) -> UUID:
    settings = load_settings()
    pools.make_pools(settings)
    return next(d for d in deployments(settings) if f"{d.flow_name}/{d.name}" == name).apply()


def until(condition: Callable[[], bool], worker: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert worker.poll() is None, "the worker has ended"
        assert time.monotonic() < end
        time.sleep(0.2)


@contextmanager
def working(folder: Path) -> Iterator[subprocess.Popen]:
    """A worker of kind process, as the supervisor starts it; it ends when it is told to."""
    ready = folder / "worker.ready"
    told = {
        "PREFECT_API_URL": PREFECT_API_URL.value(),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "CONTENDER_WORKER_READY": str(ready),
        "PYTHONSAFEPATH": "1",
    }
    command = [sys.executable, "-m", "flows.worker", "process"]
    with (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, env={**os.environ, **told}, stdout=log, stderr=log)
    try:
        until(ready.exists, worker)
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(timeout=120)
        finally:
            worker.kill()
            worker.wait()


def test_a_worker_of_the_pool_trains_what_is_asked_for(tmp_path, registry_client):
    deployment = deployed("train/stub")
    with working(tmp_path) as worker, get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, parameters={"vocabulary": 5})

        def has_ended() -> bool:
            return client.read_flow_run(run.id).state.is_final()

        until(has_ended, worker)
        ended = client.read_flow_run(run.id)
    assert ended.state.is_completed(), (tmp_path / "worker.log").read_text()
    assert ended.work_pool_name == "contender-process"
    assert CHALLENGER in registry_client.snapshot()["stub"].aliases


def test_a_run_in_a_pool_is_not_closed_when_the_runner_starts_anew():
    with get_client(sync_client=True) as client:
        elsewhere = client.create_flow_run_from_deployment(deployed("train/stub"), state=Running())
        close_abandoned_runs()
        assert client.read_flow_run(elsewhere.id).state.is_running()


def test_a_model_goes_back_to_the_runner_when_the_setting_does(home):
    file = home / "contender.toml"
    pooled = deployed("train/stub")
    file.write_text(file.read_text().replace('pool = "process"', ""))
    assert deployed("train/stub") == pooled
    with get_client(sync_client=True) as client:
        assert client.read_deployment(pooled).work_pool_name is None


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_the_server_takes_the_templates_and_the_limits_of_a_model(home, kind):
    (home / "contender.toml").write_text(f"""
        store_url = "postgresql+psycopg://db.example/contender"
        [addresses]
        mlflow = "http://mlflow.example:5000"
        prefect = "http://prefect.example:4200"
        [flows]
        pool = "{kind}"
        containers.volume = "home"
        containers.secret = "contender"
        containers.environment = {{ CONTENDER_STORE_URL_FILE = "/run/secrets/store_url" }}
        [models.stub]
        source = {{ url = "rows.csv" }}
        runs = {{ memory_mib = 700 }}
    """)
    deployment = deployed("train/stub")
    deployed("train/stub")  # a second start renews what the first has made
    with get_client(sync_client=True) as client:
        made = client.read_work_pool(pools.pool_name(kind))
        assert made.type == kind
        assert "700" in str(client.read_deployment(deployment).job_variables)
