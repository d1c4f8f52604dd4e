"""The decision log: append-only, hash-chained, and the truth about who is champion.

The MLflow alias is a projection of it. Importing this loads neither pandas nor a learning library,
because the server follows the log too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import orjson
from sqlalchemy import Connection, Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from pipelines.decisions import chain, prediction_files, way_back
from pipelines.store import Store, decisions

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Row

RolloutKind = Literal["rollout_started", "rollout_ended"]
Kind = (
    RolloutKind
    | Literal["verdict", "admitted", "rollback", "restored", "foreign_edit"]
    | Literal["override", "approval", "test_set", "effect", "labels_requested", "labels_closed"]
)
Clock = Callable[[], datetime]
Problems = list[str]
IN_LOG_LINES = ("model", "kind", "verdict", "version", "generation", "decision_id")
logger = logging.getLogger(__name__)


class Conflict(RuntimeError):
    """Champion, generation or look moved since they were read: judge again."""


class UnknownDecision(LookupError):
    """The log holds no decision of that name."""


@dataclass(frozen=True)
class NewDecision:
    """A decision to append. The log adds identity, place in the chain, and effects.

    With `expected_generation` the append is a compare-and-swap against the champion (0: none
    yet); with `look` one against the looks at `test_set_id`. `becomes_champion` makes `version`
    the next generation. `rollback_to` is by default the champion that it replaces. `guard` looks
    once more inside the append's transaction and raises `Conflict` where its ground has moved.
    """

    kind: Kind
    model: str
    record: Mapping[str, object] = field(default_factory=dict)
    version: str | None = None
    verdict: str | None = None
    artifact_digest: str | None = None
    test_set_id: str | None = None
    look: int | None = None
    expected_generation: int | None = None
    becomes_champion: bool = False
    rollback_to: str | None = None
    guard: Callable[[Connection], None] | None = None


@dataclass(frozen=True)
class Decision:
    """One entry of the log. `record` is its full content, everything else a copy out of it."""

    seq: int
    decision_id: str
    kind: str
    model: str
    version: str | None
    verdict: str | None
    generation: int | None
    test_set_id: str | None
    look: int | None
    artifact_digest: str | None
    created_at: str
    prev_hash: str
    hash: str
    record: Mapping[str, object]


@dataclass(frozen=True)
class Champion:
    """The version that a decision made champion, and where to go back to."""

    model: str
    version: str
    generation: int
    decision_id: str
    artifact_digest: str
    rollback_to: str | None


Listing = list[Decision]


class DecisionLog:
    """Appends decisions and answers who is champion; `predictions_directory` holds their files."""

    def __init__(
        self,
        store: Store,
        predictions_directory: Path,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        token: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self.store = store
        self.predictions_directory = predictions_directory
        self._clock = clock
        self._token = token

    def append(self, new: NewDecision) -> Decision:
        """Append a decision and return it with its identity and effects.

        Raises `Conflict`, having written nothing, when champion or look have moved.
        """
        try:
            with self.store.write() as connection:
                made = self._append(connection, new)
        except IntegrityError as error:
            raise Conflict(f"{new.model}: another decision took this place: {error.orig}") from None
        named = {name: getattr(made, name) for name in IN_LOG_LINES}
        logger.info("%s: %s", made.model, made.verdict or made.kind, extra=named)
        return made

    def head(self, model: str) -> Champion | None:
        """Return the model's champion, or None before the first one."""
        with self.store.read() as connection:
            return _head(connection, model)

    def admitted(self, model: str, version: str) -> str | None:
        """Return the digest under which a version was admitted last, or None."""
        query = _of(model).where(decisions.c.kind == "admitted", decisions.c.version == version)
        found = self._first(query.order_by(decisions.c.seq.desc()))
        return found.artifact_digest if found else None

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        found = self._first(select(decisions).where(decisions.c.decision_id == decision_id))
        if found is None:
            raise UnknownDecision(f"no decision is called {decision_id!r}")
        return found

    def list(self, model: str | None = None, limit: int | None = None) -> Listing:
        """Return decisions, the newest first."""
        query = select(decisions) if model is None else _of(model)
        with self.store.read() as connection:
            rows = connection.execute(query.order_by(decisions.c.seq.desc()).limit(limit))
            return [decision_of(row) for row in rows]

    def effects(self, decision_id: str) -> Listing:
        """Return what followed from a decision, oldest first. Raises `UnknownDecision`."""
        cause = self.get(decision_id)
        query = _of(cause.model).where(decisions.c.kind == "effect", decisions.c.seq > cause.seq)
        with self.store.read() as connection:
            found = [
                decision_of(row) for row in connection.execute(query.order_by(decisions.c.seq))
            ]
        return [effect for effect in found if effect.record["of"] == decision_id]

    def looks(self, test_set_id: str) -> int:
        """Return how many looks at a test set have been paid for."""
        with self.store.read() as connection:
            return _looks(connection, test_set_id)

    def verify_chain(self) -> Problems:
        """Return what is wrong with the chain, in order; nothing when it is whole."""
        with self.store.read() as connection:
            rows = connection.execute(select(decisions).order_by(decisions.c.seq)).mappings()
            return chain.problems(dict(row) for row in rows)

    def save_predictions(self, frame: pd.DataFrame) -> str:
        """Keep per-request predictions for ever and return the sha256 that names them."""
        return prediction_files.save(self.predictions_directory, frame)

    def load_predictions(self, sha256: str) -> pd.DataFrame:
        """Return kept predictions. Raises `prediction_files.PredictionsDamaged`."""
        return prediction_files.load(self.predictions_directory, sha256)

    def _append(self, connection: Connection, new: NewDecision) -> Decision:
        champion = _head(connection, new.model)
        _compare(connection, new, champion)
        if new.guard is not None:
            new.guard(connection)
        seq, prev_hash = _tail(connection)
        generation = (champion.generation if champion else 0) + 1 if new.becomes_champion else None
        header = {
            "seq": seq,
            "decision_id": f"d{seq:06d}-{self._token()}",
            "kind": new.kind,
            "model": new.model,
            "version": new.version,
            "verdict": new.verdict,
            "generation": generation,
            "test_set_id": new.test_set_id,
            "look": new.look,
            "artifact_digest": new.artifact_digest,
            "created_at": self._clock().isoformat(timespec="milliseconds"),
            "prev_hash": prev_hash,
        }
        text = chain.canonical(
            {**new.record, **header, "effects": _effects(connection, new, champion)}
        )
        row = {**header, "record": text, "hash": chain.digest(text)}
        connection.execute(insert(decisions).values(**row))
        return Decision(**{**row, "record": orjson.loads(text)})

    def _first(self, query: Select[tuple[object, ...]]) -> Decision | None:
        with self.store.read() as connection:
            row = connection.execute(query.limit(1)).first()
            return decision_of(row) if row else None


