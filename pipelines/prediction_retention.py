"""Deletes predictions, and what was said of them, once they are older than the settings keep them.

A few at a time, so that nobody who writes waits for long, and by several processes at once without
harm. Of a model's champion the answers stay that monitoring compares the present ones with, however
long ago it was trained: without them drift would be measured against less each day, unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select

from pipelines.decisions.log import DecisionLog
from pipelines.decisions.training_end import trained_at
from pipelines.model_settings import FORECAST_DAYS, MonitoringSettings
from pipelines.store import Store, feedback, predictions

ROWS_AT_ONCE = 1_000
Span = tuple[datetime, datetime]
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Retention:
    """Forgets what is older than `keep`; `limits` says what monitoring reads of each model."""

    def __init__(
        self,
        log: DecisionLog,
        keep: timedelta,
        limits: Callable[[str], MonitoringSettings],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._log = log
        self._store: Store = log.store
        self._keep = keep
        self._limits = limits
        self._clock = clock

    def forget(self) -> bool:
        """Delete a few of those that are due; return whether there are more.

        Raises `SQLAlchemyError`, and then the next call goes on.
        """
        for model in self._models():
            for span in self._due(model):
                if self._forget(model, span) == ROWS_AT_ONCE:
                    return True
        return False

    def _due(self, model: str) -> Iterator[Span]:
        """Yield the times whose answers are not wanted any more."""
        limits = self._limits(model)
        # Of the window's days the forecasts are read, too, and those are older.
        read = timedelta(days=limits.window_days + FORECAST_DAYS)
        end = self._clock() - max(self._keep, read)
        champion = self._log.head(model)
        if champion is None:
            yield LONG_AGO, end
            return
        trained, reach = trained_at(self._log, champion), timedelta(days=limits.reference_days)
        yield LONG_AGO, min(end, trained - reach)
        yield trained + reach, end

    def _forget(self, model: str, span: Span) -> int:
        since, until = (moment.isoformat() for moment in span)
        due = (
            select(predictions.c.prediction_id)
            .where(
                predictions.c.model == model,
                predictions.c.created_at >= since,
                predictions.c.created_at < until,
            )
            .order_by(predictions.c.created_at)
            .limit(ROWS_AT_ONCE)
        )
        # Looked for before the lock is taken: mostly there is nothing.
        with self._store.read() as connection:
            ids = connection.execute(due).scalars().all()
        if ids:
            with self._store.write() as connection:
                connection.execute(delete(feedback).where(feedback.c.prediction_id.in_(ids)))
                connection.execute(delete(predictions).where(predictions.c.prediction_id.in_(ids)))
        return len(ids)

    def _models(self) -> Iterator[str]:
        """Yield the models that are in the log, also those that nobody serves any more."""
        # From one to the next by the index: to look for the different ones would read it whole.
        query, model = select(func.min(predictions.c.model)), ""
        while True:
            with self._store.read() as connection:
                following = connection.execute(query.where(predictions.c.model > model)).scalar()
            if following is None:
                return
            model = str(following)
            yield model
