"""Turns a model's decisions into the story of its versions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pipelines.decisions.approval import AWAITING
from pipelines.decisions.log import Decision
from pipelines.gate.verdict import PROMOTING
from serving.board.pages import Pages
from serving.board.told_figures import figures, mapping, own_figure
from serving.schemas.board import ChallengerView, ChampionView
from serving.schemas.story import Standing, VersionPoint


@dataclass(frozen=True)
class Versions:
    """What the log says of a model's versions; `points` are the oldest first."""

    champion: ChampionView | None
    rollback_to: str | None
    challenger: ChallengerView | None
    points: tuple[VersionPoint, ...]
    verdict: Decision | None
    """The verdict on today's champion, whatever made it champion."""
    approvals: tuple[str, ...]
    """Decisions that wait for a named person's approval, and may still have it."""


def versions(model: str, entries: Sequence[Decision], pages: Pages) -> Versions:
    """Return the story that a model's decisions tell; they come the newest first."""
    head = _head(entries)
    reigns = {each.version: each for each in reversed(entries) if each.generation is not None}
    named: dict[str, list[Decision]] = {}
    for entry in reversed(entries):
        if entry.version is not None and entry.kind != "effect":
            named.setdefault(entry.version, []).append(entry)
    points = [_point(each, named[each], reigns.get(each), head, pages, model) for each in named]
    now = next((point for point in points if head and point.version == head.version), None)
    return Versions(
        champion=_champion(model, head, pages) if head else None,
        rollback_to=_back(head),
        challenger=_challenger(points, named, head),
        points=tuple(points),
        verdict=_verdict(named[now.version]) if now else None,
        approvals=_approvals(entries, head),
    )


def _point(
    version: str,
    entries: Sequence[Decision],
    reign: Decision | None,
    head: Decision | None,
    pages: Pages,
    model: str,
) -> VersionPoint:
    verdict = _verdict(entries)
    record = verdict.record if verdict else {}
    value, lower, upper = own_figure(figures(record))
    making = mapping(record.get("challenger")) or entries[0].record
    asked = mapping(record.get("trigger"))
    params = making.get("params")
    return VersionPoint(
        version=version,
        standing=_standing(verdict, reign, head),
        at=(verdict or entries[0]).created_at,
        decision_id=verdict.decision_id if verdict else None,
        verdict=verdict.verdict if verdict else None,
        value=value,
        lower=lower,
        upper=upper,
        test_set_id=verdict.test_set_id if verdict else None,
        generation=reign.generation if reign else None,
        champion_since=reign.created_at if reign else None,
        champion_by=reign.decision_id if reign else None,
        origin=str(making.get("origin", "unknown")),
        params=dict(params) if isinstance(params, Mapping) else None,
        rows=_rows(mapping(making.get("training_window"))),
        asked_by=str(asked["actor"]) if asked else None,
        url=pages.version(model, version),
    )


def _standing(verdict: Decision | None, reign: Decision | None, head: Decision | None) -> Standing:
    if reign is not None:
        current = head is not None and reign.version == head.version
        return "champion" if current else "former_champion"
    if verdict is None or verdict.verdict is None:
        return "admitted"
    return cast(Standing, "promoted" if verdict.verdict in PROMOTING else verdict.verdict)


def _champion(model: str, head: Decision, pages: Pages) -> ChampionView:
    return ChampionView(
        version=str(head.version),
        generation=int(head.generation or 0),
        since=head.created_at,
        decision_id=head.decision_id,
        kind=head.kind,
        url=pages.version(model, str(head.version)),
    )


def _challenger(
    points: Iterable[VersionPoint], named: Mapping[str, Sequence[Decision]], head: Decision | None
) -> ChallengerView | None:
    """Return the version that was spoken of last, where that was after the champion's decision."""
    since = head.seq if head else 0
    later = [
        point
        for point in points
        if point.standing not in {"champion", "former_champion"}
        and named[point.version][-1].seq > since
    ]
    if not later:
        return None
    last = max(later, key=lambda point: named[point.version][-1].seq)
    verdict = _verdict(named[last.version])
    reasons = mapping(mapping(verdict.record).get("ruling")).get("reasons") if verdict else None
    return ChallengerView(
        version=last.version,
        standing=last.standing,
        at=last.at,
        decision_id=last.decision_id,
        reason=str(reasons[0]) if isinstance(reasons, list) and reasons else "",
    )


def _approvals(entries: Iterable[Decision], head: Decision | None) -> tuple[str, ...]:
    entries, today = list(entries), head.generation if head else 0
    settled = {entry.record["of"] for entry in entries if entry.kind == "approval"}
    return tuple(
        entry.decision_id
        for entry in entries
        if entry.verdict == AWAITING
        and entry.decision_id not in settled
        and mapping(entry.record.get("effects")).get("generation") == today
    )


def _head(entries: Iterable[Decision]) -> Decision | None:
    reigns = [entry for entry in entries if entry.generation is not None]
    return max(reigns, key=lambda entry: entry.generation or 0, default=None)


def _back(head: Decision | None) -> str | None:
    target = mapping(head.record.get("effects")).get("rollback_to") if head else None
    return str(target) if target else None


def _verdict(entries: Sequence[Decision]) -> Decision | None:
    return next((entry for entry in reversed(entries) if entry.kind == "verdict"), None)


def _rows(window: Mapping[str, object]) -> str | None:
    rows = window.get("rows")
    return str(rows) if rows is not None else None
