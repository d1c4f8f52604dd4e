"""The stack of docker/compose.yaml, really built and really running, as its operator sees it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from container_engine import CERTIFICATES, Engine
from running_stack import free_ports

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
FILES = Path(__file__).parent / "containers"
IMAGES = ("mlflow", "prefect", "worker", "api", "model-worker", "trainer")
PROJECT = "contender-test"
SETTINGS = """
[models.product_categories]
source = { url = "var/demo/product_categories.csv" }
params = { algorithm = "linear_svm", character_run = 0, opening_run = 0, minimum_texts = 20 }

[models.product_codes]
source = { url = "var/demo/product_codes.csv" }
params = { word_run = 1, character_run = 0, opening_run = 0, epochs = 1, minimum_texts = 5 }

# Through Redis, to the container of the model worker; the other is answered by the API itself.
[workers]
models = ["product_categories"]

[demo]
day = false
"""


def build_images(engine: Engine) -> None:
    """Build every image of the stack, and what stands in for those from a registry.

    Two at a time: half of a build is waiting for the disk and the network.
    """
    engine.make_base("localhost/base:test")
    base = {"BASE": "localhost/base:test"}
    with TemporaryDirectory() as folder:
        node = Path(folder)
        shutil.copy2(str(shutil.which("node")), node / "node")
        npm = Path(str(shutil.which("npm"))).resolve().parents[1]
        shutil.copytree(npm, node / "npm", symlinks=True)
        engine.build(FILES / "node.Containerfile", node, "localhost/node:test", base)

    def servers() -> None:
        for name in ("postgres", "redis"):
            file = FILES / f"{name}.Containerfile"
            engine.build(file, FILES, f"localhost/{name}:test", base)
        for name in ("prefect", "worker", "mlflow"):
            _build(engine, name)

    def ours() -> None:
        for name in ("api", "model-worker", "trainer"):
            _build(engine, name)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(servers), pool.submit(ours)]:
            done.result()


def _build(engine: Engine, name: str) -> None:
    arguments = {
        "PYTHON_IMAGE": "localhost/base:test",
        "NODE_IMAGE": "localhost/node:test",
        "NODE_EXTRA_CA_CERTS": str(CERTIFICATES) if CERTIFICATES.exists() else "",
        # The two models of the test learn with what the package always brings.
        "EXTRAS": "model_workers",
    }
    tag = f"localhost/contender-{name}:test"
    engine.build(DOCKER / "Dockerfile", ROOT, tag, arguments, target=name)


class ComposedStack:
    """A running stack; its folder holds a copy of the compose file, secrets and settings."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.ports = free_ports()
        shutil.copytree(DOCKER, folder, ignore=shutil.ignore_patterns("secrets", "kubernetes"))
        subprocess.run([folder / "make-secrets"], check=True)
        (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        images = {
            "POSTGRES_IMAGE": "localhost/postgres:test",
            "REDIS_IMAGE": "localhost/redis:test",
            **{
                f"{name.upper().replace('-', '_')}_IMAGE": f"localhost/contender-{name}:test"
                for name in IMAGES
            },
        }
        self._environment = {
            **engine.environment,
            **images,
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
            "CONTENDER_SETTINGS": "./settings.toml",
        }

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run podman-compose and return what it says. Raises `AssertionError` with the reason."""
        program = Path(sys.executable).parent / "podman-compose"
        command = [program, "--project-name", PROJECT, "--file", "compose.yaml", *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"podman-compose {' '.join(arguments)}: {done.stdout[-3000:]}")
        return done.stdout

    def secret(self, name: str) -> str:
        """Return one of the secrets."""
        return (self.folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{PROJECT}_{service}_1"

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """Run a command in a service's container."""
        return self.engine.run("exec", self.container(service), *command, check=check)

    def logs(self, service: str) -> str:
        """Return the last lines of what a service says."""
        done = subprocess.run(
            ["podman", "logs", "--tail", "40", self.container(service)],
            env=self.engine.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def client(self, service: str, **options: object) -> httpx.Client:
        """Return a client of a published service, as somebody on this machine has it."""
        url = f"http://127.0.0.1:{self.ports[service]}"
        return httpx.Client(base_url=url, timeout=30, trust_env=False, **options)

    def until(self, happens: Callable[[], bool], seconds: float, *watched: str) -> None:
        """Wait for something; what the `watched` services say tells why it did not happen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if happens():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        said = "\n".join(f"== {name} {self._state(name)}\n{self.logs(name)}" for name in watched)
        raise AssertionError(f"it did not happen within {seconds:.0f} s\n{said}")

    def exit_code(self, service: str) -> int | None:
        """Return the exit code of a container that has ended, or None.

        Between its end and the engine's tidying up, which may fail on a busy machine, it is
        `stopped`; then it is `exited`.
        """
        state = self._state(service)
        return int(state["ExitCode"]) if state["Status"] in ("stopped", "exited") else None

    def _state(self, service: str) -> dict:
        return self.engine.inspect(self.container(service))["State"]
