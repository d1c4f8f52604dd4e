"""Where the runs of models are executed: beside the server, or in one of Prefect's work pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from pipelines.model_settings import ModelSettings, PoolKind, Strict
from pipelines.secret_files import holds_secret

POOLS: tuple[PoolKind, ...] = ("process", "docker", "kubernetes")
LOCAL = {"127.0.0.1", "localhost", "::1"}
SECRET_WORDS = ("PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "AUTH", "API_KEY", "PRIVATE_KEY")
SECRETS_FOLDER = "/run/secrets"
"""Where a run in Docker finds the files of `secret`."""
RESOURCE_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


class ContainerSettings(Strict):
    """What the container of a run is made of, in a pool of kind docker or kubernetes."""

    image: str = Field("contender-trainer", min_length=1)
    home: str = Field("/srv/contender", pattern=r"^/\w")
    """Where the home folder lies in the container."""
    user: int = Field(10_001, ge=1)
    """Number of the image's user and group, to whom Kubernetes gives the volume."""
    volume: str | None = None
    """What holds the home folder, which the server shares: of Docker a volume's name or a folder of
    the host, of Kubernetes a claim's name."""
    network: str | None = None
    """Docker's network; without one what Prefect's worker chooses."""
    namespace: str = Field("contender", pattern=RESOURCE_NAME)
    service_account: str | None = None
    secret: str | None = None
    """Of Kubernetes a Secret whose keys become variables, of Docker a folder of the host with one
    file a secret, seen as /run/secrets."""
    environment: dict[str, str] = Field(default_factory=dict)
    kept_seconds: int = Field(3600, ge=0)
    """How long Kubernetes keeps a job that has ended."""

    @field_validator("environment")
    @classmethod
    def _no_secrets(cls, given: dict[str, str]) -> dict[str, str]:
        """Refuse secrets: Prefect shows a pool's variables to whoever may look at it."""
        for name, value in given.items():
            named = any(word in name.upper() for word in SECRET_WORDS)
            by_file = name.upper().endswith("_FILE")
            if (named and not by_file) or ("://" in value and holds_secret(value)):
                raise ValueError(f"{name} would be readable in Prefect; give it by `secret`")
        return given


class FlowSettings(Strict):
    """How runs are executed, unless a model says otherwise."""

    pool: PoolKind = "runner"
    at_once: int = Field(4, ge=1, le=1_000)
    """Runs at a time: of the runner, and of each pool."""
    cpus: float = Field(2.0, gt=0)
    memory_mib: int = Field(4_096, ge=256)
    """What the container of a run may use."""
    containers: ContainerSettings = ContainerSettings()

    def pool_of(self, model: ModelSettings | None) -> PoolKind:
        """Return where a model's runs are executed; without a model, those of all models."""
        return (model.runs.pool if model is not None else None) or self.pool

    def resources_of(self, model: ModelSettings | None) -> tuple[float, int]:
        """Return how many processors and MiB of memory a run may use."""
        if model is None:
            return self.cpus, self.memory_mib
        return model.runs.cpus or self.cpus, model.runs.memory_mib or self.memory_mib


class Places(Protocol):
    """What a run has to reach; our settings know it."""

    @property
    def flows(self) -> FlowSettings:
        """How runs are executed."""

    @property
    def store_url(self) -> str:
        """Our store."""

    @property
    def mlflow_url(self) -> str:
        """MLflow."""

    @property
    def prefect_url(self) -> str:
        """Prefect."""


def pools_in_use(flows: FlowSettings, models: Mapping[str, ModelSettings]) -> tuple[PoolKind, ...]:
    """Return the kinds of work pool that these models' runs need, in a fixed order."""
    wanted = {flows.pool_of(None), *(flows.pool_of(model) for model in models.values())}
    return tuple(kind for kind in POOLS if kind in wanted)


def refuse_unfit_pools(places: Places, kinds: Iterable[PoolKind]) -> None:
    """Raise `ValueError`, as validators do, where a run in a pool could not reach what it needs."""
    for kind in kinds:
        if kind != "process":
            _refuse_unfit(kind, places)


def _refuse_unfit(kind: PoolKind, places: Places) -> None:
    containers, in_file = places.flows.containers, places.store_url.startswith("sqlite")
    if containers.volume is None:
        raise ValueError(f"flows.containers.volume: a run in {kind} needs the server's home folder")
    if in_file and kind == "kubernetes":
        raise ValueError("store_url: a run on another machine needs the store in PostgreSQL")
    if not in_file and containers.secret is None:
        raise ValueError(f"flows.containers.secret: it tells a run in {kind} where the store is")
    named = any(path.startswith(f"{SECRETS_FOLDER}/") for path in containers.environment.values())
    if kind == "docker" and containers.secret and not named:
        raise ValueError(
            "flows.containers.environment: names none of the files of `secret`, as in "
            f'CONTENDER_STORE_URL_FILE = "{SECRETS_FOLDER}/store_url"'
        )
    for url in (places.mlflow_url, places.prefect_url) if kind == "kubernetes" else ():
        if urlsplit(url).hostname in LOCAL:
            raise ValueError(f"addresses: a run in kubernetes does not reach {url}")
