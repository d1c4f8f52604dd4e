"""Nothing is loaded by an event's word, an alias's or a changed row's: the log itself is asked."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from sqlalchemy import update
from waiting import wait_for

from pipelines.decisions import chain
from pipelines.decisions.log import Champion
from pipelines.decisions.seal import broken
from pipelines.settings import Settings
from pipelines.store import decisions
from pipelines.versions.artifact import ArtifactRefused
from serving.slots.cache import PackageCache
from serving.slots.loading import ChampionLoader

ROOT = Path(__file__).resolve().parents[2]
OPENS_PACKAGES = {
    "serving/slots/cache.py",  # by the digest that it is asked for
    "serving/bless.py",  # in a process of its own, before anybody may promote it
    "pipelines/versions/admission.py",  # where it is admitted
    "pipelines/versions/artifact.py",
    "pipelines/versions/flavour_worker.py",  # by the digest that its parent has verified
    "pipelines/versions/packaged_model.py",  # MLflow's own form of it, which we never serve
    "pipelines/arena/restoration.py",  # by the champion's digest
}
LOADS_MODELS = {"serving/slots/loading.py", "serving/bless.py"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "rows.csv"}}}, serving={"poll_seconds": 0.05}
    )
    stage = Stage(settings)
    yield stage
    stage.close()


def loader(stage: Stage) -> ChampionLoader:
    cache = PackageCache(stage.settings.var / "cache", stage.registry)
    return ChampionLoader(cache, stage.log, text_limit=1_000)


def head(stage: Stage) -> Champion:
    found = stage.log.head(MODEL)
    assert found is not None
    return found


def change(stage: Stage, decision_id: str, **columns: object) -> None:
    with stage.store.write() as connection:
        which = decisions.c.decision_id == decision_id
        connection.execute(update(decisions).where(which).values(**columns))


def answered_by(client: AppClient) -> str:
    answer = client.post(f"/v1/models/{MODEL}/predict", json={"instances": [{"text": "a"}]})
    return answer.json()["model"]["version"]


def users_of(name: str, module: str) -> set[str]:
    """Return the files of ours that import a name from a module."""
    found = set()
    for path in (*(ROOT / "serving").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = node.names if isinstance(node, ast.ImportFrom) and node.module == module else []
            if any(one.name == name for one in names):
                found.add(path.relative_to(ROOT).as_posix())
    return found


def test_a_forged_event_promotes_nothing_and_a_moved_alias_neither(stage):
    stage.promote("1", "uno")
    stage.register("2", "dos")
    with AppClient(stage.app()) as client:
        stage.registry.aliases["champion"] = "2"
        forged = {
            "entity": "model_version_alias",
            "action": "created",
            "data": {"name": MODEL, "alias": "champion", "version": "2"},
        }
        assert client.post("/v1/registry-events", json=forged).status_code == 202
        follower = client.app.state.services.follower
        follower.look()
        follower.settle(120)
        assert answered_by(client) == "1"
        assert head(stage).version == "1"


@pytest.mark.parametrize(
    "columns",
    [
        {"version": "2"},
        {"record": '{"verdict":"promoted"}'},
        {"artifact_digest": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_a_decision_that_was_changed_after_it_was_written_makes_no_champion(stage, columns):
    stage.register("2", "dos")
    stage.promote("1", "uno")
    decided = head(stage)
    change(stage, decided.decision_id, **columns)

    with pytest.raises(ArtifactRefused, match="was changed later"):
        loader(stage)(decided)


@pytest.mark.parametrize("field", ["model", "version", "artifact_digest"])
def test_a_whole_decision_about_something_else_makes_no_champion(stage, field):
    stage.promote("1", "uno")
    decided = head(stage)
    other: dict[str, Any] = {field: "2"}
    assert loader(stage)(decided).served.version == "1"
    with pytest.raises(ArtifactRefused, match="is not about"):
        loader(stage)(replace(decided, **other))


def test_the_champion_before_answers_on_when_the_next_decision_was_changed(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        package = stage.register("2", "dos")
        with stage.store.together():
            decision = stage.decide("2", package.digest)
            text = chain.canonical({**decision.record, "version": "3"})
            change(stage, decision.decision_id, record=text)
        stage.registry.aliases["champion"] = "2"
        client.app.state.services.follower.look_now()
        wait_for(lambda: "was changed later" in client.get("/v1/models").text)
        assert answered_by(client) == "1"


def test_an_admission_that_was_changed_after_it_was_written_admits_nothing(stage):
    package = stage.register("1", "uno")
    stage.decide("1", package.digest)
    admitted = stage.log.list(MODEL)[-1]
    assert not broken(admitted)
    change(stage, admitted.decision_id, version="7")

    with pytest.raises(ArtifactRefused, match="never admitted"):
        loader(stage)(head(stage))


def test_packages_are_opened_by_their_admitted_digest_and_nowhere_else():
    assert users_of("open_package", "pipelines.versions.artifact") <= OPENS_PACKAGES


def test_models_are_loaded_by_recorded_decisions_and_nowhere_else():
    """API workers, job workers and model workers have one loader, which asks the log."""
    assert users_of("load", "serving.live.loaded") == LOADS_MODELS
    users = users_of("ChampionLoader", "serving.slots.loading")
    assert users >= {"serving/assembly.py", "serving/job_worker.py"}
