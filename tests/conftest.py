"""What every kind of test may ask for: a home, a store, real data, a real MLflow server."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from mlflow_server import MlflowServer
from postgresql_server import new_database, postgresql_server
from stub_lifecycle import Lifecycle, bless_here

from pipelines.arena.gate import Gate
from pipelines.decisions.log import DecisionLog
from pipelines.model_settings import ModelSettings, PolicySettings, SourceSettings
from pipelines.registry.client import RegistryClient
from pipelines.settings import Settings
from pipelines.store import Store, open_store

# A slow example is no wrong one. As a profile, what an environment has set beside this holds on.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "tests" / "support"


@pytest.fixture(scope="session", autouse=True)
def subprocess_environment() -> Iterator[None]:
    """Let child processes find the stub family, and keep them quiet and repeatable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(SUPPORT), prepend=os.pathsep)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.delenv("CONTENDER_HOME", raising=False)
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Libraries that draw from a global generator draw the same numbers at every run."""
    random.seed(7)
    np.random.seed(7)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, by CONTENDER_DATA or beside the project."""
    folder = Path(os.environ.get("CONTENDER_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"real data sets are not at {folder}; set CONTENDER_DATA"
        if os.environ.get("CONTENDER_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Share the tests out among processes (`-n 2`): a file is one's own, the stack's files too.

    Those that take long begin, so that nobody waits for them in the end.
    """
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        group = "stack" if "stack" in getattr(item, "fixturenames", ()) else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module marked `both_databases` on SQLite and on PostgreSQL."""
    both = metafunc.definition.get_closest_marker("both_databases")
    if both and "database" in metafunc.fixturenames:
        slow = pytest.param("postgresql", marks=pytest.mark.slow)
        metafunc.parametrize("database", ["sqlite", slow], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the store of this test is in."""
    return getattr(request, "param", "sqlite")


@pytest.fixture(scope="session")
def postgresql_uri() -> Iterator[str]:
    """A running PostgreSQL server, for whoever needs databases in it."""
    with postgresql_server() as uri:
        yield uri


@pytest.fixture(scope="session")
def postgresql_store(postgresql_uri: str) -> str:
    """A database with the tables of a store, to be copied: quicker than making them each time."""
    address = new_database(postgresql_uri)
    open_store(address).close()
    return address


@pytest.fixture
def store_address(database: str, home: Path, request: pytest.FixtureRequest) -> str:
    """The address of a store that nobody has used yet."""
    if database == "postgresql":
        template = request.getfixturevalue("postgresql_store")
        return new_database(request.getfixturevalue("postgresql_uri"), template)
    return f"sqlite:///{home / 'var' / 'contender.db'}"


@pytest.fixture
def make_settings(home: Path, store_address: str) -> Callable[..., Settings]:
    """Return a maker of settings for the temporary home: `make_settings(ports=..., models=...)`."""

    def make(**changes: object) -> Settings:
        document = {"home": home, "store_url": store_address}
        return Settings.model_validate(document | changes)

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings.store_url)
    yield opened
    opened.close()


@pytest.fixture
def stub_source(tmp_path: Path) -> Path:
    """A CSV of stub texts, enough for a test set of 300 rows."""
    from stub_family import write_texts

    return write_texts(tmp_path / "texts.csv", rows=2000)


@pytest.fixture(scope="session")
def mlflow_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mlflow_server(mlflow_session: MlflowServer) -> MlflowServer:
    """A running tracking server without any registered model."""
    mlflow_session.ensure_running()
    mlflow_session.forget_models()
    return mlflow_session


@pytest.fixture
def registry_client(mlflow_server: MlflowServer) -> Iterator[RegistryClient]:
    with RegistryClient(mlflow_server.url, timeout_seconds=60) as client:
        yield client


@pytest.fixture
def stub_settings(
    make_settings: Callable[..., Settings], stub_source: Path, mlflow_server: MlflowServer
) -> Settings:
    """Settings of a home in which the stub family is trained against the real server."""
    # A foreign version is asked through a worker process, which a busy machine slows down.
    policy = PolicySettings(latency_grace_ms=200)
    model = ModelSettings(source=SourceSettings(url=str(stub_source)), policy=policy)
    return make_settings(models={"stub": model}, ports={"mlflow": mlflow_server.port})


@pytest.fixture
def lifecycle(stub_settings: Settings, tmp_path: Path) -> Iterator[Lifecycle]:
    """The stub family's whole lifecycle against the real MLflow server."""
    folder = tmp_path / "candidates"
    folder.mkdir()
    store = open_store(stub_settings.store_url)
    log = DecisionLog(store, stub_settings.var / "predictions")
    with Gate(stub_settings, store, log, blesser=bless_here) as gate:
        yield Lifecycle(stub_settings, store, log, gate, folder)
    store.close()
