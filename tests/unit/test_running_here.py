"""A flow that a command runs in its own process: its value, or why it has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from prefect import State
from prefect.client.schemas.objects import StateType

import flows.deployments
from cli.running import run_here
from cli.screen import CommandFailed
from pipelines.settings import Settings


def ran(settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: Callable[..., object]):
    monkeypatch.setattr("cli.running.service_environment", lambda *_: {})
    monkeypatch.setattr(flows.deployments, "flow_named", lambda *_: answer)
    return run_here(settings, "train", "stub", {"alpha": 1}, lambda *_: None)


def test_what_a_flow_returns_is_known_though_the_server_sends_its_end_without_it(
    make_settings, monkeypatch
):
    bare = State(type=StateType.COMPLETED, timestamp=datetime.now(UTC))

    def answer(*, alpha: int, return_state: bool = False) -> object:
        return bare if return_state else {"version": str(alpha)}

    assert ran(make_settings(), monkeypatch, answer) == {"version": "1"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CommandFailed("in its own words"), r"^in its own words$"),
        (ValueError("odd"), r"^ValueError: odd; see .*train\.log$"),
    ],
)
def test_a_flow_that_fails_says_why_and_where_its_log_is(make_settings, monkeypatch, error, said):
    def answer(**_: object) -> object:
        raise error

    with pytest.raises(CommandFailed, match=said):
        ran(make_settings(), monkeypatch, answer)
