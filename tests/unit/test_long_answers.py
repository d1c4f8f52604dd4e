"""Answers to many instances are written beside the event loop, whatever the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from wide_model import WIDE, Echo, serve_wide

from pipelines.settings import Settings


class Watched(list):
    """One instance's rows, which notes for each look whether an event loop runs where it is."""

    looks: list[bool]

    def __getitem__(self, place):
        self.looks.append(asyncio._get_running_loop() is not None)
        return super().__getitem__(place)


@pytest.fixture
def client(make_settings: Callable[..., Settings]) -> Iterator[AppClient]:
    source = {"source": {"url": "texts.csv"}}
    stage = Stage(make_settings(models={MODEL: source, WIDE: source}))
    with AppClient(stage.app()) as client:
        yield client
    stage.close()


@pytest.fixture
def on_the_loop(client: AppClient, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each look at an answer's rows kept the event loop busy."""
    looks: list[bool] = []
    monkeypatch.setattr(Watched, "looks", looks, raising=False)
    runtime: Echo = serve_wide(client.app)
    answer = runtime.predict
    monkeypatch.setattr(runtime, "predict", lambda rows: [Watched(each) for each in answer(rows)])
    return looks


ROWS = {"instances": [{"text": "a"}] * 100}


TEXT = {"name": "text", "shape": [100], "datatype": "BYTES", "data": ["a"] * 100}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v1/models/{WIDE}/predict", ROWS),
        (f"/v1/models/{WIDE}/invocations", ROWS),
        (f"/v2/models/{WIDE}/infer", {"inputs": [TEXT]}),
    ],
    ids=["predict", "invocations", "infer"],
)
def test_a_long_answer_does_not_hold_up_the_event_loop(client, on_the_loop, path, body):
    assert client.post(path, json=body).status_code == 200

    assert len(on_the_loop) >= 100
    assert not any(on_the_loop)
