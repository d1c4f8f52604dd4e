"""Traces: off and unloaded unless a collector is named, and then whole, from request to log."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
from asgi_client import AppClient
from log_lines import listening
from served_app import ServedApp
from serving_stage import MODEL, Stage
from span_collector import SpanCollector

from pipelines.observability import spans
from pipelines.observability.context import current
from pipelines.observability_settings import TracesSettings
from pipelines.settings import Settings
from serving.hot.wire import HotProtocol
from serving.slots.slots import Slots
from serving.tracing.sampling import Sampling

PREDICT = f"/v1/models/{MODEL}/predict"
BODY = {"instances": [{"text": "a"}]}
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
WANTED = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
UNWANTED = {"traceparent": f"00-{TRACE}-{SPAN}-00"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpanCollector]:
    # A collector that is slow with everything else is none that is away.
    monkeypatch.setattr("pipelines.observability.otlp.TIMEOUT_SECONDS", 60.0)
    with SpanCollector() as collector:
        yield collector


@pytest.fixture
def make_stage(make_settings: Callable[..., Settings]) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(**traces: object) -> Stage:
        models = {MODEL: {"source": {"url": "rows.csv"}}}
        made.append(Stage(make_settings(models=models, traces=traces)))
        made[0].promote("1", "pintura")
        return made[0]

    yield make
    for stage in made:
        stage.close()


def test_a_request_is_traced_from_its_caller_over_the_model_to_the_log(make_stage, collector):
    with AppClient(make_stage(url=collector.url, share=0).app()) as client:
        answer = client.post(PREDICT, json=BODY, headers=WANTED)

    by_name = {span.name: span for span in collector.spans()}
    request = by_name["POST /v1/models/{name}/predict"]
    assert set(by_name) == {request.name, "model", "log"}
    assert {span.trace_id for span in by_name.values()} == {TRACE}
    assert request.parent == SPAN
    assert by_name["model"].parent == by_name["log"].parent == request.span_id
    assert request.service == "contender-api"
    assert request.facts == {
        "http.request.method": "POST",
        "http.route": "/v1/models/{name}/predict",
        "http.response.status_code": 200,
        "contender.request_id": answer.headers["X-Request-Id"],
        "contender.model": MODEL,
        "contender.version": "1",
        "contender.decision_id": answer.json()["model"]["decision_id"],
        "contender.generation": 1,
    }
    assert by_name["model"].facts["contender.instances"] == 1


def test_one_that_fails_says_so_and_its_log_line_names_the_trace(
    make_stage, collector, monkeypatch
):
    def failing(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(Slots, "acquire", failing)
    with (
        listening() as lines,
        AppClient(make_stage(url=collector.url, share=1).app()) as client,
    ):
        assert client.post(PREDICT, json=BODY).status_code == 500

    (request,) = collector.spans()
    (line,) = lines.of("serving.access")
    assert (line["trace_id"], line["span_id"]) == (request.trace_id, request.span_id)
    assert request.failed
    assert request.parent == ""
    assert request.facts["http.response.status_code"] == 500


def test_a_caller_who_does_not_want_to_be_traced_is_not(make_stage, collector):
    with AppClient(make_stage(url=collector.url, share=1).app()) as client:
        assert client.post(PREDICT, json=BODY, headers=UNWANTED).status_code == 200
        assert client.get("/livez").status_code == 200

    assert [span.name for span in collector.spans()] == ["GET /livez"]


def test_connections_trace_as_many_as_they_should_and_answer_the_others_by_themselves(
    make_stage, collector, monkeypatch
):
    quick: list[str] = []
    answer = Slots.answer_together

    def noted(slots, model, asked):
        quick.extend(each.request_id for each in asked)
        return answer(slots, model, asked)

    monkeypatch.setattr(Slots, "answer_together", noted)
    with ServedApp(make_stage(url=collector.url, share=0).app(), http=HotProtocol) as served:
        connection = HTTPConnection(served.host, served.port, timeout=30)
        for name, headers in (("a", {}), ("b", WANTED), ("c", UNWANTED), ("d", {})):
            told = {"Content-Type": "application/json", "X-Request-Id": name} | headers
            connection.request("POST", PREDICT, json.dumps(BODY), told)
            assert connection.getresponse().read()
        connection.close()

    assert quick == ["a", "c", "d"]
    (request,) = collector.spans("POST /v1/models/{name}/predict")
    assert request.facts["contender.request_id"] == "b"
    assert len(collector.spans()) == 3


@pytest.mark.parametrize(
    ("traceparent", "share", "wanted"),
    [
        (None, 0.5, True),
        (None, 0.4, False),
        (WANTED["traceparent"], 0.0, True),
        (UNWANTED["traceparent"], 1.0, False),
        ("00-short-01", 1.0, True),
        (f"00-{TRACE}-{SPAN}-zz", 0.0, False),
        ("x" * 60, 1.0, True),
    ],
)
def test_the_caller_decides_and_otherwise_chance(traceparent, share, wanted):
    headers = [(b"accept", b"*/*")]
    if traceparent is not None:
        headers.append((b"traceparent", traceparent.encode()))

    assert Sampling(share, draw=lambda: 0.45).wants(headers) is wanted


@pytest.mark.parametrize(
    "malformed", ["", "00-", "x" * 60, f"ff-{TRACE}-{SPAN}-01", "00-" + "0" * 52]
)
def test_a_malformed_trace_is_answered_and_begins_a_new_one(make_stage, collector, malformed):
    with AppClient(make_stage(url=collector.url, share=1).app()) as client:
        told = {"traceparent": malformed, "tracestate": "=,=;\x7f" * 100}
        client.get("/livez", headers=told)

    assert all(span.trace_id != "0" * 32 for span in collector.spans())


def test_a_collector_that_is_away_or_refuses_keeps_nobody_waiting(make_stage, caplog):
    caplog.set_level(logging.CRITICAL, "opentelemetry")
    with SpanCollector(status=400) as refusing:
        stage = make_stage(url=refusing.url, share=1)
        with AppClient(stage.app()) as client:
            answers = [client.post(PREDICT, json=BODY).status_code for _ in range(5)]

    assert answers == [200] * 5


def test_a_run_is_traced_step_by_step_and_its_lines_name_the_trace(collector):
    @spans.step("load")
    def load(rows: int) -> int:
        return rows

    @spans.step("fit")
    def fit() -> None:
        raise ValueError("no rows")

    def run() -> None:
        with spans.traced_run(TracesSettings(url=collector.url), "flows", "train", model="stub"):
            named.append(current()["trace_id"])
            assert load(3) == 3
            fit()

    named: list[object] = []
    with pytest.raises(ValueError, match="no rows"):
        run()

    found = {span.name: span for span in collector.spans()}
    assert set(found) == {"train", "load", "fit"}
    assert found["load"].parent == found["fit"].parent == found["train"].span_id
    assert {span.trace_id for span in found.values()} == set(named)
    assert found["train"].service == "contender-flows"
    assert found["train"].facts["contender.model"] == "stub"
    assert [found[name].failed for name in ("load", "fit", "train")] == [False, True, True]
    assert "trace_id" not in current()


def test_what_a_span_says_of_a_failure_holds_no_secret(collector):
    @spans.step("load")
    def load() -> None:
        raise OSError("cannot reach postgresql://ana:hunter2@db/shop")

    with (
        pytest.raises(OSError, match="cannot reach"),
        spans.traced_run(TracesSettings(url=collector.url), "flows", "train"),
    ):
        load()

    found = collector.spans()
    assert [span.name for span in found] == ["load", "train"]
    for span in found:
        assert span.failed
        assert "OSError" in span.whole
        assert "cannot reach postgresql://ana:***@db/shop" in span.whole
        assert "hunter2" not in span.whole


def test_where_traces_are_off_a_step_is_only_a_call(collector):
    @spans.step("load")
    def load() -> dict[str, object]:
        return dict(current())

    with spans.traced_run(TracesSettings(), "flows", "train"):
        assert load() == {}
    assert collector.spans() == []


def test_nothing_that_sends_spans_is_loaded_where_traces_are_off(home):
    # FastAPI brings the names of OpenTelemetry along, and they do nothing.
    (home / "contender.toml").write_text("[ports]\nmlflow = 1\nprefect = 2\n")
    script = (
        "import os, sys; os.environ['CONTENDER_HOME'] = sys.argv[1];"
        "from serving import composition; composition.build();"
        "sending = ('opentelemetry.sdk', 'opentelemetry.exporter', 'pipelines.observability.otlp');"
        "print(*[name for name in sys.modules if name.startswith(sending)])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


def test_without_the_library_that_is_said_and_everything_goes_on(make_stage, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.delitem(sys.modules, "pipelines.observability.otlp", raising=False)
    with AppClient(make_stage(url="http://127.0.0.1:9/v1/traces", share=1).app()) as client:
        assert client.post(PREDICT, json=BODY).status_code == 200

    assert "no traces are sent" in caplog.text
