"""Dashboard and alert rules ask for what the server exports, by labels that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from promql import NotUnderstood, asked

from pipelines import assessments
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import Asked
from pipelines.label_requests.queue import LabelRequest, publish
from pipelines.orders.confirmed_orders import ConfirmedOrders, OrderedLine
from serving.metrics.telemetry import Telemetry
from serving.observability.store_figures import StoreFigures
from serving.remote import figures
from serving.remote.figures import QueueFigures, RemoteFigures

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "docker" / "grafana" / "contender-dashboard.json"
ALERTS = ROOT / "docker" / "prometheus" / "alerts.yml"
PROMETHEUS = ROOT / "docker" / "prometheus" / "prometheus.yml"
PAGE = ROOT / "docs" / "observability.md"
SCRAPED = {"instance", "job", "pid"}
"""Labels of Prometheus itself, and of gauges that each of several workers has of his own."""
GROWING = ("_total", "_bucket", "_sum", "_count")
MODEL = "codes"


@pytest.fixture
def exported(make_settings, store, tmp_path, monkeypatch) -> dict[str, set[str]]:
    """Return the labels of every series that a server exports about which all is to be told."""
    registry = CollectorRegistry()
    settings = make_settings(models={MODEL: {"source": {"url": "rows.csv"}}})
    everything_happens(store, settings.var, tmp_path)
    queues = [QueueFigures(MODEL, "1", 3, 1, 2)]
    monkeypatch.setattr(figures, "read", lambda _redis: (queues, {MODEL: 1}))
    registry.register(StoreFigures(settings, store))
    registry.register(RemoteFigures(None))
    collected = [*registry.collect(), *busy_telemetry().registry.collect()]
    labels: dict[str, set[str]] = {"up": {"job", "instance"}}
    for family in collected:
        assert family.samples, f"{family.name} has nothing to tell: let it happen in this test"
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


@pytest.fixture
def shared(exported) -> set[str]:
    """Return what is read from the store, the home or Redis, and not counted by one server."""
    counted = busy_telemetry().registry.collect()
    return exported.keys() - {sample.name for family in counted for sample in family.samples}


def busy_telemetry() -> Telemetry:
    telemetry = Telemetry()
    telemetry.looked(True)
    telemetry.swaps.labels(MODEL, "swapped").inc()
    telemetry.generation.labels(MODEL).set(1)
    meter = telemetry.queues.of(MODEL, "1")
    meter.called(3, 1)
    meter.dropped("full", 1)
    telemetry.tallies.answered(MODEL, "1", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telemetry.tallies, "_awaited", True)  # no event loop hands over here
        telemetry.tallies.handled("POST", "/v1/models/{name}/predict", 200, 0.001, MODEL)
    telemetry.tallies.hand_over()
    return telemetry


def everything_happens(store, var: Path, tmp_path: Path) -> None:
    log = DecisionLog(store, tmp_path / "predictions")
    log.append(
        NewDecision("verdict", MODEL, version="1", artifact_digest="d", becomes_champion=True)
    )
    publish(store, "d1", [LabelRequest("d1", 0, MODEL, "clavo", "agree", 1.0, {})])
    line = OrderedLine("l1", "martillo", 2.0, "A", None, None, None)
    ConfirmedOrders(store).confirm("m1", [line], reviewer="ana", deliver=True)
    JobQueue(store).submit("j1", Asked(MODEL, "csv", "csv"))
    until = datetime.now(UTC).isoformat()
    checks = [{"name": "drift", "value": 0.4, "limit": 0.2, "passed": False}]
    assessments.keep(var, MODEL, until, {"until": until, "verdict": "failing", "checks": checks})


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def panels() -> list[dict]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def panel_expressions() -> Iterator[tuple[str, str]]:
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(
                r"label_values\((\w+), (\w+)\)", variable["definition"]
            ).groups()
            yield variable["name"], f"max by ({label}) ({metric})"


def rules() -> list[dict]:
    document = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def check(expression: str, exported: dict[str, set[str]]) -> None:
    found = asked(expression)
    names = {selector.metric for selector in found.selectors}
    assert names, f"asks for nothing: {expression}"
    assert not names - exported.keys(), f"nobody exports {names - exported.keys()}: {expression}"
    for selector in found.selectors:
        unknown = selector.labels - exported[selector.metric] - SCRAPED
        assert not unknown, f"{selector.metric} has no label {unknown}: {expression}"
    known = set().union(*(exported[name] for name in names)) | SCRAPED
    assert not found.grouped - known, f"no label {found.grouped - known}: {expression}"
    counters = [name for name in names if name.endswith(GROWING)]
    for selector in found.selectors:
        # A gauge goes down as well: its rate takes each fall for a restart.
        assert not selector.ranged or selector.metric.endswith(GROWING), expression
    if counters and not found.functions & {"rate", "increase"}:
        # What only grows says something by how fast; these are told as they stand, on purpose.
        assert set(counters) <= {"contender_decisions_total", "contender_champion_changes_total"}


@pytest.mark.parametrize(("title", "expression"), list(panel_expressions()))
def test_a_panel_asks_for_what_is_exported(title, expression, exported):
    check(expression, exported)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_exported_and_says_what_to_do(rule, exported):
    check(rule["expr"], exported)
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    page, _, section = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert section in {heading.lower() for heading in headings}
    for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
        assert label in asked(rule["expr"]).grouped


@pytest.mark.parametrize(
    "expression", [*(each for _, each in panel_expressions()), *(rule["expr"] for rule in rules())]
)
def test_what_every_server_says_of_one_store_or_redis_is_not_added_up(expression, shared):
    # By instance it is one server's; whatever is done to a maximum, it is counted once.
    inner = r"(\w+)\s*(?:by \(([^)]*)\))?\s*\((?:rate|increase)?\(?(contender_\w+)"
    added = [
        name
        for how, labels, name in re.findall(inner, expression)
        if name in shared and how in {"sum", "avg", "count"} and "instance" not in labels
    ]
    assert added == []


def test_the_page_names_every_figure_that_is_exported(exported):
    text = PAGE.read_text(encoding="utf-8")
    ours = [name for name in exported if name != "up" and not name.endswith("_created")]
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}

    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_alert_has_a_name_of_its_own():
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)


def test_panels_have_a_place_of_their_own_and_say_what_they_show():
    found = dashboard()["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        cells = {
            (grid["x"] + dx, grid["y"] + dy) for dx in range(grid["w"]) for dy in range(grid["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert all(panel["description"] and panel["targets"] for panel in panels())
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels())


def test_prometheus_reads_these_rules_and_shows_a_key_of_a_file():
    document = yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))
    (scrape,) = document["scrape_configs"]

    assert [Path(file).name for file in document["rule_files"]] == [ALERTS.name]
    assert scrape["metrics_path"] == "/metrics"
    assert list(scrape["authorization"]) == ["type", "credentials_file"]


def test_what_the_compose_file_mounts_is_there():
    folder = ROOT / "docker"
    document = yaml.safe_load((folder / "observability.yaml").read_text(encoding="utf-8"))
    mounts = [mount for service in document["services"].values() for mount in service["volumes"]]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]

    assert {(folder / "grafana" / "contender-dashboard.json")} < {folder / file for file in files}
    assert all((folder / file).exists() for file in files)
    assert all(
        service["read_only"] and service["user"] for service in document["services"].values()
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "contender_requests_totall",
        'sum by (route) (rate(contender_predictions_total{model="a"}[5m]))',
        'contender_jobs{status="queued"}',
        "sum(contender_requests_total)",
        "max(increase(contender_jobs[1h]))",
    ],
)
def test_an_expression_that_shows_nothing_would_be_noticed(wrong, exported):
    with pytest.raises(AssertionError):
        check(wrong, exported)


@pytest.mark.parametrize(
    "broken",
    [
        "sum(up",
        "sum(up))",
        "summ(up)",
        'up{job="a"',
        "rate(up[5 minutes])",
        "up{job=a}",
        "up ; up",
        "up offset",
        "up 2d",
    ],
)
def test_an_expression_that_is_none_would_be_noticed(broken):
    with pytest.raises(NotUnderstood):
        asked(broken)
