"""An application that other machines can reach, and keys of every role for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from asgi_client import AppClient
from fastapi import FastAPI
from serving_stage import MODEL, Stage

from pipelines.access.keys import Keys, NewKey
from pipelines.settings import Settings

ROLES = ("viewer", "reviewer", "operator")
PREDICT = f"/v1/models/{MODEL}/predict"
QUESTION = {"instances": [{"text": "pintura"}]}


@dataclass
class Guarded:
    """A stage with its keys, and a client of one application on it."""

    stage: Stage
    app: FastAPI
    client: AppClient
    keys: dict[str, NewKey] = field(default_factory=dict)

    @property
    def made(self) -> Keys:
        return Keys(self.stage.store)

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role].text}"} if role in ROLES else {}

    def status(self, method: str, path: str, headers: Mapping[str, str]) -> int:
        return self.client.request(method, path, headers=dict(headers)).status_code


@contextmanager
def guarded(
    make_settings: Callable[..., Settings], host: str = "0.0.0.0", **access: object
) -> Iterator[Guarded]:
    """Yield an application that listens at `host` with these settings of access."""
    settings = make_settings(
        models={MODEL: {"source": {"url": "rows.csv"}}},
        addresses={"host": host},
        access=access,
        serving={"poll_seconds": 0.05},
    )
    stage = Stage(settings)
    if stage.log.head(MODEL) is None:
        stage.promote("1", "pintura")
    keys = {role: Keys(stage.store).create(f"{role}-ana", role, by="root") for role in ROLES}
    app = stage.app()
    with AppClient(app) as client:
        yield Guarded(stage, app, client, keys)
    stage.close()
