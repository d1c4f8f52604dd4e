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
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.contract import RequestRefused, Row
from pipelines.orders.product_catalogue import MODEL as CODES
from pipelines.spool import SpoolUnavailable
from pipelines.versions.flavour_runtime import FlavourFailed
from serving.batching import QueueFull
from serving.callers import DeadlinePassed
from serving.live import BrokenRuntime
from serving.review_schemas import Driver, LineModel, SuggestedCategory
from serving.slots import NoChampion, Slots, UnknownModel
from serving.validation import InvalidInstances

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
    InvalidInstances,
    RequestRefused,
)

_WORD = re.compile(r"[^\W_]+(?:[./'´-][^\W_]+)*")


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
        self._known: OrderedDict[Hashable, object] = OrderedDict()
        self.found = 0
        """Grows with what `prefetch` has found out."""

    def state(self) -> tuple[str, ...]:
        """Return which versions would be asked now."""
        return tuple(self._digest(model) for model in (CODES, CATEGORIES))

    async def of(self, wanted: Sequence[Wanted]) -> list[Insight]:
        """Return what is known about each line, asking for its categories.

        The words that drove a code are there once `drivers` or `prefetch` has asked for them.
        """
        await self._categories({one.text for one in wanted})
        await self._product_categories({one.product for one in wanted if one.product})
        return [self._insight(one) for one in wanted]

    def _insight(self, one: Wanted) -> Insight:
        asked = self._digest(CATEGORIES)
        category = self._known.get((asked, "line", one.text))
        product = self._known.get((asked, "product", one.product))
        drivers = self._known.get((self._digest(CODES), one.text, one.code))
        return Insight(
            category if isinstance(category, SuggestedCategory) else None,
            product if isinstance(product, str) else None,
            drivers if isinstance(drivers, tuple) else (),
        )

    async def _categories(self, texts: Iterable[str]) -> None:
        """Ask as a client does: what a person is shown is in the prediction log."""
        asked = self._digest(CATEGORIES)
        for some in self._unknown((asked, "line", text) for text in texts):
            try:
                answered = await self._slots.answer(CATEGORIES, [{"name": key[2]} for key in some])
            except UNANSWERED as error:
                self._leave(some, error)
                continue
            model = answered.model
            named = LineModel(name=model.name, version=model.version, decision_id=model.decision_id)
            for key, rows, prediction_id in zip(
                some, answered.rows, answered.prediction_ids, strict=True
            ):
                self._remember(
                    key,
                    SuggestedCategory(
                        value=str(rows[0]["category"]),
                        confidence=share(rows[0].get("confidence")),
                        prediction_id=prediction_id,
                        model=named,
                    ),
                )

    async def _product_categories(self, products: Iterable[str]) -> None:
        asked = self._digest(CATEGORIES)
        for some in self._unknown((asked, "product", product) for product in products):
            rows = await self._rows(CATEGORIES, [{"name": key[2]} for key in some])
            for place, key in enumerate(some):
                self._remember(key, str(rows[place]["category"]) if rows else None)

    async def drivers(self, text: str, code: str) -> tuple[Driver, ...]:
        """Return what each word of a text does for a code; nothing where no version can say."""
        key = (self._digest(CODES), text, code)
        if key not in self._known and self._is_quick():
            spans = word_spans(text)
            questions = [text, *(without(text, span) for span in spans)]
            rows = await self._rows(CODES, [{"description": each} for each in questions])
            self._remember(key, drivers_of(text, code, spans, rows) if rows else ())
        found = self._known.get(key)
        return found if isinstance(found, tuple) else ()

    async def prefetch(self, wanted: Sequence[Wanted]) -> None:
        """Ask for the words of many lines, in their order, and let others have most of the time."""
        for one in wanted:
            if one.code and (self._digest(CODES), one.text, one.code) not in self._known:
                await self.drivers(one.text, one.code)
                self.found += 1
                await asyncio.sleep(PAUSE_SECONDS)

    async def _rows(self, model: str, instances: Sequence[Row]) -> list[Row] | None:
        """Return one row an instance, unlogged; None where the model does not answer."""
        found: list[Row] = []
        try:
            for start in range(0, len(instances), AT_ONCE):
                some = instances[start : start + AT_ONCE]
                live = self._slots.acquire(model, len(some))
                found += [rows[0] for rows in await self._slots.rows(live, some)]
                await asyncio.sleep(0)
        except UNANSWERED as error:
            logger.info("%s says nothing about a line: %s", model, error)
            return None
        return found

    def _unknown(self, keys: Iterable[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
        waiting = [key for key in dict.fromkeys(keys) if key not in self._known]
        return [waiting[start : start + AT_ONCE] for start in range(0, len(waiting), AT_ONCE)]

    def _leave(self, keys: Sequence[tuple[str, ...]], error: Exception) -> None:
        logger.info("%d lines are left without a category: %s", len(keys), error)
        if len(keys) > 1 or not isinstance(error, InvalidInstances | RequestRefused):
            return
        self._remember(keys[0], None)

    def _remember(self, key: Hashable, value: object) -> None:
        self._known[key] = value
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

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
    text: str, code: str, spans: Sequence[tuple[int, int]], rows: Sequence[Row]
) -> tuple[Driver, ...]:
    """Return what each word does for `code`: how far its log-odds fall without the word.

    `rows` answer the whole text first and then the text without each word. A code that is no
    longer among the alternatives counts as likely as the last of them, so that a weight is never
    overstated.
    """
    whole = _log_odds(rows[0], code)
    return tuple(
        Driver(
            start=_units(text[:start]),
            end=_units(text[:end]),
            text=text[start:end],
            weight=round(whole - _log_odds(row, code), 3),
        )
        for (start, end), row in zip(spans, rows[1:], strict=True)
    )


def _log_odds(row: Mapping[str, object], code: str) -> float:
    alternatives = row.get("alternatives")
    ranked = alternatives if isinstance(alternatives, list) and alternatives else [row]
    likely = {str(one.get("code")): share(one.get("confidence")) for one in ranked}
    found = likely.get(code, min(likely.values()))
    kept = min(1 - LEAST, max(LEAST, found))
    return math.log(kept / (1 - kept))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
