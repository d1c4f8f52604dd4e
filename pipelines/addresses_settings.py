"""Where services are: what we listen on, what runs elsewhere, and how we sign in there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from pipelines.model_settings import Strict

LOOPBACK = "127.0.0.1"
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}
"""Hosts that stand for every address of a machine, and where the machine itself finds them."""
SECRETS = (
    "CONTENDER_API_KEY",
    "CONTENDER_STORE_URL",
    "CONTENDER_MLFLOW_DATABASE_URL",
    "CONTENDER_PREFECT_DATABASE_URL",
    "CONTENDER_REDIS_URL",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "PREFECT_API_AUTH_STRING",
)
"""Variables of this module and of the store that may come as a file."""
VARIABLES = {
    "CONTENDER_HOST": ("addresses", "host"),
    "CONTENDER_API_URL": ("addresses", "api"),
    "CONTENDER_MLFLOW_URL": ("addresses", "mlflow"),
    "CONTENDER_PREFECT_URL": ("addresses", "prefect"),
    "CONTENDER_API_PAGES": ("addresses", "api_pages"),
    "CONTENDER_MLFLOW_PAGES": ("addresses", "mlflow_pages"),
    "CONTENDER_PREFECT_PAGES": ("addresses", "prefect_pages"),
    "CONTENDER_MLFLOW_DATABASE_URL": ("databases", "mlflow"),
    "CONTENDER_PREFECT_DATABASE_URL": ("databases", "prefect"),
    "CONTENDER_REDIS_URL": ("workers", "redis_url"),
    "CONTENDER_API_KEY": ("logins", "api_key"),
    "MLFLOW_TRACKING_USERNAME": ("logins", "mlflow_name"),
    "MLFLOW_TRACKING_PASSWORD": ("logins", "mlflow_password"),
    "PREFECT_API_AUTH_STRING": ("logins", "prefect"),
}
"""Which variable sets what."""


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password:  # first of all: what is wrong otherwise shows the address
        raise ValueError(
            "an address carries no name and no password; they come from MLFLOW_TRACKING_USERNAME "
            "and MLFLOW_TRACKING_PASSWORD, or PREFECT_API_AUTH_STRING"
        )
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port is no number from 1 to 65535") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"{url!r} is no http(s) address")
    return url.rstrip("/").removesuffix("/api")


def driven_by(driver: str, url: str) -> str:
    """Return the address of a PostgreSQL with the driver that a service has."""
    scheme, separator, rest = url.partition("://")
    postgresql = scheme.partition("+")[0] in {"postgres", "postgresql"}
    return f"postgresql+{driver}{separator}{rest}" if postgresql else url


def _store_address(url: str) -> str:
    if "://" not in url:
        raise ValueError("that is no address; it begins with sqlite:// or postgresql://")
    named = "+" in url.partition("://")[0]
    return url if named else driven_by("psycopg", url)


Address = Annotated[str, AfterValidator(_address)]
StoreAddress = Annotated[str, AfterValidator(_store_address)]


class Addresses(Strict):
    """Where our API listens, and what runs elsewhere. None: `contender up` runs it, on loopback."""

    host: str = LOOPBACK
    api: Address | None = None
    """Where other programs find the API, where that is not the host and port it listens on."""
    mlflow: Address | None = None
    prefect: Address | None = None
    api_pages: Address | None = None
    """Where people's browsers find the API, where programs find it elsewhere; and so below."""
    mlflow_pages: Address | None = None
    prefect_pages: Address | None = None

    def own(self, port: int) -> str:
        """Return the address at which this machine finds its own API."""
        host = EVERYWHERE.get(self.host, self.host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach the API."""
        return self.host != "localhost" and not self.host.startswith("127.") and self.host != "::1"


class Databases(Strict):
    """Databases of the MLflow and the Prefect that `contender up` starts; SQLite where None."""

    mlflow: str | None = Field(None, pattern=r"^\w+(\+\w+)?://")
    prefect: str | None = Field(None, pattern=r"^\w+(\+\w+)?://")


class Logins(Strict):
    """How we sign in at services elsewhere. From the environment, never from the settings file."""

    api_key: SecretStr = SecretStr("")
    """What our own flows and commands show the API, where it wants a key."""
    mlflow_name: str = ""
    mlflow_password: SecretStr = SecretStr("")
    prefect: SecretStr = SecretStr("")
    """Name and password with a colon in between, as Prefect wants it."""

    @property
    def api_headers(self) -> dict[str, str]:
        """What a request of our own to the API carries, beside what it asks."""
        key = self.api_key.get_secret_value()
        return {"Authorization": f"Bearer {key}"} if key else {}

    @property
    def mlflow(self) -> tuple[str, str] | None:
        """Name and password of the tracking server, where there is one."""
        return (
            (self.mlflow_name, self.mlflow_password.get_secret_value())
            if self.mlflow_name
            else None
        )

    @property
    def orchestration(self) -> tuple[str, str] | None:
        """Name and password of the orchestration server, where there is one."""
        name, colon, password = self.prefect.get_secret_value().partition(":")
        return (name, password) if colon else None


def stated(variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what the environment sets, by table of the settings and key."""
    tables: dict[str, dict[str, str]] = {}
    for name, (table, key) in VARIABLES.items():
        if variables.get(name):
            tables.setdefault(table, {})[key] = variables[name]
    return tables


def variable_of(where: str) -> str | None:
    """Return the variable that sets `table.key` of the settings, if there is one."""
    return next((name for name, place in VARIABLES.items() if ".".join(place) == where), None)
