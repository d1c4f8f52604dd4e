"""`python -m pipelines.versions.flavour_worker DIRECTORY`: a process that may import MLflow.

Answers one line of JSON on stdin with one on stdout. Runs what has no compiled form: our own
plain models, and versions from elsewhere in whatever flavour MLflow can load.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson
import pandas as pd

from features.orphans import end_with_parent
from pipelines.contract import RequestRefused, Row
from pipelines.versions.answers import plain, rows_of
from pipelines.versions.artifact import Contract, open_package

if TYPE_CHECKING:
    from collections.abc import Sequence

Predict = Callable[[pd.DataFrame], object]
UNNAMED = frozenset({"0", "prediction", "predictions", "output", "outputs"})
"""What libraries and MLflow call a single output that nobody named."""
ERROR_CHARACTERS = 500


class WrongAnswer(ValueError):
    """A model answered something that is not what its contract promises."""


def main(directory: Path, digest: str | None = None) -> None:
    """Serve the package in `directory`, and none of another digest, until stdin ends."""
    end_with_parent(os.getppid())
    # A model may print; the lines of the protocol must not be mixed with that.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    contract = open_package(directory, expected_digest=digest).contract
    predict = _own(directory, contract) if contract.origin == "contender" else _foreign(directory)
    _write(answers, {"ready": True})
    for line in sys.stdin.buffer:
        _write(answers, _answer(predict, contract, orjson.loads(line)["instances"]))


def rows_from(output: object, contract: Contract, index: pd.Index) -> list[list[Row]]:
    """Return whatever a model answered as response rows. Raises `WrongAnswer`."""
    columns = contract.response_schema["properties"]
    assert isinstance(columns, dict)
    frame = _frame(output, contract.target, list(columns), index)
    if len(frame) != len(index):
        raise WrongAnswer(f"{len(frame)} answers to {len(index)} instances")
    frame.index = index
    return rows_of(frame, index)


def _own(directory: Path, contract: Contract) -> Predict:
    from pipelines import catalog
    from pipelines.versions.packaging import PLAIN

    return catalog.family(contract.family).restore(directory / PLAIN).predict


def _foreign(directory: Path) -> Predict:
    import mlflow.pyfunc

    from pipelines.registry.client import WRAPPED_MODEL

    predict: Predict = mlflow.pyfunc.load_model(str(directory / WRAPPED_MODEL)).predict
    return predict


def _answer(predict: Predict, contract: Contract, instances: Sequence[Row]) -> dict[str, object]:
    index = pd.RangeIndex(len(instances), name="request")
    columns = contract.request_schema["properties"]
    assert isinstance(columns, dict)
    frame = pd.DataFrame(list(instances), index=index, columns=list(columns))
    try:
        output = predict(frame)
        if contract.many and isinstance(output, pd.DataFrame):
            return {"rows": rows_of(output, index)}
        return {"rows": rows_from(output, contract, index)}
    except RequestRefused as refusal:
        return {"refused": str(refusal)}
    # The border to code that is not ours: whatever it raises becomes an answer.
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS]}


def _frame(output: object, target: str, columns: list[str], index: pd.Index) -> pd.DataFrame:
    if isinstance(output, pd.DataFrame):
        if target in output.columns:
            return output[[name for name in columns if name in output.columns]]
        if output.shape[1] == 1 and str(output.columns[0]) in UNNAMED:
            return output.set_axis([target], axis=1)
        found = ", ".join(map(str, output.columns))
        raise WrongAnswer(f"the answer has columns {found}; wanted is {target}")
    values = output.tolist() if hasattr(output, "tolist") else output
    if not isinstance(values, list):
        raise WrongAnswer(f"the answer is a {type(output).__name__}, neither a frame nor a list")
    flat = [entry[0] if isinstance(entry, list) and len(entry) == 1 else entry for entry in values]
    if any(isinstance(entry, list) for entry in flat):
        raise WrongAnswer(f"the answer has several unnamed columns; wanted is {target}")
    if flat and isinstance(flat[0], dict):
        return _frame(pd.DataFrame(flat), target, columns, index)
    return pd.DataFrame({target: [plain(entry) for entry in flat]})


def _write(stream: BinaryIO, document: dict[str, object]) -> None:
    stream.write(orjson.dumps(document) + b"\n")
    stream.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
