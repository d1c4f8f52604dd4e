"""A Prefect server small enough to read: deployments, flow runs, progress, and bad days."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import httpx


@dataclass
class FakePrefect:
    """Answers as Prefect does; `busy` is how many of the next calls get a 503."""

    deployments: dict[str, str] = field(default_factory=dict)
    runs: list[dict] = field(default_factory=list)
    progress: dict[str, tuple[float, str]] = field(default_factory=dict)
    busy: int = 0
    cut_after_create: bool = False

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.busy:
            self.busy -= 1
            return httpx.Response(503)
        path = request.url.path.removeprefix("/api/")
        body = json.loads(request.content) if request.content else {}
        if path.startswith("deployments/name/"):
            return self._deployment(path.removeprefix("deployments/name/"))
        if path.endswith("/create_flow_run"):
            return self._create(path.split("/")[1], body)
        if path == "flow_runs/filter":
            return self._filter(body["flow_runs"])
        if path.startswith("flow_runs/"):
            return httpx.Response(200, json=self._run(path.split("/")[1]))
        return httpx.Response(200, json=self._artifacts(body) if "artifacts" in path else True)

    def _artifacts(self, body: dict) -> list[dict]:
        wanted = body["artifacts"]["flow_run_id"]["any_"]
        known = [self.progress[run] for run in wanted if run in self.progress]
        return [{"data": share, "description": step} for share, step in known]

    def _deployment(self, name: str) -> httpx.Response:
        if name not in self.deployments:
            return httpx.Response(404, json={"detail": "Deployment not found"})
        schema = {"properties": {"trees": {"type": "integer", "default": 200}}}
        form = {"parameter_openapi_schema": schema, "parameters": {"trees": 300}}
        return httpx.Response(200, json={"id": self.deployments[name], **form})

    def _create(self, deployment: str, body: dict) -> httpx.Response:
        if body["parameters"].get("trees") == -1:
            return httpx.Response(409, json={"detail": "trees: -1 is less than the minimum of 1"})
        key = body["idempotency_key"]
        run = next((run for run in self.runs if run["idempotency_key"] == key), None)
        if run is None:
            number = len(self.runs) + 1
            state = {"type": "SCHEDULED", "message": None}
            identity = {"id": f"run-{number}", "name": f"wise-owl-{number}", "state": state}
            run = {**identity, "state_type": "SCHEDULED", "deployment_id": deployment, **body}
            run.update(identity)
            self.runs.append(run)
        if self.cut_after_create:
            self.cut_after_create = False
            raise httpx.ReadTimeout("the answer was lost")
        return httpx.Response(201, json=run)

    def _filter(self, wanted: dict) -> httpx.Response:
        tags = set(wanted.get("tags", {}).get("all_", ()))
        states = wanted["state"]["type"]["any_"]
        found = [
            run for run in self.runs if tags <= set(run["tags"]) and run["state_type"] in states
        ]
        return httpx.Response(200, json=found[:1] if tags else found)

    def _run(self, identity: str) -> dict:
        return next(run for run in self.runs if run["id"] == identity)
