"""The recommender's interface: a user in, a plain list of product ids out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import orjson
from fastapi import APIRouter, FastAPI, Request, Response

from pipelines.contract import Row
from serving.hot.calls import Call, HotRoute, Question, Reply, documented
from serving.live import generations
from serving.live.answers import Answered, ServedModel
from serving.problems import Dialect
from serving.slots.slots import Slots
from serving.spanish import (
    DomainRefused,
    object_in,
    render,
    text_field,
    text_schema,
    whole_number,
)
from serving.traffic.arms import Asked

MODEL = "product_recommendations"
ID_CHARACTERS = 200
TOP_DEFAULT, TOP_LIMIT = 10, 500
HISTORY_LIMIT = 1_000
KEPT_BYTES, OVERHEAD_BYTES = 64 * 2**20, 1_000
"""How much the cache may hold, and what an entry takes beside its question and body."""
REASONS = frozenset({"personal", "folded-in", "popular"})


@dataclass(frozen=True)
class Kept:
    """One answer: as it left, and as the log keeps it each time that it is given."""

    body: bytes
    reason: str
    logged: bytes = b"[]"
    """The response rows as JSON."""


class AnswerCache:
    """The last answers of one served version; another version, or generation, empties it.

    What was not asked for longest makes room when questions and answers pass `limit_bytes`.
    """

    def __init__(self, limit_bytes: int = KEPT_BYTES) -> None:
        self._limit, self._bytes = limit_bytes, 0
        self._served: ServedModel | None = None
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, served: ServedModel | None, asked: bytes) -> Kept | None:
        """Return what `served` answered to `asked`, if it is kept."""
        self._follow(served)
        if asked in self._kept:
            self._kept.move_to_end(asked)
        return self._kept.get(asked)

    def put(self, served: ServedModel, asked: bytes, answer: Kept) -> None:
        """Keep an answer of `served`."""
        self._follow(served)
        if asked in self._kept:
            self._forget(asked, self._kept.pop(asked))
        self._kept[asked] = answer
        self._bytes += _size(asked, answer)
        while self._bytes > self._limit:
            self._forget(*self._kept.popitem(last=False))

    def _forget(self, asked: bytes, answer: Kept) -> None:
        self._bytes -= _size(asked, answer)

    def _follow(self, served: ServedModel | None) -> None:
        if served != self._served:
            self._served, self._bytes = served, 0
            self._kept.clear()


def _size(asked: bytes, answer: Kept) -> int:
    return len(asked) + len(answer.body) + len(answer.logged) + OVERHEAD_BYTES


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep a cache at `app.state.recommended` while the application runs."""
    app.state.recommended = AnswerCache()
    yield
    app.state.recommended = AnswerCache()


router = APIRouter(tags=["recommender"], lifespan=lifespan)
DIALECT = Dialect(("/recommend",), render)

ID = text_schema(ID_CHARACTERS)
RATED = {
    "type": "object",
    "required": ["item_id"],
    "properties": {"item_id": ID, "rating": {"type": ["number", "null"]}},
}
HISTORY = {
    "type": ["array", "null"],
    "items": {"anyOf": [*ID["anyOf"], RATED]},
    "maxItems": HISTORY_LIMIT,
}
ASKED = {
    "type": "object",
    "description": "Who is asked for: a user, or whoever likes what `history` says.",
    "properties": {
        "user_id": {"anyOf": [*ID["anyOf"], {"type": "null"}]},
        "top": {"type": ["integer", "null"], "minimum": 1, "maximum": TOP_LIMIT},
        "exclude_seen": {"type": ["boolean", "null"]},
        "history": HISTORY,
    },
    "anyOf": [
        {"required": ["user_id"], "properties": {"user_id": ID}},
        {"required": ["history"], "properties": {"history": {"type": "array"}}},
    ],
    "example": {"user_id": "u1", "top": 5},
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ASKED}},
    }
}
LIST: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Product ids, the best first. `X-Reason` says why it is this list.",
        "content": {"application/json": {"example": ["010101", "040601", "130101"]}},
    }
}


@router.post("/recommend", response_class=Response, responses=LIST, openapi_extra=BODY)
async def recommend(request: Request) -> Response:
    """Recommend products to a user: personal, from a history sent along, or what is popular."""
    return await documented(request, _recommend)


async def _recommend(call: Call) -> Reply:
    cache: AnswerCache = call.state.recommended
    slots = call.services.slots
    asked = _asked(await call.read(object_in))
    key = orjson.dumps(asked)
    # A kept answer is one of the champion's: of the one that the caller demands, like any other.
    await slots.reach(MODEL)
    # While a rollout decides who answers, an answer of the champion's is not for everybody.
    again = None
    if not slots.diverted(MODEL):
        again = await _again(slots, Asked(MODEL, [asked], request_id=call.request_id), cache, key)
    if again is not None:
        answered, kept = again
    else:
        answered = await slots.answer(MODEL, [asked], request_id=call.request_id)
        kept = _rendered(answered)
        # What a version answered that is no longer served must not come back.
        if slots.served(MODEL) == answered.model:
            cache.put(answered.model, key, kept)
    call.tell(answered.model, 1)
    return Reply(kept.body, headers=_headers(kept, answered))


