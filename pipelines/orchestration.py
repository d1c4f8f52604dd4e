"""Starting and watching flow runs over Prefect's REST interface, without importing Prefect."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType

import httpx

RETRAIN_FLOW = "train-and-promote"
FINAL_STATES = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.2
IMPATIENT_SECONDS = 2.0

Document = Mapping[str, object]


class OrchestrationUnavailable(ConnectionError):
    """Prefect does not answer; the message names its address."""


class OrchestrationRefused(RuntimeError):
    """Prefect answered that this cannot be done; the message holds its reason."""


class UnknownDeployment(LookupError):
    """No flow is deployed under that name, so nobody would run it."""


@dataclass(frozen=True)
class FlowRun:
    """One run of a flow as Prefect sees it. `url` is its page."""

    id: str
    name: str
    url: str
    state: str
    """Prefect's state type: SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, ..."""
    message: str = ""

    @property
    def ended(self) -> bool:
        """Whether this run will change no more."""
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class Form:
    """What a deployed flow may be told; `url` is the deployment's page."""

    parameters: Document
    """JSON Schema."""
    values: Document
    """What the deployment uses where nothing else is said."""
    url: str


@dataclass(frozen=True)
class RunProgress:
    """How far a run says it is: 0 to 1, and what it is doing."""

    share: float
    step: str


def model_tag(model: str) -> str:
    """Return the tag that every flow run about a model carries."""
    return f"model:{model}"


