"""Who answers while a rollout runs: the champion, its challenger, or both.

`Slots` hands a model's requests to its `Traffic` for as long as a rollout of that model runs in
this process. Traffic asks the slots to have a live model answer, and to log what was answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pipelines.contract import Row
from serving.answers import Answered, ServedModel
from serving.live import LiveModel


class Asked(NamedTuple):
    """One request for answers, as the slots were asked."""

    model: str
    instances: Sequence[Row]
    unit: str | None = None
    """Whom it comes from, where the caller says so."""
    request_id: str | None = None
    logged: Sequence[Row] | None = None
    """The instances as the prediction log keeps them, where that differs."""


class Desk(Protocol):
    """What traffic asks of the slots."""

    def acquire(self, model: str, count: int) -> LiveModel:
        """Return the champion, counted as used until `rows`; `count` instances are asked.

        Raises `UnknownModel`, `NoChampion` or `TooManyInstances`.
        """
        ...

    async def rows(self, live: LiveModel, instances: Sequence[Row]) -> list[list[Row]]:
        """Have an acquired model check and answer, and let go of it whatever happens."""
        ...

    async def record(
        self,
        live: LiveModel,
        asked: Asked,
        rows: Sequence[Sequence[Row]],
        *,
        served: ServedModel | None = None,
        kept: Sequence[Sequence[Row]] | None = None,
    ) -> Answered:
        """Log what `live` answered before it leaves.

        `served` is the name to log it under, by default the model's own; `kept` is what the log
        keeps in place of the rows that the client sees.
        """
        ...


class Traffic(Protocol):
    """Answers a model's requests while its rollout runs."""

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer one request. Raises what the champion's own answer would raise."""
        ...
