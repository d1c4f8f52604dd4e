"""`contender up` with store and MLflow by URL in a real PostgreSQL: it starts, learns and answers.

Prefect wants the extension pg_trgm, which the server of this test has not: its database is in
PostgreSQL in test_containers.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from postgresql_server import new_database
from running_stack import Stack, contender, free_ports, processes_of

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1200)]

MODEL = "product_categories"
SETTINGS = """
[models.product_categories]
source = { url = "var/demo/product_categories.csv" }
params = { algorithm = "linear_svm", character_run = 0, opening_run = 0, minimum_texts = 20 }
[demo]
day = false
"""
HOLDS = {"store": "decisions", "mlflow": "model_versions"}


@pytest.fixture(scope="module")
def databases(postgresql_uri: str) -> dict[str, str]:
    return {name: new_database(postgresql_uri) for name in HOLDS}


@pytest.fixture(scope="module")
def stack(databases: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home, ports = tmp_path_factory.mktemp("stack"), free_ports()
    (home / "contender.toml").write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENDER_STORE_URL", databases["store"])
        # As a file, in the form that anybody would write, without a driver's name.
        file = home / "mlflow_url"
        file.write_text(databases["mlflow"].replace("+psycopg", "") + "\n", encoding="utf-8")
        patch.setenv("CONTENDER_MLFLOW_DATABASE_URL_FILE", str(file))
        try:
            said = contender(home, ports, "up", "--detach").stdout
            yield Stack(home, ports, said)
        finally:
            contender(home, ports, "down")
    assert [process.cmdline() for process in processes_of(home)] == []


def test_a_champion_is_made_and_answers(stack):
    body = {"instances": [{"name": "martillo uña 16 oz"}]}
    url = f"{stack.api}/v1/models/{MODEL}/predict"
    answer = httpx.post(url, json=body, timeout=30, trust_env=False)

    assert answer.status_code == 200, answer.text
    listed = stack.json("decisions", "--model", MODEL)
    assert [each["verdict"] for each in listed if each["verdict"]] == ["first_champion"]
    assert answer.json()["model"]["decision_id"] in {each["decision_id"] for each in listed}


@pytest.mark.parametrize("name", sorted(HOLDS))
def test_what_it_keeps_is_in_postgresql(stack, databases, name):
    with psycopg.connect(databases[name].replace("+psycopg", "")) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {HOLDS[name]}").fetchone()  # type: ignore[misc]

    assert rows > 0


def test_no_other_database_of_the_two_lies_in_the_home(stack):
    found = {path.name for path in stack.home.rglob("*.db")}

    assert "prefect.db" in found
    assert not found & {"contender.db", "mlflow.db"}


def test_no_address_of_a_database_stands_in_a_list_of_processes(stack, databases):
    shown = [" ".join(process.cmdline()) for process in processes_of(stack.home)]

    assert shown
    sockets = {url.partition("?")[2] for url in databases.values()}
    assert not [line for line in shown if any(socket in line for socket in sockets)]