def _of(model: str) -> Select[tuple[object, ...]]:
    return select(decisions).where(decisions.c.model == model)


def decision_of(row: Row[tuple[object, ...]]) -> Decision:
    """Return the entry that a whole row of the table holds."""
    values = dict(row._mapping)
    return Decision(**{**values, "record": orjson.loads(str(values["record"]))})


def _head(connection: Connection, model: str) -> Champion | None:
    query = _of(model).where(decisions.c.generation.is_not(None))
    row = connection.execute(query.order_by(decisions.c.generation.desc()).limit(1)).first()
    if row is None:
        return None
    found = decision_of(row)
    effects = found.record["effects"]
    assert isinstance(effects, dict)
    return Champion(
        model=model,
        version=str(found.version),
        generation=int(found.generation or 0),
        decision_id=found.decision_id,
        artifact_digest=str(found.artifact_digest),
        rollback_to=effects["rollback_to"],
    )


def _looks(connection: Connection, test_set_id: str) -> int:
    query = select(func.max(decisions.c.look)).where(decisions.c.test_set_id == test_set_id)
    return int(connection.execute(query).scalar() or 0)


def _tail(connection: Connection) -> tuple[int, str]:
    """Return the next sequence number and the hash that the next entry continues."""
    query = select(decisions.c.seq, decisions.c.hash).order_by(decisions.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return (int(last.seq) + 1, str(last.hash)) if last else (1, chain.GENESIS)


def _compare(connection: Connection, new: NewDecision, champion: Champion | None) -> None:
    """Raise `Conflict` unless champion and look are still what the decision was made against."""
    generation = champion.generation if champion else 0
    if new.expected_generation is not None and new.expected_generation != generation:
        message = (
            f"{new.model} was judged against generation {new.expected_generation}, "
            f"but generation {generation} is champion now"
        )
        raise Conflict(message)
    if new.becomes_champion and (new.version is None or new.artifact_digest is None):
        raise ValueError("a champion needs a version and the digest of its package")
    if new.look is not None and new.test_set_id is not None:
        following = _looks(connection, new.test_set_id) + 1
        if new.look != following:
            message = f"test set {new.test_set_id}: look {new.look} is taken; next is {following}"
            raise Conflict(message)


def _effects(
    connection: Connection, new: NewDecision, champion: Champion | None
) -> dict[str, object]:
    before = champion.version if champion else None
    generation = champion.generation if champion else 0
    if not new.becomes_champion:
        pointer = champion.rollback_to if champion else None
        after = before
    else:
        went = new.model, str(new.version), new.kind
        pointer = new.rollback_to or way_back.pointer(connection, *went, before)
        after, generation = new.version, generation + 1
    return {
        "alias_before": before,
        "alias_after": after,
        "generation": generation,
        "rollback_to": pointer,
    }
