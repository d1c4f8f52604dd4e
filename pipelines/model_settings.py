"""What a user may set of one model: its source, policy and schedules, and when to raise alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """Settings that never change once read, and know every key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(Strict):
    """Where a model's rows come from. `columns` maps our column names to the source's."""

    url: str
    columns: dict[str, str] = Field(default_factory=dict)
    query: str | None = None
    damaged_share: float = Field(0.05, ge=0, lt=1)
    """Share of the rows that may be damaged and set aside before the source is refused."""
    engine: Literal["auto", "duckdb", "spark"] = "auto"
    """What adds order lines up to days: by size, or as named."""


class SliceSettings(Strict):
    """When a slice counts, and how much worse it may get."""

    minimum_rows: int = Field(50, ge=1)
    margin: float = Field(0.05, ge=0, le=1)


class PolicySettings(Strict):
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
    approval: Literal["none", "required"] = "none"
    """Whether a named person has to approve what the gate lets through."""
    ask_for_labels: bool = True
    """Whether an undecided verdict asks reviewers for the labels that would decide it,"""
    labels_limit: int = Field(200, ge=20, le=5_000)
    """for how many at most,"""
    labels_days: int = Field(14, ge=1)
    """and how many days it waits for them."""
    understock_cost: float | None = Field(None, gt=0)
    """What it costs to have a piece too few on a day, in money: its margin, or a lost customer;"""
    overstock_cost: float | None = Field(None, gt=0)
    """and a piece too many: its storage, its spoiling. Both together price a forecast."""
    judge_by_business: bool = False
    """Whether the figure in money decides along with the others, or is only shown beside them."""

    @model_validator(mode="after")
    def _both_costs(self) -> PolicySettings:
        if (self.understock_cost is None) != (self.overstock_cost is None):
            raise ValueError("understock_cost and overstock_cost are given together or not at all")
        return self


FORECAST_DAYS = 60
"""How long before a day its forecasts are looked for."""


class MonitoringSettings(Strict):
    """When a change in what is asked and answered is worth an alarm."""

    window_days: int = Field(7, ge=1, le=36_500)
    """Answers of so many days are assessed together."""
    reference_days: int = Field(28, ge=1, le=36_500)
    """And compared with those of so many days before the champion was trained."""
    minimum_answers: int = Field(200, ge=30)
    """Different questions without which nothing is said."""
    minimum_labels: int = Field(50, ge=10)
    false_alarms: float = Field(0.01, gt=0, lt=0.5)
    """Chance of any alarm in a window in which nothing has changed. All windows are compared with
    the same earlier answers: where those are unusual by chance, alarms come one after another."""
    smallest_effect: float = Field(0.1, ge=0, le=1)
    """A smaller change is no alarm, however certain it is."""
    accuracy_margin: float = Field(0.05, ge=0, le=1)
    """How far accuracy may fall below that on the test set, where no floor is set."""
    accuracy_floor: float | None = Field(None, ge=0, le=1)
    retrain: bool = True
    """Whether alarms and other signals ask for a retraining,"""
    cool_down_hours: float = Field(24.0, ge=0)
    """and how long after a training none is asked for."""
    new_labels: int = Field(100, ge=1)
    """Reviewed labels since the last training that speak for another one."""
    new_data: bool = False
    """Whether a source that has changed speaks for one too; it is read for that."""


Params = dict[str, str | int | float | bool]
PoolKind = Literal["runner", "process", "docker", "kubernetes"]
"""Who executes a flow run: our own runner, or a worker of one of Prefect's work pools."""


class RunSettings(Strict):
    """Where a model's runs are executed, and how much they may use, where that differs."""

    pool: PoolKind | None = None
    cpus: float | None = Field(None, gt=0)
    memory_mib: int | None = Field(None, ge=256)


class ScheduleSettings(Strict):
    """When a model retrains, and with which parameters that differ from its usual ones."""

    cron: str
    """Cron expression in UTC."""
    params: Params = Field(default_factory=dict)


class ModelSettings(Strict):
    """One model: its source, its policy, when it retrains, and parameters that differ."""

    source: SourceSettings
    revenue: SourceSettings | None = None
    """What was sold: a label (or a text) a line with `revenue`, or with `quantity` and `price`."""
    policy: PolicySettings = PolicySettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    schedule: str | None = None
    """Cron expression in UTC for the retraining; none means on demand only."""
    schedules: tuple[ScheduleSettings, ...] = ()
    """More of them, each with parameters of its own."""
    params: Params = Field(default_factory=dict)
    runs: RunSettings = RunSettings()

    @property
    def retrainings(self) -> tuple[ScheduleSettings, ...]:
        """Return every schedule of the model."""
        usual = () if self.schedule is None else (ScheduleSettings(cron=self.schedule),)
        return (*usual, *self.schedules)


def monitoring_of(models: Mapping[str, ModelSettings], name: str) -> MonitoringSettings:
    """Return when changes of a model are worth an alarm, by default where nothing is set of it."""
    model = models.get(name)
    return model.monitoring if model else MonitoringSettings()
