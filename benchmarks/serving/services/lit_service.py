"""LitServe's server as its documentation writes it: one worker, batched where asked.

Runs in LitServe's own environment: MODEL names a joblib file, BATCH is 1 for batching, PORT.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import joblib  # type: ignore[import-untyped]
import litserve  # type: ignore[import-not-found]

BATCHED = os.environ["BATCH"] == "1"


class Single(litserve.LitAPI):  # type: ignore[misc]
    """One text a call."""

    def setup(self, device: str) -> None:
        del device
        self._model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, str]) -> str:
        return request["text"]

    def predict(self, text: Any) -> Any:
        return str(self._model.predict([text])[0])

    def encode_response(self, output: str) -> dict[str, str]:
        return {"label": output}


class Batched(Single):
    """Calls gathered by LitServe into one."""

    def batch(self, inputs: Sequence[str]) -> list[str]:
        return list(inputs)

    def predict(self, texts: Any) -> Any:
        return [str(label) for label in self._model.predict(texts)]

    def unbatch(self, output: Sequence[str]) -> list[str]:
        return list(output)


def main() -> None:
    api = Batched(max_batch_size=64, batch_timeout=0.002) if BATCHED else Single()
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False)


if __name__ == "__main__":
    main()
