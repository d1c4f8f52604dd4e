"""An assessment: one verdict on a model's health and the named checks behind it.

Pure: windows of answers and what the champion did on its test set go in. Checks have the shape of a
decision's, so that one table shows both. All p of one assessment are adjusted together, so a week
in which nothing has changed raises an alarm with at most the chance that the settings allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from features.drift import Kind, Shift, false_discovery, shift_of
from pipelines.gate.verdict import Check
from pipelines.monitoring.accuracy import Calibration, Share, measured
from pipelines.monitoring.attribution import mix_loss
from pipelines.monitoring.findings import Finding
from pipelines.monitoring.live import LiveFigure
from pipelines.monitoring.served import Answer, columns_of, values_of

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.model_settings import MonitoringSettings

Verdict = Literal["healthy", "drifting", "failing", "too_few_answers"]


@dataclass(frozen=True)
class Assessment:
    """What was found about one model in one window; `alarms` are the most costly first."""

    model: str
    version: str
    since: str
    until: str
    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    alarms: tuple[str, ...] = ()
    answers: int = 0
    labelled: int = 0
    live: Share | None = None
    estimated: Share | None = None
    figures: tuple[LiveFigure, ...] = ()
    """What turned out true of each version's answers in the window."""

    def as_json(self) -> dict[str, object]:
        """Return the assessment as it is kept."""
        return asdict(self)


@dataclass(frozen=True)
class Windows:
    """What is compared: answers now, questions as they were, and the champion's test rows.

    `before` are answers from before the champion was trained, or its first ones where those are too
    few; `tested` is its per-request table on the test set.
    """

    now: Sequence[Answer]
    before: Sequence[Answer]
    tested: pd.DataFrame
    target: str
    first: Sequence[Answer] = ()
    """The champion's first answers from before the window, where `before` holds other versions'."""
    figures: tuple[LiveFigure, ...] = ()
    more: tuple[Finding, ...] = ()
    """What else was found, such as by forecasts whose days have passed."""

    @cached_property
    def calibration(self) -> Calibration | None:
        """What the champion's confidences were worth on its test set, where it states any."""
        if not {"confidence", "correct"} <= set(self.tested.columns):
            return None
        known = self.tested[self.tested["confidence"].notna()]
        if known.empty:
            return None
        return Calibration(
            known["confidence"].to_numpy(np.float64), known["correct"].to_numpy(np.float64)
        )


def assess(
    model: str,
    version: str,
    since: str,
    until: str,
    windows: Windows,
    settings: MonitoringSettings,
) -> Assessment:
    """Assess one model over one window."""
    now = [answer for answer in windows.now if answer.version == version]
    empty = Assessment(
        model,
        version,
        since,
        until,
        "healthy",
        (),
        (),
        answers=len(now),
        figures=windows.figures,
    )
    if len(now) < settings.minimum_answers and not windows.more:
        needed = f"{len(now)} different questions; at least {settings.minimum_answers} are needed"
        check = Check("answers", len(now), settings.minimum_answers, None, needed)
        return replace(empty, verdict="too_few_answers", reasons=(needed,), checks=(check,))
    live, estimated = _live(now, windows.target), _estimated(now, windows.calibration)
    found = [
        *windows.more,
        *_inputs(now, windows, settings),
        *_answers(now, windows, settings),
        *_accuracy(live, estimated, windows.tested, settings),
        *_labels(now, windows, settings),
    ]
    return _ruled(
        replace(empty, live=live, estimated=estimated, labelled=live.rows if live else 0),
        found,
        settings,
    )


def _ruled(empty: Assessment, found: Sequence[Finding], settings: MonitoringSettings) -> Assessment:
    adjusted = false_discovery({each.check.name: each.p for each in found})
    alarmed = [
        each for each in found if each.large and adjusted[each.check.name] <= settings.false_alarms
    ]
    names = {each.check.name for each in alarmed}
    ranked = sorted(alarmed, key=lambda each: (each.kind != "accuracy", -(each.loss or 0.0)))
    checks = tuple(replace(each.check, passed=each.check.name not in names) for each in found)
    verdict: Verdict = "healthy"
    if alarmed:
        failing = any(each.kind == "accuracy" for each in alarmed)
        verdict = "failing" if failing else "drifting"
    reasons = tuple(each.check.note for each in ranked) or ("nothing has changed that matters",)
    return replace(
        empty,
        verdict=verdict,
        checks=checks,
        reasons=reasons,
        alarms=tuple(each.check.name for each in ranked),
    )


