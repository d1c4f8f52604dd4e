"""Two applications with one store: what each says of a swap, and what the other does about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asgi_client import AppClient
from fastapi import FastAPI
from serving_stage import MODEL, FakeRegistry, Stage
from waiting import wait_for

from pipelines.settings import Settings
from serving.app import create_app

PREDICT = f"/v1/models/{MODEL}/predict"
BODY = {"instances": [{"text": "pintura"}]}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    # Nobody looks by himself: the tests say when.
    stage = Stage(
        make_settings(
            models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 60}
        )
    )
    stage.promote("1", "uno")
    yield stage
    stage.close()


@pytest.fixture
def registry(stage: Stage) -> FakeRegistry:
    """What the other application sees of MLflow: the same, over a connection of its own."""
    return replace(stage.registry)


@pytest.fixture
def first(stage: Stage) -> Iterator[AppClient]:
    with AppClient(patient(stage.app())) as client:
        yield client


@pytest.fixture
def other(
    stage: Stage, registry: FakeRegistry, tmp_path: Path, first: AppClient
) -> Iterator[AppClient]:
    """An application of another home, so with a cache of its own."""
    del first  # it is there before
    app = create_app(
        stage.settings.model_copy(update={"home": tmp_path / "other"}),
        store=stage.store,
        registry=registry,
        log=stage.log,
        orchestration=stage.orchestration,
        roll_back=stage.roll_back,
    )
    with AppClient(patient(app)) as client:
        yield client


def patient(app: FastAPI) -> FastAPI:
    """Let an application wait for the others as long as a test takes on a busy machine."""
    app.state.services.follower._workers.patience_seconds = 120.0
    return app


def look(client: AppClient) -> None:
    client.post("/v1/registry-events")


def generation(client: AppClient) -> int:
    return int(client.post(PREDICT, json=BODY).headers["X-Generation"])


def readiness(client: AppClient) -> dict:
    return client.get("/readyz").json()


def states(client: AppClient) -> list[tuple[str, int]]:
    said = readiness(client)["preparations"][MODEL]
    return [(each["state"], each["generation"]) for each in said]


def test_who_is_prepared_waits_and_shows_it_until_the_other_is_too(stage, first, other):
    stage.promote("2", "dos")
    look(first)
    wait_for(lambda: states(first) == [("prepared", 2)])
    assert (generation(first), generation(other)) == (1, 1)
    assert "waits for the other workers" in readiness(first)["slots"][0]["note"]
    assert readiness(first)["agreed"] == {MODEL: True}

    look(other)

    wait_for(lambda: (generation(first), generation(other)) == (2, 2))
    wait_for(lambda: states(first) == [] and len(readiness(first)["workers"][MODEL]) == 2)


def test_a_decision_made_while_the_one_before_is_waited_with_takes_its_place(stage, first, other):
    stage.promote("2", "dos")
    look(first)
    wait_for(lambda: states(first) == [("prepared", 2)])
    stage.promote("3", "tres")
    look(first)
    wait_for(lambda: states(first) == [("prepared", 3)])

    look(other)

    wait_for(lambda: (generation(first), generation(other)) == (3, 3))


def test_who_cannot_load_is_not_waited_for_and_both_say_why(stage, first, other, registry):
    registry.spoil = lambda folder: (folder / "compiled" / "weights.npz").write_bytes(b"x")
    stage.promote("2", "dos")
    look(other)
    wait_for(lambda: states(first) == [("failed", 2)])
    look(first)

    wait_for(lambda: generation(first) == 2)

    assert generation(other) == 1
    (word,) = readiness(first)["preparations"][MODEL]
    assert "weights.npz" in word["note"]
    assert word == readiness(other)["preparations"][MODEL][0]
    wait_for(lambda: readiness(first)["agreed"] == {MODEL: False})
