"""What Prometheus can ask about what lies in the store and in the home folder.

These are read when somebody asks, and not counted by the processes: every server of one store says
the same, whoever of them made a decision, and a restart forgets nothing. So they are not added up
over servers. One figure that cannot be read keeps no other from being told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipelines.jobs.totals import totals
from pipelines.label_requests import queue
from pipelines.settings import Settings
from pipelines.store import Store, confirmed_orders, decisions
from serving.metrics.queues import JobFigures
from serving.observability import home_figures

logger = logging.getLogger(__name__)

Figures = Callable[[], Iterator[Metric]]


class StoreFigures(Collector):
    """The figures of one store and one home, read anew for each that asks."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the figures that can be read."""
        now, models, var = self._clock(), sorted(self._settings.models), self._settings.var
        parts: Sequence[Figures] = (
            lambda: _decisions(self._store),
            lambda: _label_requests(self._store),
            lambda: _orders(self._store, now),
            lambda: iter(JobFigures(totals(self._store), now).collect()),
        )
        readable = True
        for part in parts:
            try:
                yield from list(part())
            except SQLAlchemyError as error:
                readable = False
                logger.warning("the store's figures cannot be read: %s", error)
                if isinstance(error, DBAPIError) and error.statement is None:
                    break  # it cannot even be reached, and each further try may wait as long
        up = GaugeMetricFamily("contender_store_up", "Whether the store could be read just now.")
        up.add_metric((), float(readable))
        yield up
        yield from home_figures.figures(var, models, now)

    def render(self) -> bytes:
        """Return them in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


def _decisions(store: Store) -> Iterator[Metric]:
    log = decisions.c
    counted = select(
        log.model, log.kind, log.verdict, func.count(), func.count(log.generation)
    ).group_by(log.model, log.kind, log.verdict)
    newest = (
        select(log.model, func.max(log.generation))
        .where(log.generation.is_not(None))
        .group_by(log.model)
    )
    entries = CounterMetricFamily(
        "contender_decisions",
        "Entries of the decision log.",
        labels=("model", "kind", "verdict"),
    )
    champions = CounterMetricFamily(
        "contender_champion_changes",
        "Decisions that made a version champion, by what kind of decision did.",
        labels=("model", "kind"),
    )
    decided = GaugeMetricFamily(
        "contender_decided_generation",
        "Generation that the decision log says is champion.",
        labels=("model",),
    )
    made: dict[tuple[str, str], int] = {}
    with store.read() as connection:
        for model, kind, verdict, count, changes in connection.execute(counted):
            entries.add_metric((model, kind, verdict or ""), count)
            made[model, kind] = made.get((model, kind), 0) + changes
        for model, generation in connection.execute(newest):
            decided.add_metric((model,), generation)
    for labels, count in made.items():
        if count:
            champions.add_metric(labels, count)
    yield from (entries, champions, decided)


def _label_requests(store: Store) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "contender_label_requests",
        "Questions that undecided verdicts ask people, by whether a label answers them yet.",
        labels=("model", "state"),
    )
    for model, asked in queue.counts(store).items():
        unanswered = len(queue.still_open(store, model))
        waiting.add_metric((model, "open"), unanswered)
        waiting.add_metric((model, "answered"), asked - unanswered)
    yield waiting


def _orders(store: Store, now: datetime) -> Iterator[Metric]:
    order = confirmed_orders.c
    query = select(order.delivery, func.count(), func.min(order.created_at)).group_by(
        order.delivery
    )
    orders = GaugeMetricFamily(
        "contender_orders",
        "Confirmed orders, by what became of their delivery.",
        labels=("delivery",),
    )
    oldest = GaugeMetricFamily(
        "contender_oldest_undelivered_order_seconds",
        "How long the first of the orders that wait for their delivery has waited.",
    )
    with store.read() as connection:
        for delivery, count, since in connection.execute(query):
            orders.add_metric((delivery,), count)
            if delivery == "waiting":
                oldest.add_metric((), (now - datetime.fromisoformat(since)).total_seconds())
    yield from (orders, oldest)
