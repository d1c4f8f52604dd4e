"""The board: the order lines waiting for a person, with what was predicted for each.

Held in memory and read anew only when a change counter has moved, so a request never waits for
the feed or for a model, and for the store only as long as `PATIENCE_SECONDS`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from pipelines import changes, labels
from pipelines.label_requests import queue
from pipelines.labels import Label, Labels, exact
from pipelines.orders import order_lines
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL
from pipelines.store import Store
from serving.slots.shelf import Assortment, Shelf

logger = logging.getLogger(__name__)

LINES = 200
PATIENCE_SECONDS = 0.5
SUBJECTS = (order_lines.SUBJECT, labels.SUBJECT, queue.SUBJECT)
NOTHING = {"message": "No hay predicciones pendientes.", "predicciones": []}

Entry = dict[str, object]


@dataclass(frozen=True)
class Board:
    """One state of the board; `body` is the answer to `GET /api/predicciones`."""

    state: tuple[object, ...]
    entries: tuple[Entry, ...]
    body: bytes

    def shown_for(self, description: str) -> Entry | None:
        """Return the entry that a person who names this description has seen."""
        wanted = exact(description)
        return next((e for e in self.entries if exact(str(e["descripcion"])) == wanted), None)


class OrderBoard:
    """Keeps the newest board; shared by all requests of a process."""

    def __init__(
        self, store: Store, shelf: Shelf, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._store = store
        self._lines = OrderLines(store)
        self._labels = Labels(store)
        self._shelf = shelf
        self._patience_seconds = patience_seconds
        self._board: Board | None = None
        self._turn = threading.Lock()
        self._renewal: asyncio.Task[Board] | None = None

    async def current(self) -> Board:
        """Return the newest board, or the last one known where the store is slow or away.

        Raises `SQLAlchemyError` only before the first board was read.
        """
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(run_in_threadpool(self.renewed))
        known = self._board
        if known is None:
            return await asyncio.shield(self._renewal)
        await asyncio.wait([self._renewal], timeout=self._patience_seconds)
        return self._board or known

    async def stop(self) -> None:
        """Wait for what is still being read, so that the store can be closed."""
        if self._renewal:
            await asyncio.wait([self._renewal])

    def renewed(self) -> Board:
        """Return the board as the store has it now. For a thread, not for the event loop."""
        with self._turn:
            try:
                self._board = self._read()
            except SQLAlchemyError as error:
                if self._board is None:
                    raise
                logger.warning("the board stays as it is: %s", type(error).__name__)
            return self._board

    def _read(self) -> Board:
        assortment = self._shelf.assortment
        # The counters first: whatever changes after this look is seen at the next one.
        state = (*changes.counts(self._store, SUBJECTS), assortment)
        if self._board and self._board.state == state:
            return self._board
        waiting = self._lines.latest(LINES)
        confirmed = self._labels.confirmed(MODEL, [line.description for line in waiting])
        asked = queue.requested(self._store, MODEL, [line.description for line in waiting])
        # Those that a decision waits for come first; the others keep their order.
        waiting.sort(key=lambda line: line.description not in asked)
        entries = tuple(
            entry | {"pedida": line.description in asked}
            for line in waiting
            if (entry := entry_of(line, confirmed.get(exact(line.description)), assortment))
        )
        return Board(state, entries, orjson.dumps(list(entries) if entries else NOTHING))


def entry_of(line: OrderLine, label: Label | None, assortment: Assortment | None) -> Entry | None:
    """Return a line in the shape that existing clients read, or None while it has no answer."""
    if line.prediction is None and label is None:
        return None
    answer = line.prediction or {}
    predicted = _text(answer.get("code"))
    code = label.value if label else predicted
    product = assortment.product(code, line.description) if assortment and code else None
    quantity = line.quantity
    return {
        "descripcion": line.description,
        "codigo_prediccion": code,
        "descripcion_csv": product.description if product else None,
        "cantidad": int(quantity) if quantity.is_integer() else quantity,
        "imagen": assortment.image(product) if assortment and product else None,
        "exactitud": 100.0 if label else percent(answer.get("confidence")),
        "id_article": (product.product_id if product else None) or code,
        "correo_id": line.message_id,
        "confirmado": label is not None,
        "prediccion_modelo": predicted,
        "exactitud_modelo": percent(answer.get("confidence")),
        "alternativas": _alternatives(answer.get("alternatives"), line, assortment),
        "modelo": answer.get("model"),
        "prediction_id": answer.get("prediction_id"),
        "linea_id": line.line_id,
        "audio": line.audio is not None,
        "recibido": line.received_at,
        "error": answer.get("refused"),
    }


def percent(confidence: object) -> float:
    """Return a confidence of 0 to 1 as existing clients read it: 0 to 100, two decimals."""
    return round(float(confidence) * 100, 2) if isinstance(confidence, int | float) else 0.0


def _alternatives(
    rows: object, line: OrderLine, assortment: Assortment | None
) -> Sequence[Mapping[str, object]]:
    found = []
    for row in rows if isinstance(rows, list) else []:
        code = str(row["code"])
        product = assortment.product(code, line.description) if assortment else None
        found.append(
            {
                "codigo": code,
                "descripcion": product.description if product else None,
                "exactitud": percent(row["confidence"]),
            }
        )
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
