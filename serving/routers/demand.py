"""The planner's interface: a product and its daily sales in, the next days and their total out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field

from pipelines.contract import Row
from pipelines.orders.stored_sales import MODEL, Stored, StoredSales, sales_folder
from serving.hot.calls import Call, HotRoute, Question, Reply, documented, question
from serving.live.answers import Answered
from serving.problems import Dialect
from serving.spanish import (
    DomainRefused,
    object_in,
    render,
    text_field,
    text_schema,
    whole_number,
)

ID_CHARACTERS = 200
HORIZON_DEFAULT, HORIZON_LIMIT = 28, 365
HISTORY_LIMIT = 4_000
DECIMALS = 3
SOLD = ("date", "quantity", "promotion", "price", "open")
TOLD, NUMBERS = frozenset(SOLD), frozenset({int, float})
SHOWN = ("predicted_quantity", "lower", "upper")


DAY = {
    "type": "object",
    "description": "What was sold on a day; returns are negative.",
    "required": ["date", "quantity"],
    "properties": {
        "date": {"type": "string"},
        "quantity": {"type": "number"},
        "promotion": {"type": ["boolean", "number", "null"]},
        "price": {"type": ["number", "null"]},
        "open": {"type": ["boolean", "number", "null"]},
    },
}
FEATURES = {
    "type": ["object", "null"],
    "description": "What is known of the days asked about.",
    "properties": {
        "seasonality": {"description": "Accepted as clients send it; the seasons are always used."},
        "promotion_active": {
            "type": ["boolean", "null"],
            "description": "Whether the product is on promotion on all the days asked about.",
        },
    },
}
ASKED = {
    "type": "object",
    "description": "One product; without history the stored one is used.",
    "required": ["productId"],
    "properties": {
        "productId": text_schema(ID_CHARACTERS),
        "historicalData": {"type": ["array", "null"], "items": DAY, "maxItems": HISTORY_LIMIT},
        "features": FEATURES,
        "forecast_horizon": {
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": HORIZON_LIMIT,
            "default": HORIZON_DEFAULT,
        },
    },
    "example": {
        "productId": "SKU-001",
        "historicalData": [{"date": "2026-11-20", "quantity": 12}],
        "features": {"seasonality": True, "promotion_active": False},
        "forecast_horizon": 7,
    },
}


class ForecastDay(BaseModel):
    """One day; with 80 % probability the sales lie between the bounds."""

    date: str | None
    predicted_quantity: float
    lower: float | None
    upper: float | None


class ForecastResponse(BaseModel):
    """The total, how sure it is, and the days that make it up."""

    productId: str  # noqa: N815
    predicted_total_quantity: float
    forecast_range_start: str | None
    forecast_range_end: str | None
    confidence_score: float | None = Field(
        description="Probability that the true total lies within 20 % of the predicted one."
    )
    daily_predictions: list[ForecastDay]
    notes: list[str]
    version: str
    decision_id: str
    prediction_id: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep the stored sales at `app.state.sales` while the application runs."""
    app.state.sales = StoredSales(sales_folder(app.state.services.settings.var))
    yield


router = APIRouter(tags=["demand"], lifespan=lifespan)
DIALECT = Dialect(("/api/v1/predict",), render)

BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ASKED}},
    }
}


@router.post(
    "/api/v1/predict",
    response_class=Response,
    responses={200: {"model": ForecastResponse}},
    openapi_extra=BODY,
)
async def predict(request: Request) -> Response:
    """Forecast a product's demand, day by day."""
    return await documented(request, _predict)


async def _predict(call: Call) -> Reply:
    asked = _asked(await call.read(object_in))
    product_id = str(asked["product_id"])
    stored = None if asked["history"] else _stored(call, product_id)
    logged = None
    if stored:
        asked, kept = stored.told_with(asked)
        logged = [kept]
    answered = await call.services.slots.answer(
        MODEL, [asked], request_id=call.request_id, logged=logged
    )
    return Reply(await call.write(answered, partial(_document, product_id, stored)))


def _stored(call: Call, product_id: str) -> Stored | None:
    sales: StoredSales = call.state.sales
    return sales.of(product_id)


def _predict_at_once(call: Call) -> Question | None:
    asked = _asked(object_in(call.body))
    product_id = str(asked["product_id"])
    if asked["history"]:
        return question(MODEL, [asked], partial(_document, product_id, None))
    stored = _stored(call, product_id)
    if stored is None:
        return None
    asked, logged = stored.told_with(asked)
    return question(MODEL, [asked], partial(_document, product_id, stored), [logged])


