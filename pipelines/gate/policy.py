"""The full text of a policy: what a family declares and what the user set, as one value.

It stands whole in every decision record, so that a replay needs neither settings nor family.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from pipelines.contract import Guardrail, ModelFamily
from pipelines.gate import business
from pipelines.metrics import Metric
from pipelines.model_settings import PolicySettings

if TYPE_CHECKING:
    import pandas as pd

_LATER = (
    *("approval", "understock_cost", "overstock_cost", "judge_by_business"),
    *("ask_for_labels", "labels_limit", "labels_days"),
)


@dataclass(frozen=True)
class Policy:
    """By what a challenger is measured, and how far it may fall behind in what."""

    primary: Metric
    metrics: tuple[Metric, ...]
    guardrails: tuple[Guardrail, ...]
    slices: tuple[str, ...]
    latency_budget_ms: float
    settings: PolicySettings
    components: tuple[Metric, ...] = ()
    """What the version's other parts are judged by, beside `primary`."""

    @property
    def judged(self) -> tuple[Metric, ...]:
        """Return the metrics that decide: the primary one, then those of the other parts."""
        return (self.primary, *self.components)

    @property
    def money(self) -> tuple[Metric, ...]:
        """Return the figures in money among the metrics."""
        return business.in_money(self.metrics)

    @property
    def sha256(self) -> str:
        """Return the hash of the policy's canonical text."""
        text = orjson.dumps(self.as_json(), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(text).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Return the policy as it stands in a decision record."""
        settings = self.settings.model_dump(mode="json")
        for name in _LATER:  # records written before there were any keep their hash
            if settings[name] == PolicySettings.model_fields[name].default:
                del settings[name]
        return {
            "primary": self.primary.as_json(),
            "metrics": [metric.as_json() for metric in self.metrics],
            "guardrails": [
                {"metric": rail.metric.as_json(), "margin": rail.margin, "limit": rail.limit}
                for rail in self.guardrails
            ],
            "components": [metric.as_json() for metric in self.components],
            "slices": list(self.slices),
            "latency_budget_ms": self.latency_budget_ms,
            "settings": settings,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Policy:
        """Rebuild a policy from a decision record."""
        return cls(
            primary=Metric.from_json(_mapping(document["primary"])),
            metrics=tuple(Metric.from_json(_mapping(spec)) for spec in _items(document["metrics"])),
            components=tuple(
                Metric.from_json(_mapping(spec)) for spec in _items(document["components"])
            ),
            guardrails=tuple(_guardrail(_mapping(spec)) for spec in _items(document["guardrails"])),
            slices=tuple(str(name) for name in _items(document["slices"])),
            latency_budget_ms=float(str(document["latency_budget_ms"])),
            settings=PolicySettings.model_validate(document["settings"]),
        )


def policy_of(
    family: ModelFamily, settings: PolicySettings, *, has_revenue: bool = False
) -> Policy:
    """Join what a family declares with what the user set. Raises `NoBusinessFigure`."""
    money = business.figures_of(
        family.business, settings, has_revenue=has_revenue, model=family.name
    )
    return Policy(
        primary=family.primary,
        metrics=(*family.metrics, *money),
        components=(*family.components, *(money[:1] if settings.judge_by_business else ())),
        guardrails=family.guardrails,
        slices=family.slices,
        latency_budget_ms=family.latency_budget_ms,
        settings=settings,
    )


def changed(policy: Policy, settings: PolicySettings, rows: pd.DataFrame | None) -> Policy:
    """Return a recorded policy with other settings.

    The figures in money that they ask for are those that the decision's stored rows can give.
    """
    money = business.figures_of(
        business.possible_of(rows),
        settings,
        has_revenue=business.REVENUE_ACCURACY in policy.money,
        model="this decision",
    )
    parts = tuple(each for each in policy.components if each not in policy.money)
    return replace(
        policy,
        settings=settings,
        metrics=(*(each for each in policy.metrics if each not in policy.money), *money),
        components=(*parts, *(money[:1] if settings.judge_by_business else ())),
    )


def _guardrail(spec: Mapping[str, object]) -> Guardrail:
    limit = spec["limit"]
    return Guardrail(
        metric=Metric.from_json(_mapping(spec["metric"])),
        margin=float(str(spec["margin"])),
        limit=None if limit is None else float(str(limit)),
    )


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, dict)
    return value


def _items(value: object) -> list[object]:
    assert isinstance(value, list)
    return value
