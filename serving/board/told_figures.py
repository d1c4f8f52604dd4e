"""Turns the figures of a verdict's record into what goes over the wire. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from serving.schemas.story import Direction, FigureView, MetricView, SliceView

Role = Literal["primary", "component", "guardrail", "other", "floor", "anchor"]
Record = Mapping[str, object]


def mapping(value: object) -> Record:
    """Return a part of a record, empty where it was not recorded."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Record]:
    """Return the parts of a list in a record."""
    return [mapping(each) for each in value] if isinstance(value, list) else []


def judged_by(record: Record) -> MetricView | None:
    """Return the primary metric of a verdict's policy."""
    primary = mapping(_policy(record).get("primary"))
    if not primary:
        return None
    return MetricView(name=str(primary["name"]), direction=_direction(primary.get("direction")))


def figures(record: Record) -> list[FigureView]:
    """Return every figure of a verdict, those that decided first."""
    ruling, directions = mapping(record.get("ruling")), _directions(record)
    comparison = mapping(ruling.get("comparison"))
    primary = comparison.get("primary")
    groups: list[tuple[Role, list[Record]]] = [
        ("primary", [mapping(primary)] if primary else []),
        ("component", items(comparison.get("components"))),
        ("guardrail", items(comparison.get("guardrails"))),
        ("other", items(comparison.get("others"))),
        ("floor", items(ruling.get("floors"))),
        ("anchor", items(ruling.get("anchors"))),
    ]
    return [_figure(each, role, directions) for role, group in groups for each in group]


def slices(record: Record) -> list[SliceView]:
    """Return the figures of a verdict's slices, and of classes that are news to the champion."""
    comparison = mapping(mapping(record.get("ruling")).get("comparison"))
    news, directions = comparison.get("news"), _directions(record)
    found = [*items(comparison.get("slices")), *([mapping(news)] if news else [])]
    return [_slice(each, directions) for each in found]


def own_figure(shown: Iterable[FigureView]) -> tuple[float | None, float | None, float | None]:
    """Return a version's own primary figure with its interval, where the record tells one."""
    ranked = {each.role: each for each in reversed(list(shown))}
    floor, primary = ranked.get("floor"), ranked.get("primary")
    value = primary.challenger if primary else floor.challenger if floor else None
    known = floor and not (primary and primary.metric != floor.metric)
    if not known or floor is None:
        return value, None, None
    if floor.champion is None or floor.lower is None or floor.upper is None:
        return value, None, None
    if floor.direction == "up":
        return value, floor.champion + floor.lower, floor.champion + floor.upper
    return value, floor.champion - floor.upper, floor.champion - floor.lower


def _slice(spec: Record, directions: Mapping[str, Direction]) -> SliceView:
    figure, p = spec.get("figure"), spec.get("p_worse")
    return SliceView(
        name=str(spec["name"]),
        rows=int(str(spec["rows"])),
        figure=_figure(mapping(figure), "other", directions) if figure else None,
        p_worse=p if isinstance(p, int | float) else None,
    )


def _figure(spec: Record, role: Role, directions: Mapping[str, Direction]) -> FigureView:
    estimate, metric = mapping(spec.get("estimate")), str(spec["metric"])
    told = {name: spec.get(name) for name in ("champion", "challenger", "lower", "upper")}
    counts = {name: estimate.get(name) or 0 for name in ("units", "differing")}
    return FigureView.model_validate(
        {**told, **counts, "gain": estimate.get("gain"), "metric": metric, "role": role}
        | {"direction": directions.get(metric, "up")}
    )


def _directions(record: Record) -> dict[str, Direction]:
    policy = _policy(record)
    rails = [mapping(rail.get("metric")) for rail in items(policy.get("guardrails"))]
    known = [mapping(policy.get("primary")), *items(policy.get("metrics"))]
    return {
        str(each.get("name")): _direction(each.get("direction"))
        for each in [*known, *items(policy.get("components")), *rails]
    }


def _direction(said: object) -> Direction:
    return "down" if said == "down" else "up"


def _policy(record: Record) -> Record:
    return mapping(mapping(record.get("policy")).get("text"))
