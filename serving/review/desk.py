"""What the review desk works with: its newest state, the choices people make, similar lines."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from rapidfuzz import fuzz
from sqlalchemy.exc import SQLAlchemyError

from pipelines import changes, labels
from pipelines.label_requests import queue as label_requests
from pipelines.labels import Labels, exact
from pipelines.orders import choices, order_lines, waiting
from pipelines.orders.choices import Choices
from pipelines.orders.choosing import code_of
from pipelines.orders.confirmed_orders import ConfirmedOrders
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from serving.catalogue.search import fold
from serving.review import board as review_board
from serving.review.board import Surroundings
from serving.review.choosing import Chooser
from serving.review.insight import Insights, Wanted
from serving.review.order_desk import OrderDesk
from serving.review.orders import OrderOffice
from serving.review.progress import progress
from serving.schemas.review import (
    Awaited,
    Driver,
    Progress,
    ReviewMessage,
    SimilarLine,
)
from serving.services import Services

logger = logging.getLogger(__name__)

LINES = 400
SIMILAR = 50
LEAST_SIMILAR = 0.6
FOUND_AT_ONCE = 40
"""The desk is another one whenever so many more lines have their words."""
LONGEST_DAY = timedelta(days=2)
"""No look reads the choices of years."""
SUBJECTS = (order_lines.SUBJECT, labels.SUBJECT, choices.SUBJECT, label_requests.SUBJECT)


@dataclass(frozen=True)
class Desk:
    """One state of the desk."""

    state: str
    read_at: datetime
    messages: tuple[ReviewMessage, ...]
    awaits: Awaited | None = None
    """What there must be before the first line is here."""
    beyond: int = 0
    """How many more lines wait than are here."""
    away: bool = False
    """The store did not answer, and this is how the desk was before."""


class ReviewDesk:
    """The review desk of one process."""

    def __init__(
        self,
        services: Services,
        order_desk: OrderDesk,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        store = services.store
        self.orders = order_desk
        self._services = services
        self._store = store
        self._clock = clock
        self._lines = OrderLines(store)
        self._labels = Labels(store)
        self._choices = Choices(store)
        self._orders = ConfirmedOrders(store)
        self.chooser = Chooser(services)
        self.office = OrderOffice(services, order_desk.shelf)
        self._insights = Insights(services.slots)
        self._turn = asyncio.Lock()
        self._desk: Desk | None = None
        self._lookup: asyncio.Task[None] | None = None

    async def current(self) -> Desk:
        """Return the desk as it is now, or as it was where the store is away.

        Raises `SQLAlchemyError` only before the first state was read.
        """
        async with self._turn:
            try:
                self._desk = await self._renewed()
            except SQLAlchemyError as error:
                if self._desk is None:
                    raise
                logger.warning("the review desk stays as it is: %s", type(error).__name__)
                return replace(self._desk, away=True)
            return self._desk

    def progress(self, desk: Desk, since: datetime | None) -> Progress:
        """Return what was done since then, by default since midnight in UTC; two days at most."""
        now = self._clock().astimezone(UTC)
        start = since or now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = max(start, now - LONGEST_DAY)
        return progress(start, self._choices.since(start), desk.messages, desk.beyond)

    async def drivers(self, line_id: str) -> tuple[Driver, ...]:
        """Return what each word of a line does for the code. Raises `UnknownLine`."""
        line = await run_in_threadpool(self._lines.one, line_id)
        code = code_of(line.prediction)
        return await self._insights.drivers(line.description, code) if code else ()

    def similar(self, desk: Desk, line_id: str) -> list[SimilarLine]:
        """Return the lines that wait and resemble one line. Raises `UnknownLine`."""
        wanted = fold(self._lines.one(line_id).description)
        found = [
            SimilarLine(
                line_id=other.line_id,
                message_id=message.message_id,
                description=other.description,
                similarity=round(fuzz.token_sort_ratio(wanted, fold(other.description)) / 100, 4),
                code=other.code.value if other.code else None,
                confidence=other.code.confidence if other.code else 0.0,
            )
            for message in desk.messages
            for other in message.lines
            if other.line_id != line_id and other.chosen is None
        ]
        near = [one for one in found if one.similarity >= LEAST_SIMILAR]
        return sorted(near, key=lambda one: (-one.similarity, one.line_id))[:SIMILAR]

    async def _renewed(self) -> Desk:
        counts = await run_in_threadpool(changes.counts, self._store, SUBJECTS)
        trial = await run_in_threadpool(self._challenged)
        versions = self._insights.state()
        shelf = self.orders.shelf.assortment
        found = self._insights.found // FOUND_AT_ONCE
        seen = (counts, id(shelf), versions, sorted(trial.items()), found)
        state = ".".join(map(str, counts)) + "-" + _digest(repr(seen))
        now = self._clock()
        if self._desk and self._desk.state == state:
            return replace(self._desk, read_at=now)
        lines, around = await run_in_threadpool(self._read, trial)
        wanted = await run_in_threadpool(_questions, lines, around)
        insights = await self._insights.of(wanted)
        built = await run_in_threadpool(review_board.messages, lines, insights, around)
        self._prefetch(wanted, built)
        awaits = _awaited(len(lines), counts[0], versions[0])
        beyond = await run_in_threadpool(self._beyond, built)
        return Desk(state, now, tuple(built), awaits, beyond)

    def _prefetch(self, wanted: Sequence[Wanted], built: Sequence[ReviewMessage]) -> None:
        """Have the words of the most urgent lines looked up behind the answer."""
        if self._lookup and not self._lookup.done():
            return
        urgent = {line.description: line.priority for each in built for line in each.lines}
        ordered = sorted(wanted, key=lambda one: -urgent[one.text])
        # In a context of its own: it goes on when the caller whom we answer here has gone.
        self._lookup = asyncio.create_task(self._insights.prefetch(ordered), context=Context())

    async def stop(self) -> None:
        """End what is looked up behind the answers."""
        if self._lookup:
            self._lookup.cancel()
            await asyncio.wait([self._lookup])

    def _read(self, challenged: Mapping[str, str]) -> tuple[list[OrderLine], Surroundings]:
        lines = self._whole_messages()
        texts = [line.description for line in lines]
        asked = label_requests.requested(self._store, MODEL, texts)
        around = Surroundings(
            assortment=self.orders.shelf.assortment,
            labels=self._labels.confirmed(MODEL, texts),
            choices=self._choices.standing([line.line_id for line in lines]),
            requested=frozenset(exact(text) for text in asked),
            challenged=challenged,
            orders=self._orders.of_messages(sorted({line.message_id for line in lines})),
        )
        return lines, around

    def _whole_messages(self) -> list[OrderLine]:
        found = self._lines.latest(LINES)
        if len(found) < LINES:
            return found
        last = found[-1].message_id
        whole = [line for line in self._lines.message(last) if not line.read]
        return [line for line in found if line.message_id != last] + whole

    def _beyond(self, built: Sequence[ReviewMessage]) -> int:
        """Return how many lines wait that are not among these; counted where there can be any."""
        shown = [line for message in built for line in message.lines]
        if len(shown) < LINES:
            return 0
        return max(0, waiting.count(self._store) - sum(line.chosen is None for line in shown))

    def _challenged(self) -> dict[str, str]:
        """Return what the version on trial answers otherwise, by exact description."""
        return {
            exact(str(one.instance.get("description"))): str(one.challenger[0].get("code"))
            for one in reversed(self._services.rollout_desk.differing(MODEL))
            if one.challenger
        }


def _awaited(lines: int, arrivals: int, champion: str) -> Awaited | None:
    if lines:
        return None
    if not champion:
        return "champion"
    return None if arrivals else "feed"


def _questions(lines: Sequence[OrderLine], around: Surroundings) -> list[Wanted]:
    return [around.wanted(line) for line in lines]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a review desk at `app.state.review_desk`, and deliver orders while it is there."""
    desk = ReviewDesk(app.state.services, app.state.order_desk)
    app.state.review_desk = desk
    async with desk.office.delivering():
        yield
        await desk.stop()


async def review_desk_of(request: Request) -> ReviewDesk:
    """Return the desk of this process; `async` as every dependency is (`serving.dependencies`)."""
    desk: ReviewDesk = request.app.state.review_desk
    return desk


ReviewDeskDependency = Annotated[ReviewDesk, Depends(review_desk_of)]
