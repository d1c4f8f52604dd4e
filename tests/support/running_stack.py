"""A whole stack of real services, as its operator sees it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from ports import free_port

from cli import processes, stack
from pipelines.settings import load_settings

SETTINGS = """
# Weak on purpose, so that there is something to be gained, and quick to fit.
[models.product_categories]
source = { url = "var/demo/product_categories.csv" }
[models.product_categories.params]
algorithm = "linear_svm"
character_run = 0
opening_run = 0
minimum_texts = 20
svm_c = 0.01

[models.product_codes]
source = { url = "var/demo/product_codes.csv" }
[models.product_codes.params]
word_run = 1
character_run = 0
opening_run = 0
epochs = 1
minimum_texts = 5
alpha = 0.001

[models.product_recommendations]
source = { url = "var/demo/product_recommendations.csv" }
params = { ratings = "means", lists = "als", list_factors = 4 }

[models.fashion_recommendations]
source = { url = "var/demo/fashion/reviews.csv" }
params = { words = false, folds = 2, epochs = 8 }
# The demo shop's 240 test customers cannot show lists not worse within one point.
policy = { non_inferiority_margin = 0.05 }

[models.demand_forecast]
source = { url = "var/demo/demand_forecast.csv" }
params = { algorithm = "seasonal_mean" }

[feed]
url = "var/demo/orders.jsonl"

# No simulated customers: a test says itself what happens.
[demo]
day = false
"""


@dataclass(frozen=True)
class Stack:
    """A running stack and how to talk to it."""

    home: Path
    ports: dict[str, int]
    said: str
    with_stub: bool = False
    """Whether the stub family of the tests is among its families."""

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.ports['api']}"

    @property
    def mlflow(self) -> str:
        return f"http://127.0.0.1:{self.ports['mlflow']}"

    @property
    def prefect(self) -> str:
        return f"http://127.0.0.1:{self.ports['prefect']}"

    @property
    def state(self) -> dict:
        return json.loads((self.home / "var" / "run" / "stack.json").read_text())

    def service(self, name: str) -> dict:
        return next(service for service in self.state["services"] if service["name"] == name)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return contender(self.home, self.ports, *arguments, check=check, with_stub=self.with_stub)

    def json(self, *arguments: str):
        return json.loads(self.command(*arguments, "--json").stdout)

    def champion(self, model: str) -> str | None:
        """Return the version that the API answers with, if there is one."""
        found = httpx.get(f"{self.api}/v1/models/{model}", timeout=60, trust_env=False).json()
        return found["champion"]["version"] if found["champion"] else None


def contender(
    home: Path,
    ports: dict[str, int],
    *arguments: str,
    check: bool = True,
    with_stub: bool = False,
) -> subprocess.CompletedProcess:
    chosen = {f"CONTENDER_PORT_{name.upper()}": str(port) for name, port in ports.items()}
    environment = {**os.environ, "CONTENDER_HOME": str(home), "PYTHONSAFEPATH": "1", **chosen}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if not with_stub:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if check and done.returncode:
        logs = "\n".join(tail(path) for path in (home / "var" / "logs").glob("*.log"))
        raise AssertionError(f"contender {arguments}: {done.stderr[-2000:]}\n{logs}")
    return done


def tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"== {log.name}", *lines[-8:]])


def free_ports() -> dict[str, int]:
    return {service: free_port() for service in ("api", "mlflow", "prefect")}


def processes_of(home: Path) -> list:
    """Return what runs of the stack of that home, whoever its parent is."""
    return processes.marked(stack.stack_id(load_settings({"CONTENDER_HOME": str(home)})))
