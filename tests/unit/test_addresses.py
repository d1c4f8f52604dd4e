"""Where services are that run elsewhere: by settings, environment, file; no secret in the open."""

from __future__ import annotations

import pytest

from cli.services import service_environment, stack_services
from pipelines.settings import SettingsError, load_settings

ELSEWHERE = {
    "CONTENDER_MLFLOW_URL": "https://mlflow.example.com/",
    "CONTENDER_PREFECT_URL": "http://prefect.example.com:4200/api",
}


@pytest.fixture
def load(home):
    """Load settings of a home with a file of settings and an environment."""

    def load(file: str = "", **variables: str):
        (home / "contender.toml").write_text(file, encoding="utf-8")
        return load_settings({"CONTENDER_HOME": str(home), **variables})

    return load


def services(settings) -> dict:
    return {each.name: each for each in stack_services(settings, {})}


def test_without_a_word_everything_is_ours_and_on_this_machine(load):
    settings = load()

    assert settings.api_url == "http://127.0.0.1:8000"
    assert settings.mlflow_url == settings.mlflow_pages == "http://127.0.0.1:5000"
    assert settings.prefect_url == settings.prefect_pages == "http://127.0.0.1:4200"
    assert not settings.addresses.beyond_loopback
    assert {"mlflow-migration", "mlflow", "prefect"} <= services(settings).keys()


@pytest.mark.parametrize(
    ("host", "found_at", "beyond"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000", True),
        ("::", "http://[::1]:8000", True),
        ("10.0.0.5", "http://10.0.0.5:8000", True),
        ("localhost", "http://localhost:8000", False),
        ("::1", "http://[::1]:8000", False),
    ],
)
def test_the_machine_finds_its_own_api_wherever_that_listens(load, host, found_at, beyond):
    settings = load(CONTENDER_HOST=host)

    assert settings.api_url == found_at
    assert settings.addresses.beyond_loopback is beyond


def test_what_runs_elsewhere_is_not_started_and_nobody_waits_for_it(load):
    settings = load(**ELSEWHERE)
    found = services(settings)

    assert settings.mlflow_url == "https://mlflow.example.com"
    assert settings.prefect_url == "http://prefect.example.com:4200"
    assert not {"mlflow-migration", "mlflow", "prefect"} & found.keys()
    assert found["flows"].after == found["api"].after == ()
    environment = found["flows"].environment
    assert environment["MLFLOW_TRACKING_URI"] == "https://mlflow.example.com"
    assert environment["PREFECT_API_URL"] == "http://prefect.example.com:4200/api"


def test_the_environment_comes_before_the_file(load):
    file = '[addresses]\nmlflow = "http://old:5000"\nprefect = "http://prefect:4200"\n'

    settings = load(file, CONTENDER_MLFLOW_URL="http://new:5000")

    assert (settings.mlflow_url, settings.prefect_url) == ("http://new:5000", "http://prefect:4200")


def test_people_are_shown_where_their_browsers_find_it(load):
    settings = load(**ELSEWHERE, CONTENDER_MLFLOW_PAGES="http://localhost:5000")

    assert settings.mlflow_pages == "http://localhost:5000"
    assert settings.mlflow_url == "https://mlflow.example.com"


def test_names_and_passwords_reach_the_services_clients(load, tmp_path):
    password = tmp_path / "password"
    password.write_text("s3cret\n", encoding="utf-8")

    settings = load(
        **ELSEWHERE,
        MLFLOW_TRACKING_USERNAME="contender",
        MLFLOW_TRACKING_PASSWORD_FILE=str(password),
        PREFECT_API_AUTH_STRING="contender:of:prefect",
    )

    assert settings.mlflow_login == ("contender", "s3cret")
    assert settings.prefect_login == ("contender", "of:prefect")
    environment = service_environment(settings, {"MLFLOW_TRACKING_PASSWORD": "of another stack"})
    assert environment["MLFLOW_TRACKING_PASSWORD"] == "s3cret"
    assert environment["PREFECT_API_AUTH_STRING"] == "contender:of:prefect"
    assert "s3cret" not in repr(settings)
    assert "of:prefect" not in repr(settings)


def test_our_own_services_are_not_shown_the_passwords_of_others(load):
    settings = load(MLFLOW_TRACKING_USERNAME="them", MLFLOW_TRACKING_PASSWORD="theirs")

    assert settings.mlflow_login is None
    assert "MLFLOW_TRACKING_PASSWORD" not in service_environment(settings, {})


