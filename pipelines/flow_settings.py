"""Where the runs of models are executed: beside the server, or in one of Prefect's work pools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from pipelines.model_settings import ModelSettings, PoolKind, Strict

CONTAINERS: tuple[PoolKind, ...] = ("docker", "kubernetes")
SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "AUTH")
RESOURCE_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


class PoolRefused(ValueError):
    """A pool cannot be used with these settings; the message says what is missing."""


class ContainerSettings(Strict):
    """What the container of a run is made of, in a pool of kind docker or kubernetes."""

    image: str = Field("contender-trainer", min_length=1)
    home: str = Field("/srv/contender", pattern=r"^/\w")
    """Where the home folder lies in the container."""
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
            if (named and not by_file) or ("://" in value and "@" in value):
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


def pools_in_use(
    flows: FlowSettings,
    models: Mapping[str, ModelSettings],
    *,
    store_url: str,
    addresses: Mapping[str, str],
) -> tuple[PoolKind, ...]:
    """Return the kinds of work pool that these models need, in a fixed order.

    `addresses` are those of the services that a run speaks to, by what they are called. Raises
    `PoolRefused` where a run could not reach what it needs.
    """
    wanted = {flows.pool_of(None), *(flows.pool_of(model) for model in models.values())}
    kinds: list[PoolKind] = [kind for kind in ("process", *CONTAINERS) if kind in wanted]
    for kind in kinds:
        if kind in CONTAINERS:
            _refuse_unfit(kind, flows.containers, store_url, addresses)
    return tuple(kinds)


def _refuse_unfit(
    kind: PoolKind, containers: ContainerSettings, store_url: str, addresses: Mapping[str, str]
) -> None:
    if containers.volume is None:
        raise PoolRefused(
            f"flows.containers.volume: runs in {kind} need the home folder that the server has"
        )
    own_file = store_url.startswith("sqlite")
    if own_file and kind == "kubernetes":
        raise PoolRefused("store_url: runs on other machines need the store in PostgreSQL")
    if not own_file and containers.secret is None:
        raise PoolRefused(
            f"flows.containers.secret: runs in {kind} are told the store's address by it"
        )
    if kind == "kubernetes":
        for what, url in addresses.items():
            if any(local in url for local in ("127.0.0.1", "localhost", "[::1]")):
                raise PoolRefused(f"{what} is at {url}, which a run in kubernetes does not reach")
