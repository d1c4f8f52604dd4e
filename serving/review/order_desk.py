"""What the order interface works with: board, catalogue, labels, lines, recordings, voice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from pipelines.labels import Labels, exact
from pipelines.orders.order_lines import OrderLine, OrderLines
from pipelines.orders.product_catalogue import MODEL, catalogue_file
from pipelines.orders.recordings import find
from pipelines.settings import Settings
from pipelines.store import Store
from serving.catalogue.speech import Speaker
from serving.review.order_board import Board, OrderBoard, entry_of
from serving.slots.shelf import Shelf

SPOKEN_LINES = 10
REVIEWER = "POST /api/send-seleccion"


@dataclass(frozen=True)
class OrderDesk:
    """The collaborators of the order interface in one process."""

    board: OrderBoard
    shelf: Shelf
    labels: Labels
    lines: OrderLines
    speaker: Speaker
    audio: Path

    def choose(self, description: str, code: str, reviewer: str = REVIEWER) -> Board:
        """Keep a person's choice, and return the board that already shows it.

        Blocks until the choice is on disk; no model is needed for it. Chosen once more, the same
        code changes nothing: a second click must not turn a label about the model's answer into
        one about a person's.
        """
        before = self.labels.confirmed(MODEL, [description]).get(exact(description))
        if before is None or before.value != code:
            shown = shown_of(self.board.renewed().shown_for(description))
            shown["confirmed"] = before is not None
            self.labels.add(MODEL, description, code, shown=shown, reviewer=reviewer)
        return self.board.renewed()

    def mark_read(self, message_id: str) -> int:
        """Hide a message's lines for good; return how many it has."""
        return self.lines.mark_read(message_id)

    def sound(self, message_id: str | None) -> Path | None:
        """Return the message's recording, or its predictions spoken, or None for neither.

        Without an id, the newest unread message is meant. Raises `SpeechUnavailable`.
        """
        lines = self._message(message_id)
        recordings = (find(self.audio, line.audio) for line in lines if line.audio)
        if recording := next((path for path in recordings if path), None):
            return recording
        text = self._spoken(lines)
        return self.speaker.speak(text) if text else None

    def _message(self, message_id: str | None) -> list[OrderLine]:
        if message_id is None:
            newest = self.lines.latest(1)
            if not newest:
                return []
            message_id = newest[0].message_id
        return self.lines.message(message_id)

    def _spoken(self, lines: list[OrderLine]) -> str:
        confirmed = self.labels.confirmed(MODEL, [line.description for line in lines])
        sentences = []
        for line in lines[:SPOKEN_LINES]:
            label = confirmed.get(exact(line.description))
            entry = entry_of(line, label, self.shelf.assortment)
            if entry and entry["codigo_prediccion"]:
                sentences.append(sentence_of(entry))
        return " ".join(sentences)


def shown_of(entry: Mapping[str, object] | None) -> dict[str, object]:
    """Return what a person has seen of an entry, as it is kept with his label."""
    if entry is None:
        return {}
    return {
        "code": entry["codigo_prediccion"],
        "confidence": entry["exactitud"],
        "model_code": entry["prediccion_modelo"],
        "model": entry["modelo"],
        "prediction_id": entry["prediction_id"],
    }


def sentence_of(entry: Mapping[str, object]) -> str:
    """Return a predicted line as it is spoken."""
    product = entry["descripcion_csv"] or ""
    return (
        f"{entry['cantidad']} de {entry['descripcion']}: código {entry['codigo_prediccion']}, "
        f"{product}. Exactitud {entry['exactitud']:.0f} por ciento."
    )


def opened(settings: Settings, store: Store) -> OrderDesk:
    """Return the desk of one process; its shelf is not started yet."""
    shelf = Shelf(catalogue_file(settings.var))
    return OrderDesk(
        board=OrderBoard(store, shelf),
        shelf=shelf,
        labels=Labels(store),
        lines=OrderLines(store),
        speaker=Speaker(settings.var / "cache" / "speech", settings.feed.audio_language),
        audio=settings.var / "audio",
    )


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a desk at `app.state.order_desk` while the application runs."""
    services = app.state.services
    desk = opened(services.settings, services.store)
    app.state.order_desk = desk
    desk.shelf.start()
    yield
    await desk.board.stop()
    await run_in_threadpool(desk.shelf.stop)


async def desk_of(request: Request) -> OrderDesk:
    """Return the desk of this process; `async` as every dependency is (`serving.dependencies`)."""
    desk: OrderDesk = request.app.state.order_desk
    return desk


OrderDeskDependency = Annotated[OrderDesk, Depends(desk_of)]
