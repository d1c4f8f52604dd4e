"""`python -m benchmarks.batching_server PACKAGE WAY PORT`: one package, the whole application.

The home is that of `CONTENDER_HOME`; nobody has decided anything there, so the package stays.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import uvicorn

from pipelines.settings import load_settings
from pipelines.versions.artifact import open_package
from serving.composition import compose
from serving.live.answers import ServedModel
from serving.live.loaded import LiveModel, load

WAYS = ("alone", "together")


def serve(directory: Path, way: str, port: int) -> None:
    """Serve one package, whatever its warm-up says about batching."""
    package = open_package(directory)
    loaded = load(package)
    if way == "alone":
        loaded = replace(loaded, batch_ms=None)
    elif not (loaded.cost.batches or loaded.cost.gathers):
        slow = max(loaded.instance_ms, 0.5)
        loaded = replace(loaded, instance_ms=slow, batch_ms=slow)
    model = package.contract.family
    app = compose(load_settings())
    served = ServedModel(model, "1", "d000001-000000", 1, package.digest)
    app.state.services.slots.put(LiveModel(served, loaded))
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