def _recommend_at_once(call: Call) -> Question | None:
    cache: AnswerCache = call.state.recommended
    slots = call.services.slots
    asked = _asked(object_in(call.body))
    key = orjson.dumps(asked)
    if cache.get(slots.served(MODEL), key) is not None:
        return None  # the application has it, and logs it once more
    return Question(MODEL, [asked], partial(_kept, key))


def _kept(key: bytes, call: Call, answered: Answered) -> Reply:
    kept = _rendered(answered)
    if call.services.slots.served(MODEL) == answered.model:
        call.state.recommended.put(answered.model, key, kept)
    call.tell(answered.model, 1)
    named = generations.header(answered.model.generation)
    return Reply(kept.body, headers=(*_headers(kept, answered), named))


HOT = (HotRoute("POST", "/recommend", _recommend, _recommend_at_once, model=MODEL),)


async def _again(
    slots: Slots, asked: Asked, cache: AnswerCache, key: bytes
) -> tuple[Answered, Kept] | None:
    """Give a kept answer once more, logged so that it can be found and spoken of like the first.

    The champion is held before the cache is asked for its answers: a swap, which comes from another
    thread, must not give the answer of one version the name of the next.
    """
    live = slots.acquire(MODEL, 1)
    try:
        kept = cache.get(live.served, key)
        if kept is None:
            return None
        # What is JSON already goes into the line as it is.
        logged = cast("Sequence[Row]", orjson.Fragment(kept.logged))
        return await slots.record(live, asked, [[]], kept=[logged]), kept
    finally:
        live.release()


def _headers(kept: Kept, answered: Answered) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"x-reason", kept.reason.encode()),
        (b"x-model-version", answered.model.version.encode()),
        (b"x-decision-id", answered.model.decision_id.encode()),
        (b"x-prediction-id", answered.prediction_ids[0].encode()),
    )


def _rendered(answered: Answered) -> Kept:
    ((row,),) = answered.rows
    # A version from elsewhere may answer ratings alone, and give reasons of its own.
    listed = row.get("items")
    listed = listed if isinstance(listed, list) else []
    named = [item for item in listed if isinstance(item, Mapping) and "item_id" in item]
    ids = [str(item["item_id"]) for item in named]
    reason = row.get("reason")
    return Kept(
        orjson.dumps(ids),
        str(reason) if reason in REASONS else "unknown",
        orjson.dumps([row], option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS),
    )


def _asked(body: Mapping[str, Any]) -> Row:
    history = _history(body.get("history"))
    # Who is not known yet has no id, and may still say what they like.
    nameless = body.get("user_id") is None and history is not None
    return {
        "user_id": None if nameless else text_field(body, "user_id", ID_CHARACTERS),
        "history": history,
        "top": _top(body.get("top")),
        "exclude_seen": _exclude_seen(body.get("exclude_seen")),
    }


def _top(value: Any) -> int:
    if value is None:
        return TOP_DEFAULT
    whole = whole_number(value)
    if whole is None or not 1 <= whole <= TOP_LIMIT:
        raise DomainRefused(f"El campo «top» debe ser un número entero de 1 a {TOP_LIMIT}.")
    return whole


def _exclude_seen(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, bool):
        raise DomainRefused("El campo «exclude_seen» debe ser verdadero o falso.")
    return value


def _history(value: Any) -> list[Row] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise DomainRefused("El campo «history» debe ser una lista de productos.")
    if len(value) > HISTORY_LIMIT:
        raise DomainRefused(f"El campo «history» tiene más de {HISTORY_LIMIT} productos.")
    return [_known(entry, place) for place, entry in enumerate(value)]


def _known(entry: Any, place: int) -> Row:
    """Return one product of a history: an id, or an object with `item_id` and perhaps `rating`."""
    fields = entry if isinstance(entry, dict) else {"item_id": entry}
    try:
        item = text_field(fields, "item_id", ID_CHARACTERS)
    except DomainRefused as refused:
        raise DomainRefused(f"Elemento {place} de «history»: {refused}") from None
    rating = fields.get("rating")
    if rating is None:
        return {"item_id": item}
    if isinstance(rating, bool) or not isinstance(rating, int | float):
        raise DomainRefused(f"Elemento {place} de «history»: «rating» debe ser un número.")
    return {"item_id": item, "rating": float(rating)}