class OrchestrationClient:
    """A Prefect server, by its address without `/api`, and by `login` where it wants one.

    `pages` is where people's browsers find it, if elsewhere. Every call retries a busy server
    (503 happens on SQLite) and one that is just starting.
    """

    def __init__(
        self,
        prefect_url: str,
        timeout_seconds: float = 10.0,
        *,
        login: tuple[str, str] | None = None,
        pages: str | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = prefect_url.rstrip("/")
        self._pages = (pages or prefect_url).rstrip("/")
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=f"{self._url}/api/",
            timeout=timeout_seconds,
            auth=login,
            transport=transport,
            trust_env=False,
        )

    def __enter__(self) -> OrchestrationClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    def start(
        self,
        model: str,
        params: Mapping[str, object],
        *,
        actor: str,
        reason: str,
        idempotency_key: str | None = None,
        flow: str = RETRAIN_FLOW,
    ) -> FlowRun:
        """Ask for a run of `flow` for a model; `params` are the flow's own parameters.

        Two calls with one idempotency key start one run. Raises `UnknownDeployment`,
        `OrchestrationRefused` or `OrchestrationUnavailable`.
        """
        body: dict[str, object] = {
            "parameters": {**params, "requested_by": actor, "reason": reason},
            "state": {"type": "SCHEDULED"},
            "tags": [model_tag(model)],
            # Always one: a repeated call, after an answer that was lost, must not start two runs.
            "idempotency_key": idempotency_key or uuid.uuid4().hex,
        }
        deployment = self._deployment(flow, model)["id"]
        return self._flow_run(self._post(f"deployments/{deployment}/create_flow_run", body))

    def running(self, model: str) -> FlowRun | None:
        """Return the oldest run about this model that is due, waiting or running, if any."""
        body = {
            "flow_runs": {"tags": {"all_": [model_tag(model)]}, **_unfinished()},
            "sort": "EXPECTED_START_TIME_ASC",
            "limit": 1,
        }
        found = self._post_list("flow_runs/filter", body)
        return self._flow_run(found[0]) if found else None

    def under_way(self) -> dict[str, FlowRun]:
        """Return the run under way of each model that has one, asked once and without patience.

        Raises `OrchestrationUnavailable` or `OrchestrationRefused`.
        """
        body = {"flow_runs": _unfinished(), "sort": "EXPECTED_START_TIME_DESC", "limit": 200}
        runs = self._glance("flow_runs/filter", body)
        return {model: self._flow_run(run) for run in runs for model in _models(run)}

    def form(self, model: str, flow: str = RETRAIN_FLOW) -> Form:
        """Return what a run of `flow` may be told. Raises what `start` raises."""
        deployment = self._deployment(flow, model)
        known = deployment.get("parameter_openapi_schema"), deployment.get("parameters")
        schema, values = (each if isinstance(each, dict) else {} for each in known)
        page = f"{self._pages}/deployments/deployment/{deployment['id']}"
        return Form(schema, values, page)

    def get(self, run_id: str) -> FlowRun:
        """Return one run as it stands now."""
        return self._flow_run(_object(self._call("GET", f"flow_runs/{run_id}")))

    def progress(self, run_id: str, *, patient: bool = True) -> RunProgress | None:
        """Return the progress that a run last reported, or None before its first word."""
        ask = self._post_list if patient else self._glance
        body = {
            "artifacts": {
                "flow_run_id": {"any_": [run_id]},
                "type": {"any_": ["progress"]},
            },
            "limit": 1,
        }
        found = ask("artifacts/filter", body)
        if not found:
            return None
        share = found[0].get("data")
        percent = float(share) if isinstance(share, int | float) else 0.0
        return RunProgress(percent / 100, str(found[0].get("description") or ""))

    def ready(self) -> bool:
        """Return whether the server answers, at once and without retrying."""
        try:
            return self._http.get("health").is_success
        except httpx.HTTPError:
            return False

    def _deployment(self, flow: str, model: str) -> Document:
        response = self._send("GET", f"deployments/name/{flow}/{model}", None)
        if response.status_code == httpx.codes.NOT_FOUND:
            raise UnknownDeployment(
                f"{flow}/{model} is not deployed; is the flow runner up? see `contender status`"
            )
        return _object(_checked(response))

    def _flow_run(self, document: Document) -> FlowRun:
        state = document.get("state")
        known = state if isinstance(state, Mapping) else {}
        return FlowRun(
            id=str(document["id"]),
            name=str(document["name"]),
            url=f"{self._pages}/runs/flow-run/{document['id']}",
            state=str(document.get("state_type") or known.get("type") or "UNKNOWN"),
            message=str(known.get("message") or ""),
        )

    def _post(self, path: str, body: Document) -> Document:
        return _object(self._call("POST", path, body))

    def _post_list(self, path: str, body: Document) -> list[Document]:
        found = self._call("POST", path, body)
        return [_object(item) for item in found] if isinstance(found, list) else []

    def _glance(self, path: str, body: Document) -> list[Document]:
        try:
            response = self._http.post(path, json=body, timeout=IMPATIENT_SECONDS)
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise OrchestrationUnavailable(f"Prefect at {self._url} is away: {why}") from error
        found = _checked(response)
        return [_object(each) for each in found] if isinstance(found, list) else []

    def _call(self, method: str, path: str, body: Document | None = None) -> object:
        return _checked(self._send(method, path, body))

    def _send(self, method: str, path: str, body: Document | None) -> httpx.Response:
        pause = FIRST_PAUSE_SECONDS
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(pause)
                pause *= 2
            try:
                response = self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                why = str(error) or type(error).__name__
                continue
            if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return response
            why = "it is busy (503)"
        raise OrchestrationUnavailable(f"Prefect at {self._url} does not answer: {why}")


def _unfinished() -> Document:
    """Return the filter for runs that are due, waiting or running."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    return {
        "state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]}},
        "expected_start_time": {"before_": soon.isoformat()},
    }


def _models(run: Document) -> list[str]:
    tags, prefix = run.get("tags"), model_tag("")
    named = [str(tag) for tag in tags] if isinstance(tags, list) else []
    return [tag.removeprefix(prefix) for tag in named if tag.startswith(prefix)]


def _checked(response: httpx.Response) -> object:
    if response.is_error:
        detail = response.text[:500]
        raise OrchestrationRefused(f"Prefect answered {response.status_code}: {detail}")
    found: object = response.json()
    return found


def _object(value: object) -> Document:
    if not isinstance(value, dict):
        raise OrchestrationRefused(f"Prefect answered with {type(value).__name__}, not an object")
    return value
