"""The user's settings: `contender.toml`, overridden by the environment. Nothing on import."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError, model_validator

from pipelines import addresses_settings, observability_settings
from pipelines.access_settings import AccessSettings, with_own_key
from pipelines.addresses_settings import LOOPBACK, Addresses, Databases, Logins, StoreAddress
from pipelines.client_settings import ClientSettings
from pipelines.flow_settings import FlowSettings, pools_in_use, refuse_unfit_pools
from pipelines.model_settings import ModelSettings, PolicySettings, PoolKind, SourceSettings, Strict
from pipelines.observability_settings import LoggingSettings, TracesSettings
from pipelines.secret_files import SecretFileError, with_files
from pipelines.section_settings import (
    DemoSettings,
    FeedSettings,
    JobSettings,
    OrderSettings,
    Ports,
    ServingSettings,
)
from pipelines.settings_secrets import SecretInFile, filled
from pipelines.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from features.sources import Source

HOME_VARIABLE = "CONTENDER_HOME"
FILE_NAME = "contender.toml"

__all__ = [
    "FILE_NAME",
    "HOME_VARIABLE",
    "DemoSettings",
    "FeedSettings",
    "JobSettings",
    "OrderSettings",
    "Ports",
    "ServingSettings",
    "Settings",
    "SettingsError",
    "load_settings",
    "policy_change",
    "read_policy",
]


class SettingsError(ValueError):
    """`contender.toml` or an environment variable is wrong; the message says where."""


class Settings(Strict):
    """Everything a user may set; see docs/operations.md for the file."""

    home: Path
    store_url: StoreAddress
    ports: Ports = Ports()
    addresses: Addresses = Addresses()
    databases: Databases = Databases()
    logins: Logins = Logins()
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    feed: FeedSettings = FeedSettings()
    monitoring_schedule: str = "0 6 * * *"
    """When the champions are assessed: a cron expression in UTC."""
    serving: ServingSettings = ServingSettings()
    access: AccessSettings = AccessSettings()
    clients: ClientSettings = ClientSettings()
    jobs: JobSettings = JobSettings()
    orders: OrderSettings = OrderSettings()
    demo: DemoSettings = DemoSettings()
    flows: FlowSettings = FlowSettings()
    workers: WorkerSettings = WorkerSettings()
    logging: LoggingSettings = LoggingSettings()
    traces: TracesSettings = TracesSettings()

    @model_validator(mode="after")
    def _pools_reach_all(self) -> Settings:
        refuse_unfit_pools(self, self.pools)
        return self

    @property
    def pools(self) -> tuple[PoolKind, ...]:
        """The kinds of Prefect's work pools that the models' runs need."""
        return pools_in_use(self.flows, self.models)

    @property
    def demo_folder(self) -> Path:
        """Where the generated demo shop lies."""
        return self.var / "demo"

    @property
    def demo_models(self) -> list[str]:
        """The models whose source is the generated demo shop."""
        return [
            name
            for name, model in self.models.items()
            if Path(self.resolved(model.source.url)).is_relative_to(self.demo_folder)
        ]

    @property
    def var(self) -> Path:
        """Where our own files live: store, caches, prediction files, spool."""
        return self.home / "var"

    @property
    def mlruns(self) -> Path:
        """Where MLflow's database and artifacts live."""
        return self.home / "mlruns"

    def source(self, model: str) -> Source:
        """Return where the rows of `model` come from; a relative path is relative to the home.

        Raises `SettingsError` when the file names no source for it.
        """
        if model not in self.models:
            raise SettingsError(
                f"{FILE_NAME} names no source for {model!r}: add [models.{model}.source] "
                "with url = …"
            )
        return self._source(self.models[model].source)

    def revenue(self, model: str) -> Source | None:
        """Return where it stands what was sold of each label of `model`; None where nowhere."""
        stated = self.models[model].revenue if model in self.models else None
        return None if stated is None else self._source(stated)

    def _source(self, stated: SourceSettings) -> Source:
        from features.sources import (
            Source,
        )  # brings pandas and Arrow, which a server can do without

        return Source(
            self.resolved(stated.url),
            dict(stated.columns),
            stated.query,
            stated.damaged_share,
            stated.engine,
        )

    @property
    def feed_url(self) -> str | None:
        """Address of the incoming order lines; a relative path is relative to the home."""
        return self.resolved(self.feed.url) if self.feed.url else None

    def resolved(self, url: str) -> str:
        """Return an address as it is, and a relative path as an absolute one under the home."""
        return url if "://" in url else str(self.home / Path(url).expanduser())

    @property
    def api_url(self) -> str:
        """Address of our API, for programs."""
        return self.addresses.api or self.addresses.own(self.ports.api)

    @property
    def mlflow_url(self) -> str:
        """Address of the MLflow tracking server, for programs."""
        return self.addresses.mlflow or f"http://{LOOPBACK}:{self.ports.mlflow}"

    @property
    def prefect_url(self) -> str:
        """Address of the Prefect server, without `/api`, for programs."""
        return self.addresses.prefect or f"http://{LOOPBACK}:{self.ports.prefect}"

    @property
    def mlflow_login(self) -> tuple[str, str] | None:
        """Name and password of a tracking server that runs elsewhere and wants them."""
        return self.logins.mlflow if self.addresses.mlflow else None

    @property
    def prefect_login(self) -> tuple[str, str] | None:
        """Name and password of an orchestration server that runs elsewhere and wants them."""
        return self.logins.orchestration if self.addresses.prefect else None

    @property
    def api_pages(self) -> str:
        """Address of our API, for people's browsers."""
        return self.addresses.api_pages or self.api_url

    @property
    def mlflow_pages(self) -> str:
        """Address of MLflow, for people's browsers."""
        return self.addresses.mlflow_pages or self.mlflow_url

    @property
    def prefect_pages(self) -> str:
        """Address of Prefect, for people's browsers."""
        return self.addresses.prefect_pages or self.prefect_url


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the home folder that `environment` names.

    The home is `CONTENDER_HOME` or the project's root. Its `contender.toml` is read, or else the
    one of the project's root. `CONTENDER_PORT_…`, `CONTENDER_STORE_URL`, `CONTENDER_WORKERS` and
    what `addresses_settings` knows override it, secrets also as files. Raises `SettingsError`.
    """
    given = os.environ if environment is None else environment
    root = Path(__file__).resolve().parent.parent
    home = Path(given.get(HOME_VARIABLE) or root).expanduser().resolve()
    candidates = [home / FILE_NAME, root / FILE_NAME]
    file = next((path for path in candidates if path.is_file()), None)
    document = _with_policy_files(_read(file), file, home) if file else {}
    try:
        variables = with_files(with_own_key(given, home), addresses_settings.SECRETS)
        document = filled(document, given)
    except (SecretFileError, SecretInFile) as error:
        raise SettingsError(f"{file or 'environment'}: {error}") from error
    document = {"store_url": f"sqlite:///{home / 'var' / 'contender.db'}", **document}
    try:
        return Settings.model_validate(_overridden(document, variables) | {"home": home})
    except ValidationError as error:
        raise SettingsError(f"{file or 'environment'}: {_first_fault(error)}") from error


def read_policy(file: Path) -> PolicySettings:
    """Return the policy that a TOML file states, usual where it states nothing.

    Raises `SettingsError`, naming the file and the key.
    """
    return policy_change(file)(PolicySettings())


def policy_change(file: Path) -> Callable[[PolicySettings], PolicySettings]:
    """Return what makes a policy into another one: where the TOML file says so, as it says.

    The file is read once. Raises `SettingsError`, naming the file and the key.
    """
    try:
        stated = _read(file)
    except OSError as error:
        raise SettingsError(f"the policy {file} cannot be read: {error.strerror}") from error
    slices = _table(stated, "slices", file)

    def change(policy: PolicySettings) -> PolicySettings:
        document = policy.model_dump(mode="json")
        changed = {**document, **stated, "slices": {**document["slices"], **slices}}
        try:
            return PolicySettings.model_validate(changed)
        except ValidationError as error:
            raise SettingsError(f"{file}: {_first_fault(error)}") from error

    change(PolicySettings())  # a fault is said now, whatever it will be applied to
    return change


def _with_policy_files(document: dict[str, object], file: Path, home: Path) -> dict[str, object]:
    """Put in place of each policy that is a path what that file says."""
    models = _table(document, "models")
    for name in models:
        model = _table(models, name)
        if isinstance(policy := model.get("policy"), str):
            own = home / Path(policy).expanduser()
            read = read_policy(own if own.is_file() else file.parent / policy)
            models[name] = {**model, "policy": read.model_dump()}
    return document


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from error


def _overridden(document: dict[str, object], variables: Mapping[str, str]) -> dict[str, object]:
    if "CONTENDER_STORE_URL" in variables:
        document["store_url"] = variables["CONTENDER_STORE_URL"]
    stated = {**addresses_settings.stated(variables), **observability_settings.stated(variables)}
    if "CONTENDER_WORKERS" in variables:
        stated["serving"] = {"workers": variables["CONTENDER_WORKERS"]}
    stated["ports"] = {
        name: variables[f"CONTENDER_PORT_{name.upper()}"]
        for name in Ports.model_fields
        if f"CONTENDER_PORT_{name.upper()}" in variables
    }
    for table, values in stated.items():
        if values:
            document[table] = {**_table(document, table), **values}
    return document


def _table(
    document: Mapping[str, object], name: str, file: Path = Path(FILE_NAME)
) -> dict[str, object]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise SettingsError(f"{file}: {name} must be a table")
    return value
