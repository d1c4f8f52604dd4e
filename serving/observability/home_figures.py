"""What Prometheus can ask about the files of a home: the spool, and the newest assessments."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric

from pipelines import assessments
from pipelines.spool import SUFFIX

logger = logging.getLogger(__name__)

VERDICTS = ("healthy", "drifting", "failing", "too_few_answers")


def figures(var: Path, models: Iterable[str], now: datetime) -> Iterator[Metric]:
    """Yield the figures of the home whose files lie in `var`."""
    yield from _spool(var / "spool")
    yield from _assessments(var, models, now)


def _spool(folder: Path) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "contender_prediction_spool_bytes",
        "Bytes of the prediction log in this home that are not in the store yet, "
        "of living workers and of dead ones.",
    )
    damaged = GaugeMetricFamily(
        "contender_prediction_spool_damaged_files",
        "Files of the prediction log that could not be read and were set aside.",
    )
    waiting.add_metric((), sum(_bytes(path) for path in folder.glob(f"*{SUFFIX}")))
    damaged.add_metric((), len(list(folder.glob("*.damaged"))))
    yield from (waiting, damaged)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # drained while we looked
        return 0


def _assessments(var: Path, models: Iterable[str], now: datetime) -> Iterator[Metric]:
    verdict = GaugeMetricFamily(
        "contender_assessment",
        "The newest assessment's verdict on a champion: 1 for the one that was given.",
        labels=("model", "verdict"),
    )
    age = GaugeMetricFamily(
        "contender_assessment_age_seconds",
        "How long ago the champion was assessed.",
        labels=("model",),
    )
    value = GaugeMetricFamily(
        "contender_assessment_check",
        "What the newest assessment found, such as how far a column has drifted.",
        labels=("model", "check"),
    )
    alarm = GaugeMetricFamily(
        "contender_assessment_alarm",
        "Whether a check of the newest assessment raised an alarm (1) or not (0).",
        labels=("model", "check"),
    )
    for model in models:
        newest = _newest(var, model, now)
        if newest is None:
            continue
        found, seconds = newest
        for name in VERDICTS:
            verdict.add_metric((model, name), float(found.get("verdict") == name))
        age.add_metric((model,), seconds)
        for check in _checks(found):
            found_value = check.get("value")
            if isinstance(found_value, int | float):
                value.add_metric((model, str(check["name"])), float(found_value))
            if check.get("passed") is not None:
                alarm.add_metric((model, str(check["name"])), float(not check["passed"]))
    yield from (verdict, age, value, alarm)


def _newest(var: Path, model: str, now: datetime) -> tuple[Mapping[str, object], float] | None:
    """Return the newest assessment and its age in seconds; None where none can be read."""
    try:
        kept = assessments.kept(var, model, limit=1)
        if not kept:
            return None
        until = datetime.fromisoformat(str(kept[0]["until"]))
        return kept[0], (now - until).total_seconds()
    except (OSError, ValueError, TypeError, KeyError) as error:
        logger.warning("the newest assessment of %s cannot be read: %r", model, error)
        return None


def _checks(found: Mapping[str, object]) -> list[dict[str, object]]:
    checks = found.get("checks")
    listed = checks if isinstance(checks, list) else []
    return [each for each in listed if isinstance(each, dict) and "name" in each]
