"""The files of docker/ as they stand: what they promise without building anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines import addresses_settings, catalog, observability_settings
from pipelines.section_settings import Ports
from pipelines.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
PROGRAMS = Path(sys.executable).parent
FINAL = ("mlflow", "prefect", "worker", "api", "model-worker", "trainer")
SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "AUTH_STRING", "API_KEY", "REDIS_URL", "STORE_URL")
LEARNING = {
    *("mlflow", "prefect", "scikit-learn", "scipy", "pandas", "tensorflow", "keras", "lightgbm"),
    *("implicit", "numba", "scikit-surprise", "statsforecast", "duckdb", "onnx", "matplotlib"),
}
ENDS_BY_ITSELF = {"bootstrap"}
LISTENS_TO_NOBODY = {"reconciler"}


def stages() -> dict[str, tuple[str, list[str]]]:
    """Each stage of the Dockerfile: what it begins with, and its instructions."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.M))
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in filter(None, text.splitlines()):
        if begin := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            name = begin[2]
            found[name] = (begin[1], [])
        else:
            found.setdefault(name, ("", []))[1].append(line)
    return found


def inherited(name: str) -> list[str]:
    """The instructions of a stage and of those that it begins with."""
    known = stages()
    origin, own = known[name]
    return [*(inherited(origin) if origin in known else []), *own]