def _inputs(
    now: Sequence[Answer], windows: Windows, settings: MonitoringSettings
) -> Iterator[Finding]:
    if min(len(windows.before), len(now)) < settings.minimum_answers:
        return
    for column, kind in columns_of([*windows.before, *now]).items():
        values = values_of(windows.before, column), values_of(now, column)
        loss = _loss(windows.calibration, kind, values, (windows.before, now))
        shift = shift_of(column, kind, *values)
        yield _shifted(f"input: {column}", "input", shift, settings, loss)


def _answers(
    now: Sequence[Answer], windows: Windows, settings: MonitoringSettings
) -> Iterator[Finding]:
    """Compare with what the same version answered before: another one may answer otherwise."""
    earlier = [*windows.before, *windows.first]
    before = [answer for answer in earlier if now and answer.version == now[0].version]
    if min(len(before), len(now)) < settings.minimum_answers:
        return
    then, today = ([answer.row.get(windows.target) for answer in each] for each in (before, now))
    kind = _kind_of_answers([*then, *today])
    if kind is None:
        return
    loss = _loss(windows.calibration, kind, (then, today), (before, now))
    shift = shift_of(windows.target, kind, then, today)
    yield _shifted(f"answers: {windows.target}", "answers", shift, settings, loss)


def _kind_of_answers(values: Sequence[object]) -> Kind | None:
    """Return how answers are compared; lists and forecasts are no single values."""
    if all(isinstance(value, str | bool) for value in values):
        return "category"
    return "number" if all(isinstance(value, int | float) for value in values) else None


def _shifted(
    name: str,
    kind: Literal["input", "answers", "labels"],
    shift: Shift,
    settings: MonitoringSettings,
    loss: float | None,
) -> Finding:
    most = f" ({'; '.join(shift.most)})" if shift.most else ""
    note = f"{name} differs by {shift.effect:.2f} of 1 from before, p = {shift.p:.2g}{most}"
    check = Check(name, shift.effect, settings.smallest_effect, None, note)
    return Finding(check, shift.p, shift.effect >= settings.smallest_effect, kind, loss)


def _accuracy(
    live: Share | None,
    estimated: Share | None,
    tested: pd.DataFrame,
    settings: MonitoringSettings,
) -> Iterator[Finding]:
    if "correct" not in tested or tested.empty:
        return
    on_test = measured([bool(right) for right in tested["correct"]])
    usual, stated = on_test.value, settings.accuracy_floor
    floor = usual - settings.accuracy_margin if stated is None else stated
    # The estimate is made from the same test rows, so that what is unusual in them cancels out.
    unsure = {"accuracy: live": on_test.error if stated is None else 0.0}
    for name, share in (("accuracy: live", live), ("accuracy: estimated", estimated)):
        if share is None or share.rows < settings.minimum_labels:
            continue
        note = (
            f"{name} is {share.value:.3f} ({share.lower:.3f} to {share.upper:.3f}, {share.rows} "
            f"answers); on the test set it was {usual:.3f}, and it should be at least {floor:.3f}"
        )
        check = Check(name, share.value, floor, None, note)
        p = share.p_below(floor, unsure.get(name, 0.0))
        yield Finding(check, p, True, "accuracy", usual - share.value)


def _labels(
    now: Sequence[Answer], windows: Windows, settings: MonitoringSettings
) -> Iterator[Finding]:
    said = [answer.actual for answer in now if isinstance(answer.actual, str)]
    before = [answer.actual for answer in windows.before if isinstance(answer.actual, str)]
    enough = min(len(said), len(before)) >= settings.minimum_labels
    if enough and "correct" in windows.tested:
        shift = shift_of(windows.target, "category", before, said)
        yield _shifted(f"labels: {windows.target}", "labels", shift, settings, None)


def _live(now: Sequence[Answer], target: str) -> Share | None:
    told = [answer for answer in now if isinstance(answer.actual, str)]
    if not told:
        return None
    return measured([str(answer.row.get(target)) == answer.actual for answer in told])


def _estimated(now: Sequence[Answer], calibration: Calibration | None) -> Share | None:
    confidence = _confidence(now)
    return calibration.estimate(confidence) if calibration and len(confidence) else None


def _loss(
    calibration: Calibration | None,
    kind: Kind,
    values: tuple[Sequence[object], Sequence[object]],
    answers: tuple[Sequence[Answer], Sequence[Answer]],
) -> float | None:
    """Return what the column's change costs; None where not every answer states a confidence."""
    then, today = (_confidence(each) for each in answers)
    if calibration is None or (len(then), len(today)) != (len(answers[0]), len(answers[1])):
        return None
    return mix_loss(kind, *values, (calibration.worth(then), calibration.worth(today)))


def _confidence(found: Iterable[Answer]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rows: Iterable[Mapping[str, object]] = (answer.row for answer in found)
    stated = (row.get("confidence") for row in rows)
    return np.array([float(each) for each in stated if isinstance(each, int | float)], np.float64)
