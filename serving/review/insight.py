"""What the live versions say about a description beside its code: category, words that drove it.

Everything is asked of the versions that serve, once for each text and version, in small calls
between which other requests have their turn.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.contract import RequestRefused, Row
from pipelines.orders.product_catalogue import MODEL as CODES
from pipelines.spool import SpoolUnavailable
from pipelines.versions.flavour_runtime import FlavourFailed
from serving.live.batching import QueueFull
from serving.live.callers import DeadlinePassed
from serving.live.loaded import BrokenRuntime
from serving.live.validation import InvalidInstances
from serving.remote.wire import ModelWorkerFailed, NoModelWorker, RedisAway
from serving.schemas.review import Driver, LineModel, SuggestedCategory
from serving.slots.slots import NoChampion, Slots, UnknownModel

logger = logging.getLogger(__name__)

CATEGORIES = "product_categories"
AT_ONCE = 16
REMEMBERED = 5_000
PAUSE_SECONDS = 0.02
WORDS = 24
"""Of a longer text the first words alone are tried."""
SLOWEST_MS = 5.0
"""A version that takes longer for one answer is not asked once more for each word."""
LEAST = 1e-6
UNANSWERED = (
    BrokenRuntime,
    SpoolUnavailable,
    NoChampion,
    UnknownModel,
    QueueFull,
    DeadlinePassed,
    FlavourFailed,
    ModelWorkerFailed,
    NoModelWorker,
    RedisAway,
    InvalidInstances,
    RequestRefused,
)

_WORD = re.compile(r"[^\W_]+(?:[./'´-][^\W_]+)*")


Key = tuple[str, str, Any]
"""The version that is asked, what for, and the question."""
Ask = Callable[[Sequence[Any]], Awaitable[Sequence[object]]]


@dataclass(frozen=True)
class Insight:
    """What is known about one line; all of it may be missing."""

    category: SuggestedCategory | None = None
    product_category: str | None = None
    """What the same version says of the suggested product's own description."""
    drivers: tuple[Driver, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """One line's question: its text, the suggested code, and that code's product."""

    text: str
    code: str | None
    product: str | None


class Insights:
    """Asks the live versions of one process, and remembers what they said."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._known: OrderedDict[Key, object] = OrderedDict()
        self.found = 0
        """Grows with what `prefetch` has found out."""

    def state(self) -> tuple[str, ...]:
        """Return which versions would be asked now."""
        return tuple(self._digest(model) for model in (CODES, CATEGORIES))

    async def of(self, wanted: Sequence[Wanted]) -> list[Insight]:
        """Return what is known about each line, asking for its categories.

        The words that drove a code are there once `drivers` or `prefetch` has asked for them.
        """
        asked = self._digest(CATEGORIES)
        await self._ask([(asked, "line", one.text) for one in wanted], self._categories)
        products = [one.product for one in wanted if one.product]
        await self._ask([(asked, "product", name) for name in products], self._product_categories)
        return [self._insight(one) for one in wanted]

    def _insight(self, one: Wanted) -> Insight:
        asked = self._digest(CATEGORIES)
        category = self._known.get((asked, "line", one.text))
        product = self._known.get((asked, "product", one.product))
        drivers = self._known.get(self._words(one.text, one.code))
        return Insight(
            category if isinstance(category, SuggestedCategory) else None,
            product if isinstance(product, str) else None,
            drivers if isinstance(drivers, tuple) else (),
        )

    async def drivers(self, text: str, code: str) -> tuple[Driver, ...]:
        """Return what each word of a text does for a code; nothing where no version can say."""
        key = self._words(text, code)
        if self._is_quick():
            await self._ask([key], self._driving)
        found = self._known.get(key)
        return found if isinstance(found, tuple) else ()

    async def prefetch(self, wanted: Sequence[Wanted]) -> None:
        """Ask for the words of many lines, in their order, and let others have most of the time."""
        for one in wanted:
            if one.code and self._words(one.text, one.code) not in self._known:
                await self.drivers(one.text, one.code)
                self.found += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _ask(self, keys: Iterable[Key], ask: Ask) -> None:
        """Remember what is answered to each new key, and that nothing is to what is refused.

        Where the version does not answer at all now, it is asked again another time.
        """
        waiting = [key for key in dict.fromkeys(keys) if key not in self._known]
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            try:
                self._remember(some, await ask([key[-1] for key in some]))
            except (InvalidInstances, RequestRefused) as error:
                if len(some) == 1:
                    logger.info("nothing is said about a line: %s", error)
                    self._remember(some, [None])
                for key in some if len(some) > 1 else ():
                    await self._ask([key], ask)
            except UNANSWERED as error:
                logger.info("nothing is said about %d lines: %s", len(some), error)
                return
            await asyncio.sleep(0)

    async def _categories(self, texts: Sequence[str]) -> Sequence[object]:
        """Ask as a client does: what a person is shown is in the prediction log."""
        answered = await self._slots.answer(CATEGORIES, [{"name": text} for text in texts])
        model = answered.model
        named = LineModel(name=model.name, version=model.version, decision_id=model.decision_id)
        return [
            SuggestedCategory(
                value=str(rows[0]["category"]),
                confidence=share(rows[0].get("confidence")),
                prediction_id=prediction_id,
                model=named,
            )
            for rows, prediction_id in zip(answered.rows, answered.prediction_ids, strict=True)
        ]

    async def _product_categories(self, products: Sequence[str]) -> Sequence[object]:
        asked: list[Row] = [{"name": product} for product in products]
        rows = await asked_unlogged(self._slots, CATEGORIES, asked)
        return [str(row["category"]) for row in rows]

    async def _driving(self, questions: Sequence[tuple[str, str]]) -> Sequence[object]:
        return [
            await drivers_in(self._slots, CODES, text, code, column="description", target="code")
            for text, code in questions
        ]

    def _remember(self, keys: Sequence[Key], values: Sequence[object]) -> None:
        self._known.update(zip(keys, values, strict=True))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _words(self, text: str, code: str | None) -> Key:
        return (self._digest(CODES), "words", (text, code))

    def _digest(self, model: str) -> str:
        try:
            served = self._slots.served(model)
        except UnknownModel:
            return ""
        return f"{served.decision_id} {served.digest}" if served else ""

    def _is_quick(self) -> bool:
        try:
            answering = self._slots.answering(CODES)
        except UnknownModel:
            return False
        return answering is not None and answering.single_ms <= SLOWEST_MS


async def asked_unlogged(slots: Slots, model: str, instances: Sequence[Row]) -> list[Row]:
    """Return one row an instance, unlogged: nobody is shown these answers.

    Raises what `Slots.acquire` and `Slots.rows` raise.
    """
    live = slots.acquire(model, len(instances))
    return [rows[0] for rows in await slots.rows(live, instances)]


async def drivers_in(
    slots: Slots, model: str, text: str, answer: str, *, column: str, target: str
) -> tuple[Driver, ...]:
    """Return what each word of a text does for an answer, by leaving one out at a time.

    The model is asked by the text in `column`, and answers in `target`. Raises what
    `asked_unlogged` raises.
    """
    spans = word_spans(text)
    texts = (text, *(without(text, span) for span in spans))
    rows = await asked_unlogged(slots, model, [{column: each} for each in texts])
    return drivers_of(text, answer, spans, rows, target)


def share(value: object) -> float:
    """Return a confidence as a number of 0 to 1, 0 for anything else."""
    known = isinstance(value, int | float) and math.isfinite(value)
    return min(1.0, max(0.0, float(value))) if known else 0.0  # type: ignore[arg-type]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where the words of a text stand, sizes such as 1/2 and 0.5 in one piece."""
    return [match.span() for match in _WORD.finditer(text)][:WORDS]


def without(text: str, span: tuple[int, int]) -> str:
    """Return the text without one word; a text of nothing else stays itself."""
    rest = f"{text[: span[0]]}{text[span[1] :]}"
    return rest if _WORD.search(rest) else text


def drivers_of(
    text: str,
    code: str,
    spans: Sequence[tuple[int, int]],
    rows: Sequence[Row],
    target: str,
) -> tuple[Driver, ...]:
    """Return what each word does for `code`: how far its log-odds fall without the word.

    `rows` answer the whole text first and then the text without each word; `target` is the column
    that the code stands in. A code that is no longer among the alternatives counts as likely as it
    can be at most: no more than the last of them, nor than all of them leave. So a weight is never
    overstated.
    """
    whole = _log_odds(rows[0], code, target)
    return tuple(
        Driver(
            start=_units(text[:start]),
            end=_units(text[:end]),
            text=text[start:end],
            weight=round(whole - _log_odds(row, code, target), 3),
        )
        for (start, end), row in zip(spans, rows[1:], strict=True)
    )


def _log_odds(row: Mapping[str, object], code: str, target: str) -> float:
    alternatives = row.get("alternatives")
    ranked = alternatives if isinstance(alternatives, list) and alternatives else [row]
    likely = {str(one.get(target)): share(one.get("confidence")) for one in ranked}
    most = min(*likely.values(), 1 - sum(likely.values()))
    kept = min(1 - LEAST, max(LEAST, likely.get(code, most)))
    return math.log(kept / (1 - kept))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