@pytest.fixture(scope="module")
def composed() -> dict:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def test_hadolint_finds_nothing():
    said = subprocess.run(
        [PROGRAMS / "hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert (said.returncode, said.stdout) == (0, "")


def test_every_image_from_elsewhere_can_be_replaced_and_has_a_tag():
    known = stages()
    defaults = dict(re.fullmatch(r"ARG (\w+)=(\S+)", line).groups() for line in known[""][1])
    outside = {origin for origin, _ in known.values() if origin and origin not in known}

    assert outside == {f"${{{name}}}" for name in defaults}
    for image in defaults.values():
        assert re.fullmatch(r"docker\.io/library/\w+:\d[\w.]*-\S+", image)


@pytest.mark.parametrize("name", FINAL)
def test_an_image_runs_as_nobody_in_particular_and_says_whether_it_is_well(name):
    lines = inherited(name)
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    assert any(line.startswith("CMD [") for line in lines)
    assert 'ENTRYPOINT ["tini", "--", "/usr/local/lib/contender/entrypoint.sh"]' in lines


def test_no_secret_and_nothing_of_the_builders_machine_goes_into_an_image():
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    declared = [line for line in text.splitlines() if re.match(r"\s*(ENV|ARG) ", line)]

    assert declared
    assert not [line for line in declared if any(word in line for word in SECRET_WORDS)]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert "docker/secrets/" in ignored
    assert ignored.index("docker/secrets/") > ignored.index("!docker/")


@pytest.mark.parametrize("file", sorted((DOCKER / "requirements").iterdir()), ids=lambda p: p.stem)
def test_what_is_installed_is_pinned(file):
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    # What is pinned in a list itself is not installed here, and brings nothing that others do not.
    listed = [each for each in requirements(file) if not str(each.specifier).startswith("==")]

    assert closure(listed) - pinned == set()


def requirements(file: Path) -> list[Requirement]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def closure(wanted: list[Requirement]) -> set[str]:
    """The names of all distributions that an installation of `wanted` brings."""
    found: set[str] = set()
    todo = [(canonicalize_name(each.name), frozenset(each.extras)) for each in wanted]
    done = set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in done:
            continue
        done.add((name, extras))
        found.add(name)
        for text in metadata.requires(name) or ():
            each = Requirement(text)
            if each.marker is None or any(
                each.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                todo.append((canonicalize_name(each.name), frozenset(each.extras)))
    return found


def test_the_api_brings_no_learning_library():
    assert not closure(requirements(DOCKER / "requirements" / "api.txt")) & LEARNING


IMPORTED_WITH_NOTHING_ELSE = """
import importlib, importlib.abc, pkgutil, sys
from importlib import metadata
allowed, wanted = set(sys.argv[1].split(",")), sys.argv[2].split(",")
of = metadata.packages_distributions()

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        owners = of.get(name.partition(".")[0], ())
        plain = {owner.lower().replace("_", "-").replace(".", "-") for owner in owners}
        if plain and not plain & allowed:
            raise ModuleNotFoundError(f"{name} is not installed", name=name)

sys.meta_path.insert(0, Nothing())
for name in wanted:
    module = importlib.import_module(name)
    for each in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
print("imported")
"""


@pytest.mark.parametrize(
    ("image", "modules"),
    [
        ("api", ("serving", "cli.main", "cli.services", "cli.service")),
        ("worker", ("flows.worker", "cli.main", "cli.services", "cli.service")),
    ],
)
def test_what_an_image_holds_is_all_that_its_code_imports(image, modules):
    brought = closure(requirements(DOCKER / "requirements" / f"{image}.txt"))
    allowed = ",".join(sorted({*brought, "contender-mlops"}))

    said = subprocess.run(
        [sys.executable, "-c", IMPORTED_WITH_NOTHING_ELSE, allowed, ",".join(modules)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )

    assert said.stdout == "imported\n", said.stderr[-2000:]


def test_podman_compose_understands_the_compose_file(tmp_path):
    stub = tmp_path / "podman"  # it only asks for a version here
    stub.write_text('#!/bin/sh\necho "podman version 4.9.3"\n')
    stub.chmod(0o755)

    said = subprocess.run(
        [
            *(PROGRAMS / "podman-compose", "--podman-path", stub),
            *("--file", DOCKER / "compose.yaml", "config", "--quiet"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr


def test_every_service_is_confined_and_watched(composed):
    for name, service in composed["services"].items():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges"]
        assert "/tmp" in service["tmpfs"]
        assert service["mem_limit"]
        assert service["pids_limit"]
        assert not service.keys() & {"privileged", "network_mode", "pid", "cap_add", "devices"}
        assert service.get("user", "999:999") == "999:999"
        own = service.get("healthcheck", {})
        silent = name in ENDS_BY_ITSELF | LISTENS_TO_NOBODY
        assert own.get("disable", False) is silent


def test_nothing_is_published_beyond_this_machine_unless_somebody_says_so(composed):
    published = {
        name: service["ports"]
        for name, service in composed["services"].items()
        if "ports" in service
    }

    ports = Ports().model_dump()
    assert published == {
        "api": [f"${{API_ADDRESS:-127.0.0.1}}:${{API_PORT:-{ports['api']}}}:{ports['api']}"],
        "mlflow": [f"127.0.0.1:${{MLFLOW_PORT:-{ports['mlflow']}}}:{ports['mlflow']}"],
        "prefect": [f"127.0.0.1:${{PREFECT_PORT:-{ports['prefect']}}}:{ports['prefect']}"],
    }


def test_secrets_are_files_and_each_is_made_and_used(composed, tmp_path):
    subprocess.run([DOCKER / "make-secrets", tmp_path / "secrets"], check=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    used = {name for each in composed["services"].values() for name in each.get("secrets", [])}

    assert made == used == composed["secrets"].keys()
    assert all(each == {"file": f"./secrets/{name}"} for name, each in composed["secrets"].items())
    for name, service in composed["services"].items():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in SECRET_WORDS):
                assert variable.endswith("_FILE"), (name, variable)
            if variable.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_what_the_compose_file_says_of_places_is_known_to_the_settings(composed, home):
    (home / "contender.toml").write_text((DOCKER / "contender.toml").read_text(encoding="utf-8"))
    places = composed["services"]["flows"]["environment"]
    given = {
        name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
        for name, value in places.items()
        if not name.endswith("_FILE")
    }
    known = {
        *addresses_settings.VARIABLES,
        *observability_settings.VARIABLES,
        "CONTENDER_PORT_API",
    }

    assert given.keys() <= known
    settings = load_settings({**given, "CONTENDER_HOME": str(home)})
    services = composed["services"]
    assert {settings.api_url, settings.mlflow_url, settings.prefect_url} == {
        f"http://{name}:{services[name]['ports'][0].rpartition(':')[2]}"
        for name in ("api", "mlflow", "prefect")
    }
    assert set(settings.models) == set(catalog.names()) - {"stub"}


def test_secrets_that_are_there_are_kept_and_read_by_nobody_else(tmp_path):
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([DOCKER / "make-secrets", folder], check=True)
        said = {path.name: path.read_text() for path in folder.iterdir()}
        said.setdefault("first", said["store_url"])

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    assert said["contender_database_password"].strip() in said["store_url"]
    passwords = [text for name, text in said.items() if name.endswith("password")]
    assert len(set(passwords)) == len(passwords)
    assert all(len(password.strip()) == 48 for password in passwords)


def entrypoint(tmp_path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [DOCKER / "entrypoint.sh", *command],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **variables},
    )


def test_a_secret_becomes_a_variable_of_the_one_program_that_is_started(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a b$c'd\n")

    said = entrypoint(
        tmp_path, "env", PREFECT_API_AUTH_STRING_FILE=str(secret), OTHER_FILE=str(secret)
    )

    lines = said.stdout.splitlines()
    assert "PREFECT_API_AUTH_STRING=a b$c'd" in lines
    assert not [line for line in lines if line.startswith("PREFECT_API_AUTH_STRING_FILE")]
    assert f"OTHER_FILE={secret}" in lines


def test_a_secret_that_cannot_be_read_or_is_none_stops_the_start(tmp_path):
    said = entrypoint(tmp_path, "true", MLFLOW_TRACKING_PASSWORD_FILE="/nowhere")
    empty = entrypoint(tmp_path, "true", PREFECT_SERVER_API_AUTH_STRING_FILE="/dev/null")

    assert said.returncode != 0
    assert "/nowhere" in said.stderr
    assert empty.returncode != 0
    assert "PREFECT_SERVER_API_AUTH_STRING_FILE: /dev/null is empty" in empty.stderr


def healthy(what: str) -> int:
    command = [sys.executable, DOCKER / "healthy.py", what]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_container_is_well_while_its_process_lives(tmp_path):
    ready = tmp_path / "ready"

    assert healthy(str(ready)) != 0
    ready.write_text(str(os.getpid()))
    assert healthy(str(ready)) == 0
    with subprocess.Popen(["true"]) as gone:
        pass
    ready.write_text(str(gone.pid))
    assert healthy(str(ready)) != 0
    assert healthy("http://127.0.0.1:1/livez") != 0
