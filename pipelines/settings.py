"""The user's settings: `contender.toml`, overridden by the environment. Nothing on import."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from features.sources import Source

HOME_VARIABLE = "CONTENDER_HOME"
FILE_NAME = "contender.toml"


class SettingsError(ValueError):
    """`contender.toml` or an environment variable is wrong; the message says where."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(_Strict):
    """Where a model's rows come from. `columns` maps our column names to the source's."""

    url: str
    columns: dict[str, str] = Field(default_factory=dict)
    query: str | None = None
    damaged_share: float = Field(0.05, ge=0, lt=1)
    """Share of the rows that may be damaged and set aside before the source is refused."""
    engine: Literal["auto", "duckdb", "spark"] = "auto"
    """What adds order lines up to days: by size, or as named."""


class SliceSettings(_Strict):
    """When a slice counts, and how much worse it may get."""

    minimum_rows: int = Field(50, ge=1)
    margin: float = Field(0.05, ge=0, le=1)


class PolicySettings(_Strict):
    """How a challenger becomes champion. Defaults are those of `docs/adr/0001`."""

    rule: Literal["auto", "superiority", "non_inferiority", "better_figure"] = "auto"
    alpha: float = Field(0.05, gt=0, lt=0.5)
    minimum_effect: float = Field(0.0, ge=0)
    non_inferiority_margin: float = Field(0.01, gt=0)
    resamples: int = Field(10_000, ge=1_000, le=100_000)
    seed: int = 20_261_121
    slices: SliceSettings = SliceSettings()
    latency_ratio: float = Field(1.5, gt=0)
    latency_grace_ms: float = Field(25.0, ge=0)
    """Faster than this is fast enough, whatever the champion takes: a version from another
    library is asked through a worker process, some 10 ms beside a compiled form's microseconds."""
    size_ratio: float = Field(5.0, gt=0)
    size_grace_bytes: int = Field(250_000_000, ge=0)
    """Smaller than this is small enough, whatever the champion takes: a linear model over words and
    characters has some 125 MB, and may follow a small champion."""
    smallest_alpha: float = Field(0.001, gt=0)
    foreign_edits: Literal["judge", "revert"] = "judge"


Params = dict[str, str | int | float | bool]


class ScheduleSettings(_Strict):
    """When a model retrains, and with which parameters that differ from its usual ones."""

    cron: str
    """Cron expression in UTC."""
    params: Params = Field(default_factory=dict)


class ModelSettings(_Strict):
    """One model: its source, its policy, when it retrains, and parameters that differ."""

    source: SourceSettings
    policy: PolicySettings = PolicySettings()
    schedule: str | None = None
    """Cron expression in UTC for the retraining; none means on demand only."""
    schedules: tuple[ScheduleSettings, ...] = ()
    """More of them, each with parameters of its own."""
    params: Params = Field(default_factory=dict)

    @property
    def retrainings(self) -> tuple[ScheduleSettings, ...]:
        """Return every schedule of the model."""
        usual = () if self.schedule is None else (ScheduleSettings(cron=self.schedule),)
        return (*usual, *self.schedules)


class Ports(_Strict):
    """Where the services listen, on 127.0.0.1 only."""

    api: int = Field(8000, ge=1, le=65535)
    mlflow: int = Field(5000, ge=1, le=65535)
    prefect: int = Field(4200, ge=1, le=65535)


class FeedSettings(_Strict):
    """Incoming order lines: a file, a folder, an http(s) address or an imap(s) mailbox."""

    url: str | None = None
    interval_seconds: int = Field(180, ge=5)
    audio_language: str = "es"


class ServingSettings(_Strict):
    """The API's processes and limits."""

    workers: int = Field(1, ge=1, le=64)
    poll_seconds: float = Field(1.0, gt=0, le=60)
    body_limit_bytes: int = Field(8_000_000, ge=1_000)
    text_limit_characters: int = Field(20_000, ge=100)
    instances_limit: int = Field(10_000, ge=1)


class Settings(_Strict):
    """Everything a user may set; see docs/operations.md for the file."""

    home: Path
    store_url: str
    ports: Ports = Ports()
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    feed: FeedSettings = FeedSettings()
    serving: ServingSettings = ServingSettings()

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
        from features.sources import (
            Source,
        )  # brings pandas and Arrow, which a server can do without

        if model not in self.models:
            raise SettingsError(
                f"{FILE_NAME} names no source for {model!r}: add [models.{model}.source] "
                "with url = …"
            )
        source = self.models[model].source
        return Source(
            self.resolved(source.url),
            dict(source.columns),
            source.query,
            source.damaged_share,
            source.engine,
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
        """Address of our API."""
        return f"http://127.0.0.1:{self.ports.api}"

    @property
    def mlflow_url(self) -> str:
        """Address of the MLflow tracking server."""
        return f"http://127.0.0.1:{self.ports.mlflow}"

    @property
    def prefect_url(self) -> str:
        """Address of the Prefect server, without `/api`."""
        return f"http://127.0.0.1:{self.ports.prefect}"


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the home folder that `environment` names.

    The home is `CONTENDER_HOME` or the project's root. Its `contender.toml` is read, or else the
    one of the project's root. `CONTENDER_PORT_API`, `_MLFLOW`, `_PREFECT`, `CONTENDER_STORE_URL`
    and `CONTENDER_WORKERS` override the file. Raises `SettingsError`.
    """
    variables = os.environ if environment is None else environment
    root = Path(__file__).resolve().parent.parent
    home = Path(variables.get(HOME_VARIABLE) or root).expanduser().resolve()
    candidates = [home / FILE_NAME, root / FILE_NAME]
    file = next((path for path in candidates if path.is_file()), None)
    document = _with_policy_files(_read(file), file, home) if file else {}
    document = {"store_url": f"sqlite:///{home / 'var' / 'contender.db'}", **document}
    try:
        return Settings.model_validate(_overridden(document, variables) | {"home": home})
    except ValidationError as error:
        raise SettingsError(f"{file or 'environment'}: {_first_fault(error)}") from error


def read_policy(file: Path, usual: PolicySettings | None = None) -> PolicySettings:
    """Return the policy that a TOML file states, and `usual` where it states nothing.

    Raises `SettingsError`, naming the file and the key.
    """
    try:
        stated = _read(file)
    except OSError as error:
        raise SettingsError(f"the policy {file} cannot be read: {error.strerror}") from error
    document = (usual or PolicySettings()).model_dump(mode="json")
    slices = {**document["slices"], **_table(stated, "slices")}
    try:
        return PolicySettings.model_validate({**document, **stated, "slices": slices})
    except ValidationError as error:
        raise SettingsError(f"{file}: {_first_fault(error)}") from error


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
    ports = {
        name: variables[f"CONTENDER_PORT_{name.upper()}"]
        for name in Ports.model_fields
        if f"CONTENDER_PORT_{name.upper()}" in variables
    }
    if ports:
        document["ports"] = {**_table(document, "ports"), **ports}
    if "CONTENDER_WORKERS" in variables:
        document["serving"] = {
            **_table(document, "serving"),
            "workers": variables["CONTENDER_WORKERS"],
        }
    return document


def _table(document: Mapping[str, object], name: str) -> dict[str, object]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise SettingsError(f"{FILE_NAME}: {name} must be a table")
    return value