HOT = (HotRoute("POST", "/api/v1/predict", _predict, _predict_at_once, model=MODEL),)


def _asked(body: Mapping[str, Any]) -> Row:
    features = body.get("features")
    if features is not None and not isinstance(features, dict):
        raise DomainRefused("El campo «features» debe ser un objeto.")
    active = (features or {}).get("promotion_active")
    if active is not None and not isinstance(active, bool):
        raise DomainRefused("El campo «features.promotion_active» debe ser true o false.")
    return {
        "product_id": text_field(body, "productId", ID_CHARACTERS),
        "category": None,
        "history": _days(body.get("historicalData")),
        "start": None,
        "horizon": _horizon(body.get("forecast_horizon")),
        "future": None,
        "promotion_active": active,
    }


def _days(listed: Any) -> list[Row] | None:
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise DomainRefused("El campo «historicalData» debe ser una lista de días.")
    if len(listed) > HISTORY_LIMIT:
        raise DomainRefused(f"Hay más de {HISTORY_LIMIT} días en «historicalData».")
    return [entry if _is_plain(entry) else _day(entry, place) for place, entry in enumerate(listed)]


def _is_plain(entry: Any) -> bool:
    """Whether a day is told as most are, and has nothing to be left out."""
    return (
        type(entry) is dict
        and entry.keys() <= TOLD
        and type(entry.get("date")) is str
        and type(entry.get("quantity")) in NUMBERS
    )


def _day(entry: Any, place: int) -> Row:
    where = f"El elemento {place} de «historicalData»"
    if not isinstance(entry, dict):
        raise DomainRefused(f"{where} debe ser un objeto con «date» y «quantity».")
    if not isinstance(entry.get("date"), str):
        raise DomainRefused(f"{where} no tiene una fecha «date» como 2026-11-21.")
    quantity = entry.get("quantity")
    if not isinstance(quantity, int | float) or isinstance(quantity, bool):
        raise DomainRefused(f"{where} no tiene una cantidad «quantity».")
    # Clients may send more of a day than is read.
    return {name: entry[name] for name in SOLD if name in entry}


def _horizon(value: Any) -> int:
    if value is None:
        return HORIZON_DEFAULT
    whole = whole_number(value)
    if whole is None or not 1 <= whole <= HORIZON_LIMIT:
        raise DomainRefused(
            f"El campo «forecast_horizon» debe ser un número entero de 1 a {HORIZON_LIMIT}."
        )
    return whole


def _document(product_id: str, stored: Stored | None, answered: Answered) -> bytes:
    ((row,),) = answered.rows
    served = answered.model
    days = _dailies(_listed(row.get("daily_predictions")))
    total = row.get("predicted_total_quantity")
    notes = [f"the stored history until {stored.reference['until']} was used"] if stored else []
    return orjson.dumps(
        {
            "productId": product_id,
            "predicted_total_quantity": _rounded(
                sum(day["predicted_quantity"] or 0.0 for day in days) if total is None else total
            ),
            "forecast_range_start": row.get("forecast_range_start"),
            "forecast_range_end": row.get("forecast_range_end"),
            "confidence_score": _rounded(row.get("confidence_score")),
            "daily_predictions": days,
            "notes": [*notes, *_listed(row.get("notes"))],
            "version": served.version,
            "decision_id": served.decision_id,
            "prediction_id": answered.prediction_ids[0],
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _dailies(days: Sequence[object]) -> list[dict[str, Any]]:
    """Return the days as clients read them; those that say all of it are rounded in one go."""
    told = [day for day in days if type(day) is dict and type(day.get("date")) is str]
    numbers = [day.get(name) for day in told for name in SHOWN]
    if len(told) < len(days) or set(map(type, numbers)) != {float}:
        return [_daily(day) for day in days]
    rounded = np.array(numbers).round(DECIMALS).reshape(-1, len(SHOWN)).tolist()
    return [
        {"date": day["date"], "predicted_quantity": predicted, "lower": lower, "upper": upper}
        for day, (predicted, lower, upper) in zip(told, rounded, strict=True)
    ]


def _listed(days: object) -> Sequence[object]:
    return days if isinstance(days, list) else []


def _daily(day: object) -> dict[str, Any]:
    """Return one day as clients read it; a version from elsewhere may answer its number alone."""
    told = day if isinstance(day, dict) else {"predicted_quantity": day}
    return {
        "date": told.get("date"),
        "predicted_quantity": _rounded(told.get("predicted_quantity")),
        "lower": _rounded(told.get("lower")),
        "upper": _rounded(told.get("upper")),
    }


def _rounded(value: Any) -> Any:
    return None if value is None else round(float(value), DECIMALS)
