"""The slots: one live model each, swapped by rebinding one reference.

`Slots.answer` is the only way from a request to a prediction, for the generic interface and the
domain interfaces alike: it chooses who answers, has the instances checked and answered, logs
before it returns, and lets a rollout see what happened.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pipelines.contract import Row
from pipelines.prediction_log import Provenance
from pipelines.versions.artifact import Contract
from serving.answers import Answered, ServedModel
from serving.live import LiveModel

LOGGED_AT_ONCE = 32
"""Instances that are logged on the event loop itself; a thread costs more than so few lines."""


class UnknownModel(LookupError):
    """No model of that name is configured here; the message lists those that are."""


class NoChampion(LookupError):
    """The model has no champion that this process could load yet; it may have one soon."""


class VersionNotLive(LookupError):
    """Another version than the one asked for answers for the model; only the live one can."""


class TooManyInstances(ValueError):
    """One call asks for more answers than the settings allow."""


class Recorder(Protocol):
    """Where predictions are logged before their answer leaves."""

    def append(
        self,
        provenance: Provenance,
        instances: Sequence[Mapping[str, object]],
        answers: Sequence[Sequence[Mapping[str, object]]],
    ) -> list[str]:
        """Log one request and return a prediction id for each instance."""
        ...


class Traffic(Protocol):
    """Divides a model's requests while a rollout runs; the champion answers them otherwise."""

    def choose(self, champion: LiveModel, instances: Sequence[Row], unit: str | None) -> LiveModel:
        """Return who answers a request; the same for the same `unit`."""
        ...

    def seen(self, instances: Sequence[Row], answered: Answered) -> None:
        """Take note of an answer, which does not wait for it."""
        ...


class Slots:
    """The live models of this process, by name."""

    def __init__(
        self, models: Iterable[str], recorder: Recorder, *, instances_limit: int = 10_000
    ) -> None:
        self._live: dict[str, LiveModel | None] = dict.fromkeys(sorted(models))
        self._recorder = recorder
        self._instances_limit = instances_limit
        self._retired: list[LiveModel] = []
        self._retiring = threading.Lock()
        self._traffic: dict[str, Traffic | None] = dict.fromkeys(self._live)

    @property
    def models(self) -> tuple[str, ...]:
        """The names that this server knows, with or without a champion."""
        return tuple(self._live)

    def served(self, model: str) -> ServedModel | None:
        """Return what answers for `model` now, or None. Raises `UnknownModel`."""
        live = self._known(model)
        return live.served if live else None

    def contract(self, model: str, version: str | None = None) -> Contract:
        """Return the live version's contract.

        Raises `UnknownModel`, `NoChampion`, or `VersionNotLive` where another one is asked for.
        """
        return self._champion(model, version).loaded.package.contract

    def check_actual(self, model: str, actual: object) -> None:
        """Refuse what the model could never have answered, as far as a live version can tell.

        Raises `UnknownModel` or `InvalidActual`.
        """
        live = self._known(model)
        if live:
            live.loaded.truth.check(actual)

    async def answer(
        self,
        model: str,
        instances: Sequence[Row],
        *,
        request_id: str | None = None,
        version: str | None = None,
        unit: str | None = None,
        logged: Sequence[Row] | None = None,
    ) -> Answered:
        """Answer and log the instances by one version, without holding up the event loop.

        `version`, where given, is the only one that may answer. `unit` names whom a request comes
        from, so that a rollout gives him the same version each time. `logged` are the instances
        as the prediction log keeps them, where that differs from what the model is asked.

        Raises `UnknownModel`, `NoChampion`, `VersionNotLive`, `TooManyInstances`,
        `InvalidInstances` or `RequestRefused`.
        """
        live = self._acquire(model, instances, version, unit)
        try:
            if live.is_quick(instances):
                rows = live.loaded.predict(instances)
            else:
                rows = await live.answer(instances)
        finally:
            live.release()
        identity = request_id or uuid.uuid4().hex
        provenance = live.served.provenance(identity)
        kept = instances if logged is None else logged
        if len(kept) <= LOGGED_AT_ONCE:
            ids = self._recorder.append(provenance, kept, rows)
        else:
            ids = await asyncio.to_thread(self._recorder.append, provenance, kept, rows)
        contract = live.loaded.package.contract
        answered = Answered(
            rows, live.served, ids, identity, contract.many, contract.response_schema
        )
        if traffic := self._traffic[model]:
            traffic.seen(instances, answered)
        return answered

    def divert(self, model: str, traffic: Traffic | None) -> None:
        """Let `traffic` choose who answers for `model` from now on; None ends that."""
        self._known(model)
        self._traffic[model] = traffic

    def put(self, live: LiveModel) -> None:
        """Let `live` answer from now on; the one before is retired until its last request."""
        before, self._live[live.served.name] = self._live[live.served.name], live
        if before:
            with self._retiring:
                self._retired.append(before)

    def release_retired(self) -> int:
        """Release the retired models that no request uses any more; return how many are left."""
        with self._retiring:
            self._retired = [live for live in self._retired if not live.close_if_idle()]
            return len(self._retired)

    def close(self) -> None:
        """Finish the running requests and release every model."""
        with self._retiring:
            self._retired += [live for live in self._live.values() if live]
            self._live = dict.fromkeys(self._live)
            for live in self._retired:
                live.finish()
        self.release_retired()

    def _acquire(
        self, model: str, instances: Sequence[Row], version: str | None, unit: str | None
    ) -> LiveModel:
        if len(instances) > self._instances_limit:
            message = (
                f"{len(instances)} instances in one call; the limit is {self._instances_limit}"
            )
            raise TooManyInstances(message)
        while True:
            live = self._champion(model, version)
            if traffic := self._traffic[model]:
                live = traffic.choose(live, instances, unit)
            # It may have been swapped and released between the look and the count.
            if live.acquire():
                return live

    def _champion(self, model: str, version: str | None = None) -> LiveModel:
        live = self._known(model)
        if live is None:
            raise NoChampion(f"{model} has no champion to answer with yet")
        if version is not None and version != live.served.version:
            raise VersionNotLive(
                f"version {version!r} of {model} is not live; {live.served.version!r} is"
            )
        return live

    def _known(self, model: str) -> LiveModel | None:
        try:
            return self._live[model]
        except KeyError:
            known = ", ".join(self._live) or "none"
            raise UnknownModel(f"no model is called {model!r}; there are: {known}") from None
