"""Prefect's work pools: how a run is executed that is not left to the runner beside the server.

A pool is named after its kind. Its template is the worker's own, with what all our runs need laid
over it, so that it fits the worker that is installed; what a model may use stands with its
deployments. Nothing secret is in either: Prefect shows both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.workers.base import BaseWorker

from pipelines.flow_settings import SECRETS_FOLDER
from pipelines.model_settings import PoolKind
from pipelines.settings import Settings

WORKERS: Mapping[PoolKind, str] = {
    "process": "prefect.workers.process:ProcessWorker",
    "docker": "prefect_docker.worker:DockerWorker",
    "kubernetes": "prefect_kubernetes.worker:KubernetesWorker",
}
SCRATCH = "/tmp"
PROCESSES_AT_MOST = 512

Template = dict[str, Any]
AnyWorker = type[BaseWorker[Any, Any, Any]]


class PoolRefused(RuntimeError):
    """A pool's worker is not installed; the message says which extra brings it."""


def pool_name(kind: PoolKind) -> str:
    """Return what the pool is called in Prefect."""
    return f"contender-{kind}"


def worker_of(kind: PoolKind) -> AnyWorker:
    """Return the worker of a kind of pool. Raises `PoolRefused` where it is not installed."""
    module, _, name = WORKERS[kind].partition(":")
    try:
        return cast(AnyWorker, getattr(importlib.import_module(module), name))
    except ModuleNotFoundError as error:
        raise PoolRefused(
            f"runs in {kind} need the extra `{kind}` of this package ({error.name} is missing)"
        ) from error


def make_pools(settings: Settings) -> tuple[PoolKind, ...]:
    """Create the pools that the settings need, or renew them, and return their kinds.

    Raises `PoolRefused`.
    """
    with get_client(sync_client=True) as client:
        for kind in settings.pools:
            wanted = WorkPoolCreate(
                name=pool_name(kind),
                description="Contender's runs of models; written anew at each start.",
                type=kind,
                base_job_template=base_template(kind, settings),
                concurrency_limit=settings.flows.at_once,
            )
            client.create_work_pool(wanted, overwrite=True)
    return settings.pools


def base_template(kind: PoolKind, settings: Settings) -> Template:
    """Return what every run in the pool is made of. Raises `PoolRefused`."""
    template = worker_of(kind).get_default_base_job_template()
    return _SHAPED[kind](template, settings)


def job_variables(kind: PoolKind, settings: Settings, model: str) -> dict[str, Any]:
    """Return how a model's runs differ from the pool's others: by what they may use."""
    cpus, memory_mib = settings.flows.resources_of(settings.models.get(model))
    if kind == "docker":
        limit = f"{memory_mib}m"
        return {
            "mem_limit": limit,
            "memswap_limit": limit,  # the same: what does not fit fails, and does not crawl
            "container_create_kwargs": _confined(cpus),
        }
    if kind == "kubernetes":
        cpu, memory = f"{cpus:g}", f"{memory_mib}Mi"
        return {
            "cpu_request": cpu,
            "cpu_limit": cpu,
            "memory_request": memory,
            "memory_limit": memory,
        }
    return {}


def _process(template: Template, _settings: Settings) -> Template:
    return template  # a process has its worker's environment, which is that of the stack


def _docker(template: Template, settings: Settings) -> Template:
    containers = settings.flows.containers
    volumes = [f"{containers.volume}:{containers.home}"]
    if containers.secret:
        volumes.append(f"{containers.secret}:{SECRETS_FOLDER}:ro")
    _preset(
        template,
        image=containers.image,
        image_pull_policy="IfNotPresent",
        env=_environment(settings),
        volumes=volumes,
        networks=[containers.network] if containers.network else [],
        auto_remove=True,
        container_create_kwargs=_confined(settings.flows.cpus),
    )
    return template


def _confined(cpus: float) -> dict[str, object]:
    """Return what docker-py is told beside the rest: no rights, no disk but /tmp."""
    return {
        "nano_cpus": int(cpus * 1e9),
        "read_only": True,
        "tmpfs": {SCRATCH: "rw,nosuid,nodev"},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PROCESSES_AT_MOST,
    }


def _kubernetes(template: Template, settings: Settings) -> Template:
    containers = settings.flows.containers
    _preset(
        template,
        image=containers.image,
        namespace=containers.namespace,
        service_account_name=containers.service_account,
        finished_job_ttl=containers.kept_seconds,
        # The Secret says it; without this it would stand in every job's description.
        env={**_environment(settings), "PREFECT_API_AUTH_STRING": None},
    )
    pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    pod["automountServiceAccountToken"] = False
    # Else a Service called `prefect` would become PREFECT_PORT, which Prefect takes for a setting.
    pod["enableServiceLinks"] = False
    pod["securityContext"] = {
        "runAsNonRoot": True,
        **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), containers.user),
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    pod["volumes"] = [
        {"name": "home", "persistentVolumeClaim": {"claimName": containers.volume}},
        {"name": "scratch", "emptyDir": {}},
    ]
    container = pod["containers"][0]
    container["volumeMounts"] = [
        {"name": "home", "mountPath": containers.home},
        {"name": "scratch", "mountPath": SCRATCH},
    ]
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    if containers.secret:
        container["envFrom"] = [{"secretRef": {"name": containers.secret}}]
    return template


def _preset(template: Template, **values: object) -> None:
    """Set what a variable of the template is where nobody says otherwise."""
    properties = template["variables"]["properties"]
    for name, value in values.items():
        if value is not None:
            properties[name]["default"] = value


def _environment(settings: Settings) -> dict[str, str]:
    """Return a run's variables in a container, where only the home and /tmp can be written to."""
    login = settings.mlflow_login
    return {
        "CONTENDER_HOME": settings.flows.containers.home,
        "CONTENDER_API_URL": settings.api_url,
        "CONTENDER_API_PAGES": settings.api_pages,
        "CONTENDER_MLFLOW_URL": settings.mlflow_url,
        "CONTENDER_MLFLOW_PAGES": settings.mlflow_pages,
        "CONTENDER_PREFECT_URL": settings.prefect_url,
        "CONTENDER_PREFECT_PAGES": settings.prefect_pages,
        "HOME": SCRATCH,
        "PREFECT_HOME": f"{SCRATCH}/prefect",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_COLORS": "false",
        "MLFLOW_TRACKING_URI": settings.mlflow_url,
        **({"MLFLOW_TRACKING_USERNAME": login[0]} if login else {}),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "DO_NOT_TRACK": "true",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        **settings.flows.containers.environment,
    }


_SHAPED: Mapping[PoolKind, Callable[[Template, Settings], Template]] = {
    "process": _process,
    "docker": _docker,
    "kubernetes": _kubernetes,
}
