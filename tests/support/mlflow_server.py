"""A real MLflow tracking server as a child process, as the supervisor starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
from ports import free_port

READY_SECONDS = 300


class MlflowServer:
    """SQLite below it, one worker, artifacts through the proxy, no job execution."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Migrate the database once, start the server and wait until it answers."""
        database = f"sqlite:///{self.folder / 'mlflow.db'}"
        migrate = [sys.executable, "-m", "mlflow", "db", "upgrade", database]
        subprocess.run(migrate, check=True, env=_environment(), capture_output=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", database]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=_environment(), stdout=log, stderr=log, start_new_session=True
            )
        self._wait()

    def ensure_running(self) -> None:
        """Start again after a test has killed it."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._signal(signal.SIGTERM)

    def forget_models(self) -> None:
        """Delete every registered model, so that tests do not see one another's versions."""
        address = f"{self.url}/api/2.0/mlflow"
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            found = client.get("/registered-models/search", params={"max_results": 200}).json()
            for model in found.get("registered_models", []):
                client.request("DELETE", "/registered-models/delete", json={"name": model["name"]})

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(timeout=120)

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"MLflow did not start:\n{log[-2000:]}")


def _environment() -> dict[str, str]:
    own = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONSAFEPATH": "1",
    }
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | own
