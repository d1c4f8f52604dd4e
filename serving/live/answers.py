"""What the server says about an answer: the rows, and which decided version gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from pipelines.contract import Row
from pipelines.prediction_log import Provenance


@dataclass(frozen=True)
class ServedModel:
    """The identity of a loaded champion, as every answer names it."""

    name: str
    version: str
    decision_id: str
    generation: int
    digest: str

    def as_json(self) -> dict[str, object]:
        """Return what an answer says under `model`."""
        return {
            "name": self.name,
            "version": self.version,
            "decision_id": self.decision_id,
            "generation": self.generation,
        }

    def provenance(self, request_id: str) -> Provenance:
        """Return what the prediction log keeps of this model for one request."""
        return Provenance(self.name, self.version, self.decision_id, self.generation, request_id)


@dataclass(frozen=True)
class Answered:
    """One request's answer. All its rows come from one version, and it is already logged.

    `rows[i]` are the response rows of instance i and `prediction_ids[i]` names them in the
    prediction log.
    """

    rows: Sequence[Sequence[Row]]
    model: ServedModel
    prediction_ids: Sequence[str]
    request_id: str
    many: bool = False
    response_schema: Mapping[str, object] = field(default_factory=dict)
    """What the version that answered says of its rows."""

    def as_json(self) -> dict[str, object]:
        """Return what the generic interface says; rows may hold numpy's numbers."""
        return {
            "predictions": self.predictions,
            "model": self.model.as_json(),
            "request_id": self.request_id,
            "prediction_ids": self.prediction_ids,
        }

    def document(self) -> bytes:
        """Return the answer of the generic interface, as it goes over the wire."""
        return orjson.dumps(self.as_json(), option=orjson.OPT_SERIALIZE_NUMPY)

    @property
    def predictions(self) -> list[Row | Sequence[Row]]:
        """One object an instance, or the list of its rows where the model answers lists."""
        return [rows if self.many else rows[0] for rows in self.rows]


@dataclass(frozen=True)
class Answering:
    """How a live version answers, and why so."""

    where: str
    """`event loop` (only few at once), `thread`, `worker process` or `model worker`."""
    batched: bool
    reason: str
    single_ms: float
    batch_ms: float | None
    instances_a_call: int
    waiting: int
    """Requests that wait right now."""
