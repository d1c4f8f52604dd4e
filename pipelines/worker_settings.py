"""Which models are answered by worker processes behind Redis, and where that Redis is.

An address may hold a password, so it comes from `CONTENDER_REDIS_URL` or from a file that is named
there; `contender.toml` takes one without a password only.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from pipelines.model_settings import Strict

SCHEMES = ("redis", "rediss", "unix")
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
        if urlsplit(url.get_secret_value()).scheme not in SCHEMES:
            raise ValueError("the address must begin with redis://, rediss:// or unix://")
        return url
