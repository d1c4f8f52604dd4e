"""A whole shop behind one application: every model answers, and order lines wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from demand_stage import serve_demand
from domain_stage import DomainStage, contract_of, serve_categoriser, serve_model
from fashion_stage import serve_fashion, write_shop
from fastapi import FastAPI
from recommender_stage import serve_recommender
from serving_stage import MODEL, Stage

from pipelines.settings import Settings

CODES = "product_codes"
MODELS = (
    MODEL,
    CODES,
    *("product_categories", "product_recommendations", "demand_forecast"),
    "fashion_recommendations",
)
MESSAGE = "pedido-1"


class Coder:
    """Says the same code of everything."""

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        best = {"code": "27110001", "confidence": 0.9}
        return [[{**best, "alternatives": [best]}] for _ in instances]

    def close(self) -> None:
        """Nothing is held."""


class WholeShop:
    """Its application answers on behalf of every model; Prefect and the registry are fakes."""

    def __init__(self, home: Path) -> None:
        source = {"source": {"url": "rows.csv"}}
        settings = {
            "home": home,
            "store_url": f"sqlite:///{home}/var/contender.db",
            "models": dict.fromkeys(MODELS, source),
            "clients": {"connections": 200},
        }
        self.stage = Stage(Settings.model_validate(settings))
        self.decisions = [self._decide(version) for version in "12"]
        self._desk = DomainStage(self.stage.settings)
        self._desk.write_catalogue()
        self._desk.order(MESSAGE, "Martillo de uña", "Cable calibre 12")
        self._desk.predict()
        self.lines = [line.line_id for line in self._desk.lines.latest(10)]
        self._reviews = write_shop(home / "fashion")

    def app(self) -> FastAPI:
        """Return the application; its models answer once `serve_models` was told of it."""
        return self.stage.app()

    def serve_models(self, app: FastAPI) -> None:
        """Let every model answer, as after a promotion of each."""
        serve_categoriser(app)
        serve_recommender(app)
        serve_demand(app)
        serve_fashion(app, self._reviews)
        serve_model(app, contract_of(CODES, "description", "code"), Coder(), "5")

    def _decide(self, version: str) -> str:
        # No verdict: what one rests on is a matter of trainings, and there were none.
        package = self.stage.register(version, version)
        self.stage.registry.aliases["champion"] = version
        return self.stage.decide(version, package.digest, kind="restored").decision_id

    def close(self) -> None:
        """Close the store."""
        self._desk.close()
        self.stage.close()
