"""The feed: takes in the order lines that are new, and has them predicted by the server.

A scheduled flow calls `refresh`. Nothing here runs inside a request.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from pipelines.decisions.log import Champion, DecisionLog
from pipelines.orders import catalogue_renewal, sales_renewal
from pipelines.orders.documents import Document, FeedUnreadable
from pipelines.orders.feed_sources import documents
from pipelines.orders.order_lines import IncomingLine, OrderLine, OrderLines
from pipelines.orders.parsing import Damaged, Stated
from pipelines.orders.product_catalogue import MODEL
from pipelines.orders.recordings import RecordingRefused, keep, suffix_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.settings import Settings
    from pipelines.store import Store

CHUNK = 500
LARGEST_MESSAGE = 20_000
PREDICTED_AT_ONCE = 200
LATEST = 2_000
"""How many unread lines, newest first, are kept predicted by the version that serves now."""
REPORTED = 200
PREDICTION_TIMEOUT_SECONDS = 30.0

Answer = Mapping[str, object]
Predict = Callable[[Sequence[Mapping[str, object]]], Answer]
"""Instances in, the body of the generic `predict` out: `predictions`, `model`, ..."""


class PredictionUnavailable(ConnectionError):
    """The server cannot predict now (it is down or has no champion); try again later."""


class PredictionRefused(ValueError):
    """The server refuses these instances; the message holds its reason."""


@dataclass
class FeedReport:
    """What one refresh did. `damaged` names the first of what could not be taken in."""

    read: int = 0
    added: int = 0
    predicted: int = 0
    refused: int = 0
    waiting: int = 0
    damaged_lines: int = 0
    damaged: list[Damaged] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    catalogue_renewed: bool = False
    sales_renewed: bool = False

    def report(self, damaged: Damaged) -> None:
        """Count something damaged, and name it while there are not too many."""
        self.damaged_lines += 1
        if len(self.damaged) < REPORTED:
            self.damaged.append(damaged)


def refresh(
    settings: Settings,
    store: Store,
    *,
    predict: Predict,
    trials: Callable[[], Collection[str]] = tuple,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    environment: Mapping[str, str] | None = None,
) -> FeedReport:
    """Renew catalogue and stored sales, take in new order lines, predict those that need it.

    Each of these is done as far as it can be: what fails is a problem in the report, and the
    next refresh makes up for it. Safe to repeat: known lines are not added again. `trials` returns
    the rollouts that run: what they answered is as good as the champion's until they end.
    """
    report = FeedReport()
    lines = OrderLines(store, clock=clock)
    try:
        report.catalogue_renewed = catalogue_renewal.renew(settings, clock())
    except (ValueError, OSError) as error:
        # SourceError and SchemaError among them: an unreadable catalogue stops no order.
        report.problems.append(f"catalogue: {error}")
    try:
        report.sales_renewed = sales_renewal.renew_sales(settings, clock())
    except (ValueError, OSError) as error:
        report.problems.append(f"sales: {error}")
    if url := settings.feed_url:
        variables = os.environ if environment is None else environment
        found = documents(url, known=lines.holds_message, now=clock(), environment=variables)
        try:
            for document in found:
                _take_in(document, lines, settings.var / "audio", report)
        except FeedUnreadable as error:
            report.problems.append(f"feed: {error}")
    champion = DecisionLog(store, settings.var / "predictions").head(MODEL)
    running = frozenset(trials())
    due = [line for line in lines.latest(LATEST) if _is_due(line, champion, running)]
    if champion:
        _predict(due, lines, predict, report)
    else:
        report.waiting = len(due)
    return report


def over_http(
    api_url: str,
    *,
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Predict:
    """Return a `Predict` that asks the generic interface of the API at `api_url`.

    `headers` go with each request, such as a key.
    """

    def predict(instances: Sequence[Mapping[str, object]]) -> Answer:
        with closing(
            httpx.Client(
                timeout=PREDICTION_TIMEOUT_SECONDS,
                headers=headers,
                transport=transport,
                trust_env=False,
            )
        ) as client:
            try:
                response = client.post(
                    f"{api_url}/v1/models/{MODEL}/predict", json={"instances": list(instances)}
                )
            except httpx.HTTPError as error:
                raise PredictionUnavailable(f"{api_url} does not answer: {error}") from error
        if response.status_code in {400, 422}:
            raise PredictionRefused(response.text[:500])
        if not response.is_success:
            raise PredictionUnavailable(f"{api_url} answered {response.status_code}")
        answer: Answer = response.json()
        return answer

    return predict


def _take_in(document: Document, lines: OrderLines, audio: Path, report: FeedReport) -> None:
    waiting: list[tuple[IncomingLine, Stated]] = []
    for line, stated in _incoming(document, report):
        # Cut between messages, so that a message's lines arrive together, but for a monster.
        between = bool(waiting) and waiting[-1][0].message_id != line.message_id
        if len(waiting) >= (CHUNK if between else LARGEST_MESSAGE):
            _add(waiting, document, lines, audio, report)
            waiting = []
        waiting.append((line, stated))
    _add(waiting, document, lines, audio, report)


def _incoming(document: Document, report: FeedReport) -> Iterator[tuple[IncomingLine, Stated]]:
    positions: Counter[str] = Counter()
    equals: Counter[tuple[str, str, float]] = Counter()
    for item in document.items:
        if isinstance(item, Damaged):
            report.report(item)
            continue
        report.read += 1
        same = (item.message_id, item.description, item.quantity)
        yield (
            IncomingLine(
                item.message_id,
                positions[item.message_id],
                item.description,
                item.quantity,
                equals[same],
            ),
            item,
        )
        positions[item.message_id] += 1
        equals[same] += 1


def _add(
    waiting: Sequence[tuple[IncomingLine, Stated]],
    document: Document,
    lines: OrderLines,
    audio: Path,
    report: FeedReport,
) -> None:
    known = lines.known([line.line_id for line, _ in waiting])
    fresh = [
        _with_recording(line, stated, document, audio, report)
        for line, stated in waiting
        if line.line_id not in known
    ]
    report.added += lines.add(fresh)


def _with_recording(
    line: IncomingLine, stated: Stated, document: Document, audio: Path, report: FeedReport
) -> IncomingLine:
    if stated.audio is None:
        return line
    try:
        kept = keep(audio, document.recording(stated.audio), suffix_of(stated.audio))
    except RecordingRefused as error:
        report.report(Damaged(stated.where, f"taken in without its recording: {error}"))
        return line
    return IncomingLine(
        line.message_id, line.position, line.description, line.quantity, line.occurrence, kept
    )


def _predict(
    due: Sequence[OrderLine], lines: OrderLines, predict: Predict, report: FeedReport
) -> None:
    for start in range(0, len(due), PREDICTED_AT_ONCE):
        try:
            some = due[start : start + PREDICTED_AT_ONCE]
            lines.predicted(_answers(some, predict, report))
        except PredictionUnavailable as error:
            report.waiting = len(due) - start
            report.problems.append(f"predictions: {error}")
            return


def _is_due(line: OrderLine, champion: Champion | None, trials: Collection[str]) -> bool:
    """Has nobody answered, or another version than those that answer now?"""
    if line.prediction is None:
        return True
    model = line.prediction.get("model")
    if champion is None or not isinstance(model, Mapping):
        return False
    return model["version"] != champion.version and model.get("decision_id") not in trials


def _answers(
    some: Sequence[OrderLine], predict: Predict, report: FeedReport
) -> dict[str, dict[str, object]]:
    """Return predictions by line id; one refused line does not take its neighbours with it."""
    try:
        answer = predict([{"description": line.description} for line in some])
    except PredictionRefused as error:
        if len(some) == 1:
            report.refused += 1
            return {some[0].line_id: {"refused": str(error)}}
        middle = len(some) // 2
        return _answers(some[:middle], predict, report) | _answers(some[middle:], predict, report)
    rows, ids = answer.get("predictions"), answer.get("prediction_ids")
    if not isinstance(rows, list) or not isinstance(ids, list) or len(rows) != len(some):
        raise PredictionUnavailable("the answer does not hold one prediction for each line")
    report.predicted += len(some)
    return {
        line.line_id: {**row, "model": answer.get("model"), "prediction_id": prediction_id}
        for line, row, prediction_id in zip(some, rows, ids, strict=True)
    }
