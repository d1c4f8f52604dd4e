"""Which models are answered by worker processes behind Redis, and where that Redis is.

An address may hold a password, so it comes from `CONTENDER_REDIS_URL` or from a file that is named
there; `contender.toml` takes one without a password only.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator

from pipelines.model_settings import Strict

SCHEMES = ("redis", "rediss", "unix")
DATABASE = re.compile(r"/?[0-9]*")
LOCAL = "redis://127.0.0.1:6379/0"


class WorkerSettings(Strict):
    """Model workers: the models that they answer, and how many `contender up` starts."""

    models: tuple[str, ...] = ()
    processes: int = Field(1, ge=0, le=64)
    """On this machine; with 0 they run elsewhere only, by `contender worker`."""
    redis_url: SecretStr = SecretStr(LOCAL)

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras of the installation that this needs."""
        return ("model_workers",) if self.models else ()

    @field_validator("redis_url")
    @classmethod
    def _speaks_redis(cls, url: SecretStr) -> SecretStr:
        # Not shown: it may be a password that somebody took for an address.
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in SCHEMES:
            raise ValueError("the address must begin with redis://, rediss:// or unix://")
        if not _has_port(parts):
            raise ValueError("the port is no number; write what is special in a password as %2F")
        if parts.scheme != "unix" and not DATABASE.fullmatch(parts.path):
            raise ValueError("after the host stands the number of the database alone, as in /0")
        if any(name != "db" and not name.startswith("ssl_") for name, _ in parse_qsl(parts.query)):
            raise ValueError("the address may have no options but ssl_... and db")
        return url


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is one, or left out."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
