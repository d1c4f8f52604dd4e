"""What is asked: requests made from the rows that the models of a home folder learn from."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from benchmarks.serving.load import Request
from pipelines.settings import Settings

COUNT = 500
DAYS, HORIZON, TOP = 28, 7, 10
Row = Mapping[str, object]


@dataclass(frozen=True)
class Question:
    """One kind of request, by the name it has in the tables."""

    name: str
    model: str
    requests: Sequence[Request]


def instances(settings: Settings, model: str, count: int = COUNT) -> list[Row]:
    """Return different instances of a model, from its own source."""
    return list(islice(INSTANCES[model](_rows(settings, model)), count))


def generic(settings: Settings, model: str, count: int = COUNT) -> Question:
    """Return requests to the interface that every model has."""
    path = f"/v1/models/{model}/predict"
    asked = [_post(path, {"instances": [row]}) for row in instances(settings, model, count)]
    return Question(f"{model}: predict", model, asked)


def domain(settings: Settings, model: str, count: int = COUNT) -> list[Question]:
    """Return requests to the interface of the model's own domain, one or more kinds."""
    rows = instances(settings, model, count)
    return [
        Question(f"{model}: {name}", model, [make(row) for row in rows])
        for name, make in DOMAIN[model].items()
    ]


def no_op(settings: Settings, count: int = COUNT) -> list[Request]:
    """Return requests for the handler that does nothing: a text each, as the others get."""
    model = next(
        name for name in ("product_codes", "product_categories") if name in settings.models
    )
    texts = (next(iter(row.values())) for row in instances(settings, model, count))
    return [_post("/predict", {"text": text}) for text in texts]


def _post(path: str, document: object) -> Request:
    return Request("POST", path, json.dumps(document, ensure_ascii=False))


def _rows(settings: Settings, model: str) -> Iterator[dict[str, str]]:
    source = settings.models[model].source
    with Path(settings.resolved(source.url)).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _texts(column: str) -> Callable[[Iterator[dict[str, str]]], Iterator[Row]]:
    return lambda rows: ({column: text} for text in dict.fromkeys(row[column] for row in rows))


def _customers(column: str) -> Callable[[Iterator[dict[str, str]]], Iterator[Row]]:
    return lambda rows: (
        {column: name, "top": TOP} for name in dict.fromkeys(row[column] for row in rows)
    )


def _products(rows: Iterator[dict[str, str]]) -> Iterator[Row]:
    histories: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        day = {"date": row["date"], "quantity": float(row["quantity"])}
        histories[row["product_id"]].append(day)
    longest = max(len(days) for days in histories.values())
    # Different days of the same products, so that no two requests are the same.
    for back in range(0, longest - DAYS, DAYS):
        for product, days in histories.items():
            asked = days[len(days) - back - DAYS : len(days) - back]
            if len(asked) == DAYS:
                yield {"product_id": product, "horizon": HORIZON, "history": asked}


INSTANCES: Mapping[str, Callable[[Iterator[dict[str, str]]], Iterator[Row]]] = {
    "product_codes": _texts("description"),
    "product_categories": _texts("name"),
    "product_recommendations": _customers("user_id"),
    "demand_forecast": _products,
    "fashion_recommendations": _customers("customer_id"),
}


def _forecast(row: Row) -> dict[str, object]:
    return {"productId": row["product_id"], "forecast_horizon": row["horizon"]}


def _recommendation(row: Row) -> Request:
    customer = quote(str(row["customer_id"]))
    return Request("GET", f"/recommendation?customer_id={customer}&top={row['top']}")


DOMAIN: Mapping[str, Mapping[str, Callable[[Row], Request]]] = {
    "product_codes": {
        "GET /api/predicciones": lambda _row: Request("GET", "/api/predicciones"),
        "POST /api/buscar": lambda row: _post(
            "/api/buscar", {"busqueda": str(row["description"])[:60]}
        ),
    },
    "product_categories": {
        "POST /v1/categorizer/inference": lambda row: _post(
            "/v1/categorizer/inference", {"product_list": [row["name"]]}
        )
    },
    "product_recommendations": {
        "POST /recommend": lambda row: _post("/recommend", dict(row)),
    },
    "demand_forecast": {
        "POST /api/v1/predict, stored history": lambda row: _post(
            "/api/v1/predict", _forecast(row)
        ),
        "POST /api/v1/predict, 28 days sent": lambda row: _post(
            "/api/v1/predict", {**_forecast(row), "historicalData": row["history"]}
        ),
    },
    "fashion_recommendations": {"GET /recommendation": _recommendation},
}
