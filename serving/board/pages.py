"""Where the pages of MLflow and Prefect are that belong to what the console shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Pages:
    """Addresses of the other two user interfaces of the stack."""

    mlflow: str
    prefect: str

    def model(self, name: str) -> str:
        """Return the page of a registered model."""
        return f"{self._mlflow}/#/models/{quote(name, safe='')}"

    def version(self, name: str, version: str) -> str:
        """Return the page of a registered version."""
        return f"{self.model(name)}/versions/{quote(version, safe='')}"

    def flow_run(self, run_id: str) -> str:
        """Return the page of a flow run."""
        return f"{self.prefect.rstrip('/')}/runs/flow-run/{quote(run_id, safe='')}"

    @property
    def _mlflow(self) -> str:
        return self.mlflow.rstrip("/")
