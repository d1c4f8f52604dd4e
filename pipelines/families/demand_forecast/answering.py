"""From questions to response rows: forecast, continue, treat the cold, keep the promises, score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from features.sales_history import open_history
from features.temporal import day_of
from pipelines.contract import Row
from pipelines.families.demand_forecast.bounds import honest
from pipelines.families.demand_forecast.cold import WARM_DAYS, Blend
from pipelines.families.demand_forecast.confidence import Confidence
from pipelines.families.demand_forecast.estimators import Forecast, Forecaster
from pipelines.families.demand_forecast.panel import HORIZON, Windows
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.families.demand_forecast.questions import Question, question_of, windows_of

BATCH = 256
"""Questions forecast together: bounds the memory that one call takes."""


@dataclass(frozen=True)
class Answering:
    """A forecaster with all that turns its forecasts into answers."""

    forecaster: Forecaster
    blend: Blend
    confidence: Confidence
    memory: Memory

    def answers(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each request. Raises `RequestRefused`."""
        questions = [
            question_of(instance, place, self.memory) for place, instance in enumerate(instances)
        ]
        rows: list[list[Row]] = []
        for start in range(0, len(questions), BATCH):
            rows += [[row] for row in self._answered(questions[start : start + BATCH])]
        return rows

    def _answered(self, questions: Sequence[Question]) -> list[Row]:
        length = max(question.length for question in questions)
        asked = replace(windows_of(questions, _blocks(length) * HORIZON), wanted=length)
        windows, forecast = _first_days(asked, continued(self.forecaster, asked), length)
        forecast = honest(windows, self.blend.mixed(windows, forecast))
        return [
            self._row(question, windows, forecast, place)
            for place, question in enumerate(questions)
        ]

    def _row(self, question: Question, windows: Windows, forecast: Forecast, place: int) -> Row:
        days = slice(question.lead, question.length)
        own, asked = forecast, windows
        if len(windows) > 1:
            one = np.array([place])
            own = Forecast(forecast.point[one], forecast.quantiles[one])
            asked = windows.take(one)
        score = self.confidence.scores(asked, own, days)
        first = question.end + question.lead
        return {
            "predicted_total_quantity": float(own.point[0, days].sum()),
            "forecast_range_start": day_of(first).isoformat(),
            "forecast_range_end": day_of(first + question.horizon - 1).isoformat(),
            "confidence_score": float(score[0]),
            "daily_predictions": _daily(own, days, first),
            "notes": [*question.notes, *_remarks(question, int(windows.known_days[place]))],
        }

    def save(self, directory: Path) -> None:
        """Write all but the forecaster."""
        self.blend.save(directory)
        self.confidence.save(directory)


def open_answering(directory: Path, forecaster: Forecaster) -> Answering:
    """Open what `Answering.save` and `SalesHistory.save` wrote, around a forecaster."""
    return Answering(
        forecaster,
        Blend.open(directory),
        Confidence.open(directory),
        Memory(open_history(directory)),
    )


def treated(forecaster: Forecaster, blend: Blend, windows: Windows) -> Forecast:
    """Forecast windows of any length, mix what is said of cold products, keep the promises."""
    return honest(windows, blend.mixed(windows, continued(forecaster, windows)))


def _first_days(windows: Windows, forecast: Forecast, days: int) -> tuple[Windows, Forecast]:
    """Return the first days of a question and of its answer."""
    kept = Forecast(forecast.point[:, :days], forecast.quantiles[:, :days])
    return _cut(windows, days), kept


def continued(forecaster: Forecaster, windows: Windows) -> Forecast:
    """Forecast 28 days at a time, each block on top of the ones before as if they had come true.

    The intervals of a later block are those of the algorithm, widened by the root of its number:
    what is taken for granted may have erred as much again.
    """
    if windows.horizon <= HORIZON:
        return forecaster.forecast(windows)
    parts = []
    history = windows.history
    rolling = windows
    for block in range(_blocks(windows.horizon)):
        asked = _cut(rolling, min(HORIZON, rolling.horizon))
        forecast = forecaster.forecast(asked)
        parts.append(_widened(forecast, float(np.sqrt(block + 1))))
        if rolling.horizon > HORIZON:
            rolling = _moved_on(rolling, forecast, history)
    return Forecast(
        np.concatenate([part.point for part in parts], axis=1),
        np.concatenate([part.quantiles for part in parts], axis=1),
    )


def _blocks(days: int) -> int:
    return -(-days // HORIZON)


def _cut(windows: Windows, horizon: int) -> Windows:
    end = windows.history + horizon
    return replace(
        windows,
        promotion=windows.promotion[:, :end],
        price=windows.price[:, :end],
        open=windows.open[:, :end],
    )


def _moved_on(windows: Windows, forecast: Forecast, history: int) -> Windows:
    """Return the windows 28 days later, the forecast taken for what was sold."""
    opened = windows.open[:, history : history + HORIZON]
    sold = (np.maximum(forecast.point, 0.0) * opened).astype(np.float32)
    return replace(
        windows,
        origin=windows.origin + HORIZON,
        quantity=np.concatenate([windows.quantity, sold], axis=1)[:, HORIZON:],
        known=np.concatenate([windows.known, np.ones_like(sold)], axis=1)[:, HORIZON:],
        promotion=windows.promotion[:, HORIZON:],
        price=windows.price[:, HORIZON:],
        open=windows.open[:, HORIZON:],
    )


def _widened(forecast: Forecast, factor: float) -> Forecast:
    point = forecast.point[:, :, None]
    return Forecast(forecast.point, point + (forecast.quantiles - point) * factor)


def _daily(forecast: Forecast, days: slice, first: int) -> list[Row]:
    point, quantiles = forecast.point[0, days], forecast.quantiles[0, days]
    return [
        {
            "date": day_of(first + ahead).isoformat(),
            "predicted_quantity": value,
            "lower": bounds[1],
            "upper": bounds[3],
            "lower_95": bounds[0],
            "upper_95": bounds[4],
        }
        for ahead, (value, bounds) in enumerate(
            zip(point.tolist(), quantiles.tolist(), strict=True)
        )
    ]


def _remarks(question: Question, known_days: int) -> list[str]:
    remarks = []
    if known_days < WARM_DAYS:
        remarks.append(
            f"cold start: only {known_days} days are known, so the mean of them counts as well"
        )
    if not (question.past["quantity"] * question.past["known"]).any():
        remarks.append("no sale is known: zero is forecast")
    if question.lead:
        day = day_of(question.end - 1)
        remarks.append(f"history ends {question.lead} days before the first day asked, on {day}")
    if question.length > HORIZON:
        day = day_of(question.end + HORIZON)
        remarks.append(
            f"from {day} on the forecast continues its own {HORIZON} days, with wider intervals"
        )
    return remarks
