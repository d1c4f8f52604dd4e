"""What `contender up` starts and says once the first champions are there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import first_run
from flows import demo_day
from flows.demo_day import ACTOR, hands_before
from pipelines.decisions.hands import SOMEBODY, hands_on
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.leases import Busy
from pipelines.orchestration import FlowRun
from pipelines.settings import Settings
from pipelines.store import open_store

MODEL = "product_codes"
MODELS = {MODEL: {"source": {"url": "var/demo/product_codes.csv"}}}


@pytest.fixture
def settings(make_settings) -> Settings:
    return make_settings(models=MODELS, demo={"day": True}, feed={"url": "var/demo/orders"})


@pytest.fixture
def log(settings: Settings) -> Iterator[DecisionLog]:
    store = open_store(settings.store_url)
    yield DecisionLog(store, settings.var / "predictions")
    store.close()


def judged(log: DecisionLog, version: str, actor: str, *, promoted: bool = False) -> None:
    trained(log, version)
    record = {"trigger": {"actor": actor}}
    verdict = NewDecision("verdict", MODEL, record, version, artifact_digest="d")
    if promoted:
        verdict = NewDecision(
            "verdict", MODEL, record, version, artifact_digest="d", becomes_champion=True
        )
    log.append(verdict)


def trained(log: DecisionLog, version: str) -> None:
    log.append(NewDecision("admitted", MODEL, {}, version, artifact_digest="d"))


class Prefect:
    """Starts one run for a key, as Prefect does; `states` are those of the runs in their order."""

    def __init__(self, *states: str) -> None:
        self.states = states
        self.keys: list[str | None] = []
        self.started: list[tuple[object, str]] = []

    def __call__(self, _settings: Settings) -> Prefect:
        return self

    def __enter__(self) -> Prefect:
        return self

    def __exit__(self, *_error: object) -> None: ...

    def start(self, name: str, *_args: object, **options: object) -> FlowRun:
        key = options.get("idempotency_key")
        if key is None or key not in self.keys:
            self.keys.append(key)
            self.started.append((options["flow"], name))
        at = self.keys.index(key)
        state = self.states[at] if at < len(self.states) else "SCHEDULED"
        return FlowRun(str(at), f"run-{at}", f"http://run/{at}", state)


@pytest.fixture
def prefect(monkeypatch: pytest.MonkeyPatch) -> Prefect:
    prefect = Prefect()
    monkeypatch.setattr(first_run, "orchestration", prefect)
    return prefect


def test_the_day_begins_where_nothing_has_happened_yet_and_once(settings, log, prefect):
    judged(log, "1", "contender up", promoted=True)
    first_run.begin_demo_day(settings)
    first_run.begin_demo_day(settings)

    assert prefect.started == [("demo-day", "shop")]


def test_the_day_begins_neither_without_champions_nor_where_it_is_not_wanted(
    make_settings, settings, log, prefect
):
    first_run.begin_demo_day(settings)
    judged(log, "1", "contender up", promoted=True)
    first_run.begin_demo_day(make_settings(models=MODELS, demo={"day": False}))

    assert prefect.started == []


def test_the_day_does_not_begin_where_somebody_has_worked(settings, log, prefect):
    judged(log, "1", "contender up", promoted=True)
    judged(log, "2", "maria")
    first_run.begin_demo_day(settings)

    assert prefect.started == []


def test_a_day_that_failed_begins_anew_even_after_its_own_promotion(settings, log, prefect):
    judged(log, "1", "contender up", promoted=True)
    judged(log, "2", ACTOR, promoted=True)
    prefect.states = ("FAILED", "CRASHED", "RUNNING")
    for _ in range(3):
        first_run.begin_demo_day(settings)

    assert prefect.keys == ["demo-day", "demo-day after 0", "demo-day after 1"]


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELLED"])
def test_a_day_that_was_or_was_not_wanted_does_not_begin_anew(settings, log, prefect, state):
    judged(log, "1", "contender up", promoted=True)
    prefect.states = (state,)
    first_run.begin_demo_day(settings)

    assert prefect.keys == ["demo-day"]


def test_the_first_start_is_nobodys_hand(log):
    assert hands_on(log, MODEL) == set()
    judged(log, "1", "contender up", promoted=True)
    log.append(NewDecision("effect", MODEL, {"of": "d1"}))
    assert hands_on(log, MODEL) == set()


@pytest.mark.parametrize("kind", ["rollback", "override", "rollout_started"])
def test_who_goes_back_promotes_or_tries_has_a_hand_in_it(log, kind):
    judged(log, "1", "contender up", promoted=True)
    log.append(NewDecision(kind, MODEL, {"actor": "maria"}, "1", artifact_digest="d"))

    assert hands_before(log, MODEL, print) == {"maria"}


def test_a_version_that_was_only_trained_is_somebodys(log):
    judged(log, "1", "contender up", promoted=True)
    judged(log, "2", ACTOR)
    trained(log, "3")

    assert hands_on(log, MODEL) == {ACTOR, SOMEBODY}


def test_a_challenger_is_trained_only_where_nobody_has_tried_anything(settings, log, monkeypatch):
    asked = []
    monkeypatch.setattr(demo_day, "_trained", lambda *told: asked.append(told) or True)
    monkeypatch.setattr(demo_day, "get_run_logger", logging.getLogger)
    judged(log, "1", "contender up", promoted=True)

    assert demo_day.challenged(settings, MODEL, {}, "why") == "trained"
    judged(log, "2", "maria")
    assert "left alone, maria" in demo_day.challenged(settings, MODEL, {}, "why")
    assert len(asked) == 1


def test_a_run_that_does_not_end_is_not_overtaken(log, monkeypatch):
    def busy(*_args: object) -> None:
        raise Busy("held")

    monkeypatch.setattr(demo_day, "turn", busy)

    assert hands_before(log, MODEL, print) == {"a run that still goes on"}


def test_the_feed_is_refreshed_once_when_its_model_is_served(settings, prefect, monkeypatch):
    served: dict[str, str] = {"product_categories": "1"}
    monkeypatch.setattr(first_run, "_served", lambda _settings: iter(served.items()))
    feed = first_run.FeedStart(settings, wanted=True)
    feed.look()
    assert prefect.started == []
    served[MODEL] = "1"
    feed.look()
    feed.look()

    assert prefect.started == [("refresh-feed", "feed")]


def test_no_refresh_is_started_where_the_champion_was_there_or_there_is_no_feed(
    make_settings, settings, prefect, monkeypatch
):
    monkeypatch.setattr(first_run, "_served", lambda _settings: iter([(MODEL, "1")]))
    first_run.FeedStart(settings, wanted=False).look()
    first_run.FeedStart(make_settings(models=MODELS), wanted=True).look()

    assert prefect.started == []


@pytest.mark.parametrize(
    ("detached", "stop"),
    [
        (True, "Stop: make down, or .venv/bin/contender down"),
        (False, "Stop: Ctrl-C, or from elsewhere make down, or .venv/bin/contender down"),
    ],
)
def test_the_console_comes_first_and_the_way_to_stop_last(
    settings, capsys, monkeypatch, tmp_path: Path, detached, stop
):
    built = tmp_path / "index.html"
    built.touch()
    monkeypatch.setattr(first_run, "CONSOLE", built)
    first_run.print_welcome(settings, detached=detached)
    lines = capsys.readouterr().out.splitlines()
    addresses = [line for line in lines if "http://" in line]

    assert addresses[0].split() == ["The", "console", settings.api_url]
    assert lines[-1].endswith(stop)


def test_a_console_that_is_not_built_says_how(settings, capsys, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(first_run, "CONSOLE", tmp_path / "absent.html")
    first_run.print_welcome(settings, detached=True)

    assert "make console" in capsys.readouterr().out
