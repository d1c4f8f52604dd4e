"""The flows against real Prefect and MLflow servers, on the stub family."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    DeploymentFilter,
    DeploymentFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Failed, Running, Scheduled
from prefect.testing.utilities import prefect_test_harness
from span_collector import SpanCollector
from sqlalchemy import insert

from cli import first_run
from features.schema import SchemaError
from flows import monitor, signals
from flows.deployments import deployments, flow_named
from flows.progress import listening
from flows.repair import (
    AUTOMATION_NAME,
    close_abandoned_runs,
    skip_missed_runs,
    watch_heartbeats,
)
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.model_settings import ScheduleSettings
from pipelines.monitoring.signals import too_early
from pipelines.orchestration import OrchestrationClient
from pipelines.registry.aliases import CHALLENGER, CHAMPION
from pipelines.settings import load_settings
from pipelines.store import open_store, predictions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WEAK = {"vocabulary": 3, "smoothing": 5.0}
MIDDLING = {"vocabulary": 18}


@pytest.fixture(scope="module", autouse=True)
def prefect():
    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture(autouse=True)
def configured(home: Path, stub_source: Path, mlflow_server, monkeypatch: pytest.MonkeyPatch):
    """The settings that a flow reads by itself."""
    (home / "contender.toml").write_text(f'[models.stub]\nsource = {{ url = "{stub_source}" }}\n')
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    monkeypatch.setenv("CONTENDER_PORT_MLFLOW", str(mlflow_server.port))


@pytest.fixture
def log(configured):
    settings = load_settings()
    store = open_store(settings.store_url)
    yield DecisionLog(store, settings.var / "predictions")
    store.close()


@pytest.fixture
def store_of_answers(log):
    """Log answers of version 1: earlier ones, and others about something else since then."""

    def fill(now: datetime) -> None:
        head = log.head("stub")
        earlier, lately = timedelta(days=3), timedelta(0)
        with log.store.write() as connection:
            for before, words in ((earlier, "red blue"), (lately, "green gold")):
                rows = [
                    {
                        "prediction_id": f"{words}-{number}",
                        "request_id": "r",
                        "model": "stub",
                        "version": head.version,
                        "decision_id": head.decision_id,
                        "generation": 1,
                        "instance": orjson.dumps({"text": f"{words} {number}"}).decode(),
                        "answer": b'[{"topic": "a"}]'.decode(),
                        "created_at": (now - before).isoformat(),
                    }
                    for number in range(250)
                ]
                connection.execute(insert(predictions), rows)

    return fill


def artifacts_of(flow_run_id: str) -> dict[str, str]:
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        return {
            found.key or found.type: found.type
            for found in client.read_artifacts(artifact_filter=wanted)
        }


def test_train_and_promote_makes_a_first_champion_and_shows_what_it_did(log, registry_client):
    heard: list[tuple[float, str]] = []

    with listening(lambda share, step: heard.append((share, step))):
        result = flow_named("train-and-promote", "stub")(requested_by="ana", reason="a try")

    assert result["verdict"] == "first_champion"
    head = log.head("stub")
    assert (head.version, head.decision_id) == (result["version"], result["decision_id"])
    assert registry_client.snapshot()["stub"].aliases[CHAMPION] == result["version"]
    trigger = log.get(result["decision_id"]).record["trigger"]
    assert (trigger["actor"], trigger["reason"], trigger["kind"]) == ("ana", "a try", "manual")
    shown = artifacts_of(trigger["flow_run_id"])
    assert shown["decision-stub"] == "markdown"
    assert shown["checks-stub"] == "table"
    assert "progress" in shown.values()
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_run_is_traced_step_by_step_where_a_collector_is_named(monkeypatch, registry_client):
    with SpanCollector() as collector:
        monkeypatch.setenv("CONTENDER_TRACES_URL", collector.url)
        trained = flow_named("train", "stub")(**MIDDLING)

    assert registry_client.snapshot()["stub"].aliases[CHALLENGER] == trained["version"]
    steps = {span.name: span for span in collector.spans()}
    run = steps.pop("train")
    assert set(steps) == {"load", "split", "fit", "register"}
    assert {(span.trace_id, span.parent) for span in steps.values()} == {
        (run.trace_id, run.span_id)
    }
    assert run.facts["contender.model"] == "stub"
    assert run.facts["contender.flow_run_id"]


def test_train_alone_leaves_a_challenger_that_promote_then_judges(log, registry_client):
    champion = flow_named("train-and-promote", "stub")(**MIDDLING)["version"]
    trained = flow_named("train", "stub")()

    waits = {CHAMPION: champion, CHALLENGER: trained["version"]}
    assert registry_client.snapshot()["stub"].aliases == waits
    assert log.head("stub").version == champion

    decided = flow_named("promote", "stub")()

    assert decided["version"] == trained["version"]
    assert log.head("stub").version == trained["version"]
    flow_run = log.get(decided["decision_id"]).record["trigger"]["flow_run_id"]
    assert artifacts_of(flow_run)["catalogue-diff-stub"] == "table"


def test_a_worse_challenger_is_refused_and_the_champion_stays(log):
    champion = flow_named("train-and-promote", "stub")()["version"]

    result = flow_named("train-and-promote", "stub")(**WEAK)

    assert result["verdict"] == "rejected"
    assert log.head("stub").version == champion


def test_a_source_that_does_not_fit_is_named_and_blocks_nothing(tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("texto,topic\nuno,a\n")

    with pytest.raises(SchemaError, match="'text' is missing"):
        flow_named("train", "stub")(source=str(wrong))

    assert flow_named("train", "stub")()["version"]


def test_every_model_in_one_run_tells_which_failed(monkeypatch, tmp_path):
    from flows import everything, train

    def one(model: str):
        return train.build("stub").with_options(name=model)

    run = everything.build("train", one, ["first", "second"])
    run()

    (tmp_path / "home" / "contender.toml").write_text("")
    with pytest.raises(everything.SomeFailed, match="first, second"):
        run()


def test_each_model_has_three_deployments_with_one_run_at_a_time():
    found = {f"{each.flow_name}/{each.name}": each for each in deployments(load_settings())}

    mine = {name: each for name, each in found.items() if name.endswith("/stub")}
    assert mine.keys() == {"train/stub", "promote/stub", "train-and-promote/stub"}
    for deployment in mine.values():
        assert deployment.tags == ["model:stub"]
        assert deployment.concurrency_limit == 1
        assert deployment.description
    assert "refresh-feed/feed" in found
    assert "train-and-promote-all/all" in found


def test_a_model_retrains_by_each_of_its_schedules_with_their_own_parameters():
    settings = load_settings()
    weekly = ScheduleSettings(cron="0 4 * * 0", params={"smoothing": 2.0})
    stub = settings.models["stub"].model_copy(
        update={"schedule": "0 2 * * *", "schedules": (weekly,)}
    )
    found = deployments(settings.model_copy(update={"models": {"stub": stub}}))

    by_name = {f"{each.flow_name}/{each.name}": each.schedules or [] for each in found}
    daily, sundays = by_name["train-and-promote/stub"]
    assert (daily.schedule.cron, daily.parameters) == ("0 2 * * *", {})
    assert (sundays.schedule.cron, sundays.parameters) == ("0 4 * * 0", {"smoothing": 2.0})
    assert by_name["train/stub"] == []
    assert "train/product_codes" not in by_name


def test_the_heartbeat_automation_is_made_once():
    asyncio.run(watch_heartbeats())
    asyncio.run(watch_heartbeats())

    with get_client(sync_client=True) as client:
        found = client.read_automations_by_name(AUTOMATION_NAME)
    assert len(found) == 1


def test_a_run_left_behind_by_a_killed_runner_is_closed_at_the_next_start():
    deployed = deployments(load_settings())[0].apply()
    with get_client(sync_client=True) as client:
        left = client.create_flow_run_from_deployment(deployed, state=Running())

        close_abandoned_runs()

        assert client.read_flow_run(left.id).state.is_crashed()
    assert close_abandoned_runs() == 0


def test_a_schedule_that_was_missed_is_skipped_and_a_coming_one_is_not():
    now = datetime.now(UTC)
    times = [now - timedelta(hours=2), now - timedelta(hours=1), now + timedelta(hours=1)]
    deployed = deployments(load_settings())[0].apply()
    with get_client(sync_client=True) as client:
        *missed, coming = (
            client.create_flow_run_from_deployment(
                deployed, state=Scheduled(scheduled_time=time), tags=["auto-scheduled"]
            )
            for time in times
        )

        assert skip_missed_runs(now, page=1) == len(missed)

        assert all(client.read_flow_run(run.id).state.is_cancelled() for run in missed)
        assert client.read_flow_run(coming.id).state.is_scheduled()


def test_a_demo_day_that_failed_begins_anew_and_one_that_was_over_does_not(home, log, monkeypatch):
    source = '{ url = "var/demo/product_codes.csv" }'
    (home / "contender.toml").write_text(f"[models.product_codes]\nsource = {source}\n")
    settings = load_settings()
    (day,) = [each for each in deployments(settings) if each.flow_name == "demo-day"]
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[day.apply()]))
    address = PREFECT_API_URL.value().removesuffix("/api")
    monkeypatch.setattr(first_run, "orchestration", lambda _settings: OrchestrationClient(address))
    champion = {"version": "1", "artifact_digest": "d", "becomes_champion": True}
    log.append(NewDecision("verdict", "product_codes", **champion))

    with get_client(sync_client=True) as client:

        def begun() -> list[FlowRun]:
            first_run.begin_demo_day(settings)
            return client.read_flow_runs(deployment_filter=wanted)

        (first,) = begun()
        assert [run.id for run in begun()] == [first.id]
        client.set_flow_run_state(first.id, Failed(), force=True)
        (second,) = [run for run in begun() if run.id != first.id]
        assert len(begun()) == 2
        client.set_flow_run_state(second.id, Completed(), force=True)
        assert len(begun()) == 2


def test_an_alarm_is_shown_and_asks_for_a_retraining_unless_one_was_just_done(
    log, store_of_answers
):
    flow_named("train-and-promote", "stub")()
    now = datetime.now(UTC)
    assert monitor.assess_champions()["stub"] == "too_few_answers"

    store_of_answers(now)
    assert monitor.assess_champions() == {"stub": "drifting"}

    limits = load_settings().models["stub"].monitoring
    assert "within 24 hours" in too_early(log, "stub", limits, now)
    assert too_early(log, "stub", limits, now + timedelta(days=2)) is None


def test_a_signals_event_starts_the_models_retraining_and_names_its_kind(log):
    (stub,) = [
        each
        for each in deployments(load_settings())
        if (each.flow_name, each.name) == ("train-and-promote", "stub")
    ]
    ids = {"stub": stub.apply()}
    for _ in range(2):  # a second start renews what the first has made
        asyncio.run(signals.retrain_on_signals(ids))
    automation = asyncio.run(Automation.aread(name="Retrain stub on a signal"))
    assert "contender.label-volume" in automation.trigger.expect
    (action,) = automation.actions
    assert action.deployment_id == ids["stub"]

    result = flow_named("train-and-promote", "stub")(requested_by="monitoring/label_volume")
    assert log.get(result["decision_id"]).record["trigger"]["kind"] == "label_volume"
