"""The domain interfaces on the whole application: real store, real board, models of ten lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from serving_stage import FakeOrchestration, FakeRegistry

from pipelines.contract import RequestRefused, Runtime
from pipelines.decisions.log import DecisionLog
from pipelines.orders.order_lines import IncomingLine, OrderLines
from pipelines.orders.product_catalogue import Catalogue, Product, catalogue_file, write
from pipelines.settings import Settings
from pipelines.store import Store, open_store
from pipelines.versions.artifact import Contract, Package
from serving.app import create_app
from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel, Loaded
from serving.live.validation import SchemaCheck, TargetCheck

PRODUCTS = (
    Product("27110001", "Martillo de uña 16 oz", "A-1", "martillo.png", 120.0),
    Product("27110001", "Martillo de bola 8 oz", "A-2", "../secret.png", 90.0),
    Product("31160002", "Tornillo hexagonal galvanizado 1/2", "B-1", None, 2.5),
    Product("39120003", "Cable eléctrico calibre 12", None, None, None),
)


class Categoriser:
    """Says `Herramienta` to whatever names a hammer, else `Pintura`."""

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        return [[self._row(number, str(row["name"]))] for number, row in enumerate(instances)]

    def _row(self, number: int, name: str) -> dict[str, object]:
        if name == "???":
            raise RequestRefused(f"instance {number}: nothing to go by")
        category = "Herramienta" if "martillo" in name.lower() else "Pintura"
        best = {"category": category, "confidence": 0.9}
        return {**best, "alternatives": [best]}

    def close(self) -> None:
        """Nothing is held."""


def contract_of(model: str, text: str, target: str) -> Contract:
    """Return the contract of a model that answers a text with a text."""
    schema = {"type": "object", "properties": {text: {"type": "string"}}, "required": [text]}
    answer = {"type": "object", "properties": {target: {"type": "string"}}, "required": [target]}
    return Contract.model_validate(
        {
            "family": model,
            "origin": "contender",
            "runtime": model,
            "form": "compiled",
            "many": False,
            "target": target,
            "request_schema": schema,
            "response_schema": answer,
            "latency_budget_ms": 50.0,
            "golden": [{text: "x"}],
            "params": {},
            "fingerprints": {},
            "training_window": {},
            "code": {},
            "libraries": {},
            "agreement": None,
            "values": {},
            "created_at": "2026-11-21T00:00:00+00:00",
            "files": {},
        }
    )


@dataclass
class DomainStage:
    """Everything around one application that serves the two domain interfaces."""

    settings: Settings
    orchestration: FakeOrchestration = field(default_factory=FakeOrchestration)

    def __post_init__(self) -> None:
        self.store: Store = open_store(self.settings.store_url)
        self.lines = OrderLines(self.store)
        self.images = self.settings.home / "images"
        self.images.mkdir(exist_ok=True)
        (self.images / "martillo.png").write_bytes(b"PNG")
        (self.settings.home / "secret.png").write_bytes(b"secret")

    def write_catalogue(self, products: Sequence[Product] = PRODUCTS) -> Path:
        """Write the catalogue that the server finds by itself."""
        file = catalogue_file(self.settings.var)
        write(file, Catalogue(tuple(products), str(self.images), "state", "2026-11-21T00:00:00"))
        return file

    def order(self, message_id: str, *descriptions: str, audio: str | None = None) -> None:
        """Take in a message whose lines ask for one, two, three … pieces."""
        self.lines.add(
            [
                IncomingLine(message_id, place, text, place + 1.0, audio=audio)
                for place, text in enumerate(descriptions)
            ]
        )

    def predict(self, code: str = "27110001", confidence: float = 0.87654) -> None:
        """Store the same prediction for every line that has none."""
        row = {"code": code, "confidence": confidence}
        model = {"name": "product_codes", "version": "3", "decision_id": "d3"}
        answer = {**row, "alternatives": [row], "model": model, "prediction_id": "p1"}
        waiting = [line for line in self.lines.latest(1_000) if line.prediction is None]
        self.lines.predicted({line.line_id: answer for line in waiting})

    def app(self) -> FastAPI:
        """Return a new application, as after a restart."""
        return create_app(
            self.settings,
            store=self.store,
            registry=FakeRegistry(self.settings.home / "registry"),
            log=DecisionLog(self.store, self.settings.var / "predictions"),
            orchestration=self.orchestration,
            roll_back=lambda *_, **__: None,
        )

    def close(self) -> None:
        self.store.close()


def serve_categoriser(app: FastAPI, version: str = "5") -> None:
    """Let `app` answer for the categories, as after a promotion."""
    serve_model(app, contract_of("product_categories", "name", "category"), Categoriser(), version)


def serve_model(app: FastAPI, contract: Contract, runtime: Runtime, version: str) -> None:
    """Let `app` answer by `runtime` for the model of a contract, as after a promotion."""
    loaded = Loaded(
        Package(Path("nowhere"), contract, "0" * 64),
        runtime,
        SchemaCheck(contract.request_schema),
        TargetCheck(contract),
        golden=(),
        instance_ms=0.1,
        instance_bytes=20.0,
    )
    served = ServedModel(contract.family, version, f"d{version}", int(version), "0" * 64)
    app.state.services.slots.put(LiveModel(served, loaded))
