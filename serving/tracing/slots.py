"""Slots whose answers are traced: the model's part, and the log's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.contract import Row
from pipelines.observability.otlp import Tracing
from pipelines.prediction_log import Entry, Provenance
from serving.live.loaded import LiveModel
from serving.slots.slots import Recorder, Slots


class TracedSlots(Slots):
    """The live models of a process that traces some of its requests."""

    def __init__(
        self,
        models: Iterable[str],
        recorder: Recorder,
        tracing: Tracing,
        *,
        instances_limit: int,
        hurry: Callable[[], None],
    ) -> None:
        traced = TracedRecorder(recorder, tracing)
        super().__init__(models, traced, instances_limit=instances_limit, hurry=hurry)
        self._tracing = tracing

    async def rows(
        self, live: LiveModel, instances: Sequence[Row], logged: Sequence[Row] | None = None
    ) -> list[list[Row]]:
        """Have a model answer, as `Slots` does, within a span: its queue is part of it."""
        if not self._tracing.is_on():
            return await super().rows(live, instances, logged)
        facts = {
            "model": live.served.name,
            "version": live.served.version,
            "decision_id": live.served.decision_id,
            "instances": len(instances),
        }
        with self._tracing.span("model", facts):
            return await super().rows(live, instances, logged)


class TracedRecorder:
    """A prediction log whose writing is traced."""

    def __init__(self, recorder: Recorder, tracing: Tracing) -> None:
        self._recorder = recorder
        self._tracing = tracing

    def append(
        self,
        provenance: Provenance,
        instances: Sequence[Mapping[str, object]],
        answers: Sequence[Sequence[Mapping[str, object]]],
    ) -> list[str]:
        """Log one request."""
        if not self._tracing.is_on():
            return self._recorder.append(provenance, instances, answers)
        with self._tracing.span("log", {"rows": len(instances)}):
            return self._recorder.append(provenance, instances, answers)

    def append_together(self, entries: Sequence[Entry]) -> list[list[str]]:
        """Log requests of the fast path, none of which is traced."""
        return self._recorder.append_together(entries)