def test_our_own_requests_carry_the_key_of_the_environment(load):
    assert load().logins.api_headers == {}
    assert load(CONTENDER_API_KEY="ck_a_b").logins.api_headers == {"Authorization": "Bearer ck_a_b"}


def test_databases_by_url_reach_the_servers_with_the_driver_that_each_has(load):
    settings = load(
        CONTENDER_MLFLOW_DATABASE_URL="postgresql://mlflow:m@db/mlflow",
        CONTENDER_PREFECT_DATABASE_URL="postgres://prefect:p@db/prefect?host=/run",
    )
    found = services(settings)

    mlflow = found["mlflow"].environment["MLFLOW_BACKEND_STORE_URI"]
    prefect = found["prefect"].environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert mlflow == "postgresql+psycopg://mlflow:m@db/mlflow"
    assert found["mlflow-migration"].environment["MLFLOW_BACKEND_STORE_URI"] == mlflow
    assert prefect == "postgresql+asyncpg://prefect:p@db/prefect?host=/run"
    shown = [word for service in found.values() for word in service.argv]
    assert not [word for word in shown if "m@db" in word or "p@db" in word]


def test_a_secret_comes_from_a_file_that_a_variable_names(load, tmp_path):
    url = tmp_path / "store_url"
    url.write_text("postgresql+psycopg://contender:pw@db/contender\n", encoding="utf-8")

    settings = load(CONTENDER_STORE_URL_FILE=str(url))

    assert settings.store_url == "postgresql+psycopg://contender:pw@db/contender"


@pytest.mark.parametrize(
    ("file", "variables", "said"),
    [
        ('[databases]\nmlflow = "postgresql://m:pw@db/m"', {}, "databases.mlflow: no passwords"),
        ('[logins]\nmlflow_password = "pw"', {}, "come from the environment"),
        ('[addresses]\nmlflow = "http://me:pw@mlflow"', {}, "no name and no password"),
        ('[addresses]\nprefect = "prefect:4200"', {}, "is no http(s) address"),
        ('[addresses]\nprefect = "http://prefect:42OO"', {}, "the port is no number"),
        ("", {"CONTENDER_STORE_URL_FILE": "/nowhere"}, "/nowhere cannot be read"),
        ("", {"CONTENDER_STORE_URL_FILE": "/dev/null"}, "/dev/null is empty"),
        ("", {"CONTENDER_STORE_URL": ""}, "store_url: Value error, that is no address"),
        (
            "",
            {"PREFECT_API_AUTH_STRING_FILE": "/etc/hostname", "PREFECT_API_AUTH_STRING": "a:b"},
            "are both set",
        ),
    ],
)
def test_what_would_be_unsafe_or_unclear_is_refused_with_the_way_to_do_it(
    load, file, variables, said
):
    with pytest.raises(SettingsError, match=said.replace("(", r"\(").replace(")", r"\)")):
        load(file, **variables)


@pytest.mark.parametrize("url", ["postgresql://me:s3cret@mlflow/db", "http://me:s3cret/x@mlflow"])
def test_an_address_in_which_a_password_may_stand_is_refused_without_being_shown(load, url):
    with pytest.raises(SettingsError) as told:
        load(CONTENDER_MLFLOW_URL=url)

    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://contender@db/contender", "postgresql+psycopg://contender@db/contender"),
        ("postgres://contender@db/contender", "postgresql+psycopg://contender@db/contender"),
        ("postgresql+psycopg2://contender@db/c", "postgresql+psycopg2://contender@db/c"),
    ],
)
def test_the_stores_database_gets_our_driver_unless_one_is_named(load, given, used):
    assert load(CONTENDER_STORE_URL=given).store_url == used


def test_bytecode_that_is_there_is_used_where_nothing_can_be_written(load, monkeypatch, tmp_path):
    settings = load()
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    compiled = tmp_path / "compiled.pyc"
    monkeypatch.setattr("cli.services.cache_from_source", lambda _file: str(compiled))

    made_elsewhere = service_environment(settings, {}).get("PYTHONPYCACHEPREFIX")
    compiled.touch()

    assert made_elsewhere == str(settings.var / "bytecode")
    assert "PYTHONPYCACHEPREFIX" not in service_environment(settings, {})
