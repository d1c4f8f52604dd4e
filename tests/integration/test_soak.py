"""Steady load beside clients that do their worst: none of it fails, and no row is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from decided_home import PREDICT, DecidedHome
from serving_process import ServingProcess

from pipelines.settings import Settings

pytestmark = [
    pytest.mark.slow,
    # A hostile client is cut off in the middle of connecting, and leaves that half behind.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECONDS, QUIET_SECONDS = 20.0, 2.0
CLIENTS = "\n[clients]\nconnections = 100\nhead_seconds = 1\nstall_seconds = 2\n"
ROOT = Path(__file__).resolve().parents[2]


def test_steady_clients_notice_nothing_of_hostile_ones(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.serving.hostile import HOSTILE, Target, lost, soak

    with DecidedHome(make_settings) as home:
        with (home.folder / "contender.toml").open("a") as file:
            file.write(CLIENTS)
        home.decide("1", "uno")
        with ServingProcess(home.folder, workers=2) as process:
            target = Target(
                urlsplit(process.url).port or 0, PREDICT, b'{"instances":[{"text":"a"}]}'
            )
            outcome = asyncio.run(
                soak(target, seconds=SECONDS, quiet_seconds=QUIET_SECONDS, connections=4)
            )
        assert outcome.failed == []
        assert len(outcome.ids) == len(outcome.quiet) + len(outcome.disturbed) > 50
        assert len(set(outcome.ids)) == len(outcome.ids)
        assert lost(home.stage.store, outcome.ids) == []
        assert outcome.done.keys() == HOSTILE.keys()
