"""From questions to response rows: forecast, continue, treat the cold, keep the promises, score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from features.sales_history import open_history
from features.temporal import day_of
from pipelines.contract import Row
from pipelines.families.demand_forecast.bounds import honest
from pipelines.families.demand_forecast.cold import WARM_DAYS, Blend
from pipelines.families.demand_forecast.confidence import Confidence
from pipelines.families.demand_forecast.estimators import Forecast, Forecaster, Rows
from pipelines.families.demand_forecast.panel import HORIZON, Windows
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.families.demand_forecast.questions import Question, questions_of, windows_of

BATCH = 256
"""Questions forecast together: bounds the memory that one call takes."""
DAYS_NAMED = 4096
"""Names of days that are written once: requests are about the same few years."""


@dataclass(frozen=True)
class Answering:
    """A forecaster with all that turns its forecasts into answers."""

    forecaster: Forecaster
    blend: Blend
    confidence: Confidence
    memory: Memory

    def answers(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each request. Raises `RequestRefused`."""
        questions = questions_of(instances, self.memory)
        rows: list[list[Row]] = []
        for start in range(0, len(questions), BATCH):
            rows += [[row] for row in self._answered(questions[start : start + BATCH])]
        return rows

    def _answered(self, questions: Sequence[Question]) -> list[Row]:
        length = max(question.length for question in questions)
        asked = replace(windows_of(questions, _blocks(length) * HORIZON), wanted=length)
        windows, forecast = _first_days(asked, continued(self.forecaster, asked), length)
        forecast = honest(windows, self.blend.mixed(windows, forecast))
        scores = self._scores(questions, windows, forecast)
        known, point = windows.known_days.tolist(), forecast.point.tolist()
        sold = np.any(windows.quantity * windows.known, axis=1).tolist()
        quantiles = forecast.quantiles.tolist()
        return [
            _row(question, point[place], quantiles[place], scores[place],
                 _remarks(question, known[place], sold[place]))
            for place, question in enumerate(questions)
        ]  # fmt: skip

    def _scores(
        self, questions: Sequence[Question], windows: Windows, forecast: Forecast
    ) -> list[float]:
        """Return each question's confidence; those about the same days ahead are asked at once."""
        spans = {(question.lead, question.length) for question in questions}
        if len(spans) == 1:
            return _listed(self.confidence.scores(windows, forecast, slice(*spans.pop())))
        scores = [0.0] * len(questions)
        for span in spans:
            places = [
                place
                for place, question in enumerate(questions)
                if (question.lead, question.length) == span
            ]
            rows = np.array(places)
            own = Forecast(forecast.point[rows], forecast.quantiles[rows])
            found = _listed(self.confidence.scores(windows.take(rows), own, slice(*span)))
            for place, score in zip(places, found, strict=True):
                scores[place] = score
        return scores

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


def _listed(scores: Rows) -> list[float]:
    return [float(score) for score in scores.tolist()]


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
        margins=(),
    )


def _widened(forecast: Forecast, factor: float) -> Forecast:
    point = forecast.point[:, :, None]
    return Forecast(forecast.point, point + (forecast.quantiles - point) * factor)


def _row(
    question: Question,
    point: Sequence[float],
    quantiles: Sequence[Sequence[float]],
    score: float,
    remarks: Sequence[str],
) -> Row:
    """Return the response to a question by the forecast of its days, those of its lead first."""
    first = question.end + question.lead
    names = [_named(first + ahead) for ahead in range(question.horizon)]
    asked = point[question.lead : question.length]
    bounds = quantiles[question.lead : question.length]
    return {
        "predicted_total_quantity": math.fsum(asked),
        "forecast_range_start": names[0],
        "forecast_range_end": names[-1],
        "confidence_score": score,
        "daily_predictions": [
            {
                "date": name,
                "predicted_quantity": value,
                "lower": lower,
                "upper": upper,
                "lower_95": lowest,
                "upper_95": highest,
            }
            for name, value, (lowest, lower, _, upper, highest) in zip(
                names, asked, bounds, strict=True
            )
        ],
        "notes": [*question.notes, *remarks],
    }


@lru_cache(maxsize=DAYS_NAMED)
def _named(day: int) -> str:
    return day_of(day).isoformat()


def _remarks(question: Question, known_days: int, sold: bool) -> list[str]:
    remarks = []
    if known_days < WARM_DAYS:
        remarks.append(
            f"cold start: only {known_days} days are known, so the mean of them counts as well"
        )
    if not sold:
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
