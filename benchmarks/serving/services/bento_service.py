"""BentoML's server as its documentation writes it: the model in a service, batched where asked.

Runs in BentoML's own environment: MODEL names a joblib file, BATCH is 1 for adaptive batching.
"""

from __future__ import annotations

import os

import bentoml  # type: ignore[import-not-found]
import joblib  # type: ignore[import-untyped]

BATCHED = os.environ["BATCH"] == "1"


@bentoml.service(workers=1, traffic={"timeout": 60})
class Single:
    """One text a call."""

    def __init__(self) -> None:
        self._model = joblib.load(os.environ["MODEL"])

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, text: str) -> str:
        return str(self._model.predict([text])[0])


@bentoml.service(workers=1, traffic={"timeout": 60})
class Batched:
    """Calls gathered by BentoML into one."""

    def __init__(self) -> None:
        self._model = joblib.load(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)  # type: ignore[untyped-decorator]
    def predict(self, texts: list[str]) -> list[str]:
        return [str(label) for label in self._model.predict(texts)]


Service = Batched if BATCHED else Single
