"""Templates of the work pools, filled by the workers that are installed; no engine is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import kubernetes_validate
import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect_kubernetes.settings import KubernetesSettings
from pydantic import ValidationError

from cli.services import stack_services
from flows import pools
from flows.deployments import deployments
from pipelines.flow_settings import ContainerSettings
from pipelines.settings import Settings, SettingsError, load_settings

ELSEWHERE = """
store_url = "postgresql+psycopg://db.example/contender"
[addresses]
mlflow = "http://mlflow.example:5000"
prefect = "http://prefect.example:4200"
[flows]
pool = "{pool}"
memory_mib = 2048
[flows.containers]
image = "registry.example/contender-trainer:1"
volume = "contender-home"
secret = "contender"
environment = {{ CONTENDER_STORE_URL_FILE = "/run/secrets/store" }}
[models.stub]
source = {{ url = "rows.csv" }}
runs = {{ memory_mib = 512, cpus = 0.5 }}
[models.product_codes]
source = {{ url = "rows.csv" }}
runs = {{ pool = "process" }}
"""
SIGNED_IN = {
    PREFECT_API_URL: "http://prefect.example:4200/api",
    PREFECT_API_AUTH_STRING: "ana:a secret",
}
INVALID_IN_PODS = ("parallelism", "completions")
"""Prefect's own template says of the pod what is the job's; Kubernetes leaves it out."""


@pytest.fixture
def settings_for(tmp_path: Path):
    def read(text: str) -> Settings:
        (tmp_path / "contender.toml").write_text(text, encoding="utf-8")
        return load_settings({"CONTENDER_HOME": str(tmp_path)})

    return read


def job(kind: str, settings: Settings, model: str = "stub"):
    """What a worker would start for a run of `model`."""
    worker = pools.worker_of(kind)
    template = pools.base_template(kind, settings)
    variables = pools.job_variables(kind, settings, model)
    run = FlowRun(id=uuid4(), name="apt-otter", flow_id=uuid4())

    async def configured():
        found = await worker.job_configuration.from_template_and_values(
            template, variables, client=object()
        )
        found.prepare_for_flow_run(run)
        return found

    with temporary_settings(SIGNED_IN):
        return asyncio.run(configured())


def test_a_run_in_kubernetes_is_a_sound_job_without_rights_or_secrets(settings_for):
    made = job("kubernetes", settings_for(ELSEWHERE.format(pool="kubernetes")))
    manifest = made.job_manifest
    pod = manifest["spec"]["template"]["spec"]
    for name in INVALID_IN_PODS:
        del pod[name]
    kubernetes_validate.validate(manifest, "1.31", strict=True)
    (container,) = pod["containers"]
    assert container["image"] == "registry.example/contender-trainer:1"
    assert container["resources"]["limits"] == {"cpu": "0.5", "memory": "512Mi"}
    assert container["envFrom"] == [{"secretRef": {"name": "contender"}}]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {"/srv/contender": "home", "/tmp": "scratch"}
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "contender-home"}
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["fsGroup"] == 10_001
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"]
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    assert told["PREFECT_API_URL"] == "http://prefect.example:4200/api"
    assert told["CONTENDER_MLFLOW_URL"] == "http://mlflow.example:5000"
    assert "MLFLOW_TRACKING_USERNAME" not in told
    assert told["CONTENDER_HOME"] == "/srv/contender"
    assert "a secret" not in str(manifest)


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_a_run_elsewhere_links_to_the_pages_and_signs_in_as_the_stack_does(tmp_path, kind):
    (tmp_path / "contender.toml").write_text(ELSEWHERE.format(pool=kind), encoding="utf-8")
    stated = {
        "CONTENDER_API_URL": "http://api:8000",
        "CONTENDER_API_PAGES": "https://shop.example",
        "CONTENDER_MLFLOW_PAGES": "https://mlflow.shop.example",
        "CONTENDER_PREFECT_PAGES": "https://prefect.shop.example",
        "MLFLOW_TRACKING_USERNAME": "ana",
    }
    password = {"MLFLOW_TRACKING_PASSWORD": "another secret"}
    settings = load_settings({"CONTENDER_HOME": str(tmp_path), **stated, **password})
    template = pools.base_template(kind, settings)
    assert stated.items() <= template["variables"]["properties"]["env"]["default"].items()
    assert "another secret" not in str(template)


def test_a_run_in_docker_has_the_home_its_limits_and_no_rights(settings_for):
    made = job("docker", settings_for(ELSEWHERE.format(pool="docker")))
    assert made.image == "registry.example/contender-trainer:1"
    assert made.volumes == ["contender-home:/srv/contender", "contender:/run/secrets:ro"]
    assert (made.mem_limit, made.memswap_limit) == ("512m", "512m")
    created = made.container_create_kwargs
    assert created["nano_cpus"] == 500_000_000
    assert created["read_only"]
    assert created["cap_drop"] == ["ALL"]
    assert not made.privileged
    assert made.env["CONTENDER_STORE_URL_FILE"] == "/run/secrets/store"
    assert made.env["PREFECT_HOME"].startswith("/tmp")


@pytest.mark.parametrize("kind", ["process", "docker", "kubernetes"])
def test_a_run_is_told_which_one_it_is_whatever_the_pool(settings_for, kind):
    made = job(kind, settings_for(ELSEWHERE.format(pool=kind)))
    told = made.env
    if isinstance(told, list):
        told = {entry["name"]: entry["value"] for entry in told}
    assert told["PREFECT__FLOW_RUN_ID"]


def test_models_go_to_the_pool_they_name_and_the_household_stays_with_the_runner(settings_for):
    settings = settings_for(ELSEWHERE.format(pool="kubernetes"))
    assert settings.pools == ("process", "kubernetes")
    found = {f"{each.flow_name}/{each.name}": each for each in deployments(settings)}
    stub = found["train-and-promote/stub"]
    assert stub.work_pool_name == "contender-kubernetes"
    assert stub.job_variables["memory_limit"] == "512Mi"
    assert found["train/product_codes"].work_pool_name == "contender-process"
    assert found["train-and-promote-all/all"].job_variables["memory_limit"] == "2048Mi"
    assert found["refresh-feed/feed"].work_pool_name is None


def test_without_a_word_about_pools_the_runner_executes_everything(settings_for):
    settings = settings_for("")
    assert settings.pools == ()
    assert [each.name for each in stack_services(settings, {}) if "worker" in each.name] == []


def test_each_pool_in_use_has_a_worker_that_starts_after_the_pool_is_made(settings_for):
    settings = settings_for(ELSEWHERE.format(pool="docker"))
    workers = {each.name: each for each in stack_services(settings, {}) if "worker-" in each.name}
    assert list(workers) == ["worker-process", "worker-docker"]
    assert all("flows" in worker.after for worker in workers.values())


def test_the_worker_in_kubernetes_watches_the_namespace_that_it_may_watch(
    settings_for, monkeypatch
):
    settings = settings_for(ELSEWHERE.format(pool="kubernetes"))
    (worker,) = [each for each in stack_services(settings, {}) if each.name == "worker-kubernetes"]
    for name, value in worker.environment.items():
        monkeypatch.setenv(name, value)
    assert KubernetesSettings().observer.namespaces == {"contender"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({'volume = "contender-home"\n': ""}, "flows.containers.volume"),
        ({'secret = "contender"\n': ""}, "flows.containers.secret"),
        (
            {"postgresql+psycopg://db.example/contender": "sqlite:///var/x.db"},
            "store in PostgreSQL",
        ),
        ({"http://mlflow.example:5000": "http://127.0.0.1:5000"}, "does not reach http://127"),
        ({"CONTENDER_STORE_URL_FILE": "PGPASSWORD"}, "readable in Prefect"),
        ({"CONTENDER_STORE_URL_FILE": "CONTENDER_API_KEY"}, "readable in Prefect"),
    ],
)
def test_a_pool_whose_runs_could_not_work_is_refused_when_settings_are_read(
    settings_for, change, told
):
    text = ELSEWHERE.format(pool="kubernetes")
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(SettingsError, match=told):
        settings_for(text)


def test_files_of_secrets_that_a_run_in_docker_would_not_read_are_refused(settings_for):
    """Without the store's address a run would begin a store of its own, beside ours."""
    text = ELSEWHERE.format(pool="docker")
    with pytest.raises(SettingsError, match=r"CONTENDER_STORE_URL_FILE = \"/run/secrets/"):
        settings_for(text.replace("/run/secrets/store", "elsewhere"))
    settings_for(ELSEWHERE.format(pool="kubernetes").replace("/run/secrets/store", "elsewhere"))


@pytest.mark.parametrize(
    "address", ["postgresql://ana:pw@db/shop", "https://shop.example/items.csv?access_token=pw"]
)
def test_an_address_with_a_secret_does_not_get_into_a_pool(address):
    ContainerSettings(environment={"SHOP": "postgresql://ana@db/shop?table=items"})
    with pytest.raises(ValidationError, match="SHOP would be readable in Prefect"):
        ContainerSettings(environment={"SHOP": address})


def test_a_pool_whose_library_is_missing_says_which_extra_brings_it(monkeypatch):
    monkeypatch.setitem(pools.WORKERS, "docker", "no_such_package.worker:Worker")
    with pytest.raises(pools.PoolRefused, match="extra `docker`"):
        pools.worker_of("docker")
