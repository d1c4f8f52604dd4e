"""The servers that a user would run instead, each as its own documentation starts it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.environments import python_of
from benchmarks.serving.load import Request
from benchmarks.serving.plain import PlainForm
from benchmarks.serving.servers import Server, free_port
from pipelines.settings import Settings

SERVICES = Path(__file__).resolve().parent / "services"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "true",
    # It warns of every answer that the registered version was logged elsewhere.
    "PYTHONWARNINGS": "ignore",
}
BATCH, WAIT_SECONDS = 64, 0.002
Row = Mapping[str, object]


@dataclass(frozen=True)
class Peer:
    """One way to serve a model: how it is started, asked and read."""

    name: str
    form: str
    """Which form of the model: as registered, as fitted, or as a careful user writes it."""
    start: Callable[[], Server]
    """Raises `NotInstalled` where it cannot be had."""
    request: Callable[[Row], Request]
    label: Callable[[Any], object]
    """The label in an answer, to hold it against ours."""
    reload: str = ""
    """What is posted to load a version anew; empty where only a restart does."""


def registered(settings: Settings, model: str, read: Callable[[Any], object], logs: Path) -> Peer:
    """Return `mlflow models serve` of the registered champion, as it is."""
    uri = f"models:/{model}@champion"

    def start() -> Server:
        return _mlflow(uri, logs, {"MLFLOW_TRACKING_URI": settings.mlflow_url})

    def request(row: Row) -> Request:
        return _post("/invocations", {"dataframe_records": [row]})

    def label(answer: Any) -> object:
        return read(answer["predictions"][0])

    return Peer("mlflow models serve", "registered", start, request, label)


def of_texts(forms: Mapping[str, PlainForm], folder: Path) -> Iterator[Peer]:
    """Yield every server of a text model's plain forms."""
    logs = folder / "logs"
    for state, form in forms.items():
        uri = str(form.mlflow_folder)

        def start(uri: str = uri) -> Server:
            return _mlflow(uri, logs, {})

        yield Peer(
            "mlflow models serve",
            state,
            start,
            lambda row: _post("/invocations", {"inputs": [_text(row)]}),
            lambda answer: answer["predictions"][0],
        )
    careful = forms["careful"]
    for batch in (False, True):
        yield _mlserver(careful, folder, batch=batch)
        yield _bentoml(careful, folder, batch=batch)
        yield _litserve(careful, folder, batch=batch)


def _mlflow(uri: str, logs: Path, environment: Mapping[str, str]) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", uri]
    command += ["--env-manager", "local", "--workers", "1", "--host", "127.0.0.1"]
    return Server(
        [*command, "--port", str(port)],
        port=port,
        ready="/ping",
        log=logs / "mlflow-serve.log",
        environment={**QUIET, **_path(Path(sys.executable)), **environment},
        folder=logs.parent,
    )


def _mlserver(form: PlainForm, folder: Path, *, batch: bool) -> Peer:
    batching = {"max_batch_size": BATCH, "max_batch_time": WAIT_SECONDS} if batch else {}
    model = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(form.joblib_file)},
        **batching,
    }

    def start() -> Server:
        python = python_of("mlserver", folder)
        ports = {name: free_port() for name in ("http_port", "grpc_port", "metrics_port")}
        served = folder / "mlserver"
        served.mkdir(exist_ok=True)
        limits = {"host": "127.0.0.1", "parallel_workers": 1, "debug": False}
        (served / "settings.json").write_text(json.dumps({**ports, **limits}), encoding="utf-8")
        (served / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
        return Server(
            [str(python.parent / "mlserver"), "start", str(served)],
            port=ports["http_port"],
            ready="/v2/models/model/ready",
            log=folder / "logs" / "mlserver.log",
            environment={**QUIET, **_path(python)},
            folder=served,
        )

    def request(row: Row) -> Request:
        told = {
            "name": "text",
            "shape": [1],
            "datatype": "BYTES",
            "data": [_text(row)],
            "parameters": {"content_type": "str"},
        }
        return _post("/v2/models/model/infer", {"inputs": [told]})

    return Peer(
        "MLServer, adaptive batching" if batch else "MLServer",
        "careful",
        start,
        request,
        lambda answer: answer["outputs"][0]["data"][0],
        reload="/v2/repository/models/model/load",
    )


def _bentoml(form: PlainForm, folder: Path, *, batch: bool) -> Peer:
    def start() -> Server:
        python, port = python_of("bentoml", folder), free_port()
        command = [str(python.parent / "bentoml"), "serve", "bento_service:Service"]
        return Server(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            port=port,
            ready="/readyz",
            log=folder / "logs" / "bentoml.log",
            environment={
                **QUIET,
                **_path(python),
                "MODEL": str(form.joblib_file),
                "BATCH": str(int(batch)),
                "BENTOML_HOME": str(folder / "bentoml"),
            },
            folder=SERVICES,
        )

    return Peer(
        "BentoML, adaptive batching" if batch else "BentoML",
        "careful",
        start,
        lambda row: _post("/predict", {"texts": [_text(row)]} if batch else {"text": _text(row)}),
        lambda answer: answer[0] if batch else answer,
    )


def _litserve(form: PlainForm, folder: Path, *, batch: bool) -> Peer:
    def start() -> Server:
        python, port = python_of("litserve", folder), free_port()
        chosen = {"MODEL": str(form.joblib_file), "BATCH": str(int(batch)), "PORT": str(port)}
        return Server(
            [str(python), str(SERVICES / "lit_service.py")],
            port=port,
            ready="/health",
            log=folder / "logs" / "litserve.log",
            environment={**QUIET, **_path(python), **chosen},
            folder=folder,
        )

    return Peer(
        "LitServe, batching" if batch else "LitServe",
        "careful",
        start,
        lambda row: _post("/predict", {"text": _text(row)}),
        lambda answer: answer["label"],
    )


def _path(python: Path) -> dict[str, str]:
    """Return what an activated environment sets: these servers look for programs beside Python."""
    return {"PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _text(row: Row) -> str:
    return str(next(iter(row.values())))


def _post(path: str, document: object) -> Request:
    return Request("POST", path, json.dumps(document, ensure_ascii=False))


def labels(peer: Peer, samples: Mapping[str, str]) -> Sequence[tuple[int, str]]:
    """Return the labels of sampled answers, each with the place of its request."""
    found = []
    for place, text in samples.items():
        try:
            said = json.loads(text)
        except ValueError:
            said = text  # a bare word is a whole answer to some
        found.append((int(place), str(peer.label(said))))
    return found
