"""The slots: one live model each, swapped by rebinding one reference.

`Slots.answer` is the only way from a request to a prediction, for the generic interface and the
domain interfaces alike: it checks the instances, predicts, and logs before it returns.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from pipelines.contract import Row
from pipelines.prediction_log import Provenance
from pipelines.versions.artifact import Contract
from serving.answers import Answered, ServedModel
from serving.live import LiveModel

THREADS = 2
"""For each model, and only for what would hold up every other request."""


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
        # Each model has threads of its own: a slow one keeps only its own requests waiting.
        self._threads = {
            model: ThreadPoolExecutor(THREADS, thread_name_prefix=f"predict-{model}")
            for model in self._live
        }

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
    ) -> Answered:
        """Answer and log the instances by one version, without holding up the event loop.

        `version`, where given, is the only one that may answer. Raises `UnknownModel`,
        `NoChampion`, `VersionNotLive`, `TooManyInstances`, `InvalidInstances` or `RequestRefused`.
        """
        live = self._acquire(model, len(instances), version)
        if live.loaded.is_quick(instances):
            return self._answer(live, instances, request_id)
        waiting = self._threads[model].submit(self._answer, live, instances, request_id)
        # Cancelled while it waits for a thread, it never gets to release the model itself.
        waiting.add_done_callback(lambda done: live.release() if done.cancelled() else None)
        return await asyncio.wrap_future(waiting)

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
        for threads in self._threads.values():
            threads.shutdown()
        for model, live in self._live.items():
            if live:
                live.close_if_idle()
                self._live[model] = None
        self.release_retired()

    def _answer(
        self, live: LiveModel, instances: Sequence[Row], request_id: str | None
    ) -> Answered:
        # Released here and not by the caller: a caller that is cancelled leaves its thread
        # behind, which still uses the runtime.
        try:
            rows = live.loaded.predict(instances)
            identity = request_id or uuid.uuid4().hex
            ids = self._recorder.append(live.served.provenance(identity), instances, rows)
            contract = live.loaded.package.contract
            return Answered(
                rows, live.served, ids, identity, contract.many, contract.response_schema
            )
        finally:
            live.release()

    def _acquire(self, model: str, count: int, version: str | None) -> LiveModel:
        if count > self._instances_limit:
            message = f"{count} instances in one call; the limit is {self._instances_limit}"
            raise TooManyInstances(message)
        while True:
            live = self._champion(model, version)
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
