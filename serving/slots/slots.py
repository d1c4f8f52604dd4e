"""The slots: one live model each, swapped by rebinding one reference.

`Slots.answer` is the only way from a request to a prediction, for the generic interface and the
domain interfaces alike: it chooses who answers, has the instances checked and answered, logs
before it returns, and lets a rollout see what happened.
"""

from __future__ import annotations

import asyncio
import math
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from pipelines.contract import Row
from pipelines.prediction_log import Entry, Provenance
from pipelines.versions.artifact import Contract
from serving.live import callers, generations, quick
from serving.live.answers import Answered, Answering, ServedModel
from serving.live.loaded import LiveModel
from serving.live.quick import MOST_ROWS, Quick
from serving.traffic.arms import Asked, Traffic


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

    def append_together(self, entries: Sequence[Entry]) -> list[list[str]]:
        """Log several requests by one write."""
        ...


class Slots:
    """The live models of this process, by name."""

    def __init__(
        self,
        models: Iterable[str],
        recorder: Recorder,
        *,
        instances_limit: int = 10_000,
        hurry: Callable[[], None] = lambda: None,
    ) -> None:
        self._live: dict[str, LiveModel | None] = dict.fromkeys(sorted(models))
        self._recorder = recorder
        self._instances_limit = instances_limit
        self._hurry = hurry
        self._retired: list[LiveModel] = []
        self._retiring = threading.Lock()
        self._traffic: dict[str, Traffic] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """The names that this server knows, with or without a champion."""
        return tuple(self._live)

    def served(self, model: str) -> ServedModel | None:
        """Return what answers for `model` now, or None. Raises `UnknownModel`."""
        live = self._known(model)
        return live.served if live else None

    def answering(self, model: str) -> Answering | None:
        """Return how the live version of `model` answers, or None. Raises `UnknownModel`."""
        live = self._known(model)
        return live.answering if live else None

    async def reach(self, model: str) -> None:
        """Wait for the generation that the caller demands, where this worker is behind it.

        Raises `UnknownModel`, `InvalidGeneration` or `StillBehind`.
        """
        wanted = generations.demanded()
        await generations.reach(wanted, lambda: self._generation(model), hurry=self._hurry)

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
        logged: Sequence[Row] | None = None,
    ) -> Answered:
        """Answer and log the instances by one version, without holding up the event loop.

        `version`, where given, is the only one that may answer. `logged` are the instances as the
        prediction log keeps them, where that differs from what the model is asked.

        Raises `UnknownModel`, `NoChampion`, `VersionNotLive`, `TooManyInstances`,
        `InvalidInstances`, `RequestRefused`, `InvalidDeadline`, or what `reach` raises.
        """
        callers.seconds_left(math.inf)  # refused here too, where nobody has to wait
        if generations.demanded():
            await self.reach(model)
        asked = Asked(model, instances, request_id, logged)
        traffic = self._traffic.get(model)
        # A request without instances asks nobody: it is no evidence of anything.
        if traffic and version is None and instances:
            return await traffic.answer(self, asked)
        live = self.acquire(model, len(instances), version)
        return await self.record(live, asked, await self.rows(live, instances, logged))

    def answer_together(self, model: str, asked: Sequence[Quick]) -> list[Answered | None]:
        """Answer and log, as `answer` does, requests that take no waiting, by one call.

        None for each that takes some or is refused, as by itself it will be told. Only without a
        demand on the generation. Raises what `answer` raises of all of them.
        """
        found: list[Answered | None] = [None] * len(asked)
        if model in self._traffic:
            return found
        live = self.acquire(model, 0)
        try:
            rows = quick.answers(live.loaded, asked)
        finally:
            live.release()
        told = [(place, asked[place], each) for place, each in enumerate(rows) if each is not None]
        named = self._recorder.append_together(
            [Entry(live.served.provenance(one.request_id), one.kept, each) for _, one, each in told]
        )
        contract = live.loaded.package.contract
        for (place, one, each), ids in zip(told, named, strict=True):
            found[place] = Answered(
                each, live.served, ids, one.request_id, contract.many, contract.response_schema
            )
        return found

    def room(self, model: str, seconds: float) -> int:
        """Return how many usual instances of a model one call answers in so long; at least 1."""
        live = self._live.get(model)
        return live.loaded.cost.instances_within(seconds * 1000) if live else 1

    def usual_bytes(self, model: str) -> float:
        """Return how large an instance is of which `room` says how many one call answers."""
        live = self._live.get(model)
        return live.loaded.instance_bytes if live else 0.0

    async def rows(
        self, live: LiveModel, instances: Sequence[Row], logged: Sequence[Row] | None = None
    ) -> list[list[Row]]:
        """Have an acquired model check and answer, and let go of it whatever happens.

        Where `logged` leaves out what the server has put in itself, that is not looked through.

        Raises `InvalidInstances`, `RequestRefused` or `BrokenRuntime`.
        """
        try:
            if live.is_quick(instances if logged is None else logged):
                return live.loaded.predict(instances, logged)
            return await live.answer(instances, logged)
        finally:
            live.release()

    async def record(
        self,
        live: LiveModel,
        asked: Asked,
        rows: Sequence[Sequence[Row]],
        *,
        served: ServedModel | None = None,
        kept: Sequence[Sequence[Row]] | None = None,
    ) -> Answered:
        """Log what `live` answered, and return it as it may leave.

        `served` is the name to log it under, by default the model's own; `kept` is what the log
        keeps in place of the rows that the client sees.
        """
        served = served or live.served
        identity = asked.request_id or uuid.uuid4().hex
        provenance = served.provenance(identity)
        instances = asked.instances if asked.logged is None else asked.logged
        answers = rows if kept is None else kept
        if len(instances) <= MOST_ROWS:
            ids = self._recorder.append(provenance, instances, answers)
        else:
            ids = await asyncio.to_thread(self._recorder.append, provenance, instances, answers)
        generations.answered(served)
        contract = live.loaded.package.contract
        return Answered(rows, served, ids, identity, contract.many, contract.response_schema)

    def divert(self, model: str, traffic: Traffic | None) -> None:
        """Let `traffic` answer for `model` from now on; None gives the requests back."""
        self._known(model)
        # Another dictionary, so that a request that looks at this one sees it unchanged.
        others = {name: kept for name, kept in self._traffic.items() if name != model}
        self._traffic = others if traffic is None else {**others, model: traffic}

    def diverted(self, model: str) -> bool:
        """Return whether a rollout decides who answers for `model` right now."""
        return model in self._traffic

    def acquire(self, model: str, count: int, version: str | None = None) -> LiveModel:
        """Return the champion, counted as used until `rows`; `count` instances are asked.

        Raises `UnknownModel`, `NoChampion`, `VersionNotLive` or `TooManyInstances`.
        """
        if count > self._instances_limit:
            message = f"{count} instances in one call; the limit is {self._instances_limit}"
            raise TooManyInstances(message)
        while True:
            live = self._champion(model, version)
            # It may have been swapped and released between the look and the count.
            if live.acquire():
                return live

    def retire(self, live: LiveModel) -> None:
        """Release `live` once its last request is done; it must answer no new one."""
        with self._retiring:
            self._retired.append(live)

    def put(self, live: LiveModel) -> None:
        """Let `live` answer from now on; the one before is retired until its last request."""
        before, self._live[live.served.name] = self._live[live.served.name], live
        if before:
            self.retire(before)

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

    def _champion(self, model: str, version: str | None = None) -> LiveModel:
        live = self._known(model)
        if live is None:
            raise NoChampion(f"{model} has no champion to answer with yet")
        if version is not None and version != live.served.version:
            raise VersionNotLive(
                f"version {version!r} of {model} is not live; {live.served.version!r} is"
            )
        return live

    def _generation(self, model: str) -> int:
        served = self.served(model)
        return served.generation if served else 0

    def _known(self, model: str) -> LiveModel | None:
        try:
            return self._live[model]
        except KeyError:
            known = ", ".join(self._live) or "none"
            raise UnknownModel(f"no model is called {model!r}; there are: {known}") from None
