"""Every command in docs/domain-interfaces.md does what the page says it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asgi_client import AppClient
from curl import commands_of, request_of
from demand_stage import serve_demand
from domain_stage import DomainStage, serve_categoriser
from fashion_stage import serve_fashion, write_shop
from recommender_stage import serve_recommender

from pipelines.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "domain-interfaces.md"
COMMANDS = commands_of(PAGE)
PATHS = {
    "/v1/categorizer/inference",
    "/training",
    "/recommend",
    "/recommendation",
    "/recommendation/images/images/m1.png",
    "/api/v1/predict",
    "/api/predicciones",
    "/api/send-seleccion",
    "/api/marcar_leido",
    "/api/buscar",
    "/api/getAudio",
}


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("fashion") / "shop")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_works(
    command: str, wardrobe: Path, make_settings: Callable[..., Settings]
) -> None:
    names = ("product_codes", "product_categories", "product_recommendations", "demand_forecast")
    models = {name: {"source": {"url": "x.csv"}} for name in names}
    models["fashion_recommendations"] = {"source": {"url": str(wardrobe)}}
    stage = DomainStage(make_settings(models=models))
    stage.write_catalogue()
    stage.order("pedido-20261116-0001", "martillo de uña")
    stage.predict()
    method, path, headers, body = request_of(command)
    with AppClient(app := stage.app()) as client:
        serve_categoriser(app)
        serve_demand(app)
        serve_recommender(app)
        serve_fashion(app, wardrobe)
        while app.state.order_desk.shelf.assortment is None:
            time.sleep(0.01)
        response = client.request(method, path, headers=headers, content=body)
    stage.close()
    assert response.status_code in {200, 202}, response.text


def test_every_path_has_its_command() -> None:
    assert {request_of(command)[1].split("?")[0] for command in COMMANDS} == PATHS
