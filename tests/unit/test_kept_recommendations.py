"""A kept recommendation bears the name of the version that gave it, whenever a swap comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from recommender_stage import serve_recommender

from pipelines.settings import Settings
from serving.routers.product_recommendations import AnswerCache

MODEL = "product_recommendations"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    yield stage
    stage.close()


def test_a_swap_while_a_kept_answer_is_looked_up_does_not_rename_it(stage, monkeypatch):
    look_up = AnswerCache.get

    with AppClient(app := stage.app()) as client:

        def swapped_meanwhile(cache, served, asked):
            found = look_up(cache, served, asked)
            serve_recommender(app, version="6")
            return found

        serve_recommender(app, version="5")
        client.post("/recommend", json={"user_id": "1"})
        monkeypatch.setattr(AnswerCache, "get", swapped_meanwhile)
        kept = client.post("/recommend", json={"user_id": "1"})
        log = app.state.services.predictions
        logged = log.find(MODEL, kept.headers["X-Prediction-Id"])
        monkeypatch.undo()
        after = client.post("/recommend", json={"user_id": "1"})

    assert kept.headers["X-Model-Version"] == logged.version == "5"
    assert [item["item_id"] for item in logged.answer[0]["items"]] == kept.json()
    assert after.headers["X-Model-Version"] == "6"
