"""The review desk's interface: its champions, and how the console asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from asgi_client import AppClient
from domain_stage import DomainStage, contract_of, serve_categoriser, serve_model
from waiting import wait_for

MODELS = {
    "product_codes": {"source": {"url": "codes.csv"}},
    "product_categories": {"source": {"url": "categories.csv"}},
}
CODES = "product_codes"
NOW = "2026-11-21T10:00:00Z"


class Coder:
    """Knows hammers by their name alone, and bolts a little."""

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        return [[self._row(str(row["description"]))] for row in instances]

    def _row(self, text: str) -> dict[str, object]:
        sure = 0.9 if "martillo" in text.lower() else 0.2
        ranked = [
            {"code": "27110001", "confidence": sure},
            {"code": "31160002", "confidence": 1 - sure},
        ]
        ranked.sort(key=lambda row: -float(str(row["confidence"])))
        return {**ranked[0], "alternatives": ranked}

    def close(self) -> None:
        """Nothing is held."""


@contextmanager
def reviewed(stage: DomainStage) -> Iterator[AppClient]:
    """Yield a client of the desk, with its catalogue read and both champions answering."""
    app = stage.app()
    with AppClient(app) as client:
        wait_for(lambda: app.state.order_desk.shelf.assortment is not None)
        serve_categoriser(app)
        serve_model(app, contract_of(CODES, "description", "code"), Coder(), "3")
        yield client


def desk(client: AppClient, **params: str) -> dict:
    response = client.get("/v1/review/lines", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def lines(client: AppClient) -> dict[str, dict]:
    found = desk(client)["messages"]
    return {line["description"]: line for message in found for line in message["lines"]}


def choose(client: AppClient, line: dict, action: str, number: int = 1, **more: object) -> dict:
    choice = {
        "id": f"choice-{number:04d}",
        "line_id": line["line_id"],
        "action": action,
        "prediction_id": line["prediction_id"],
        "at": NOW,
        **more,
    }
    response = client.post("/v1/review/choices", json={"reviewer": "ana", "choices": [choice]})
    assert response.status_code == 200, response.text
    return response.json()["outcomes"][0]
