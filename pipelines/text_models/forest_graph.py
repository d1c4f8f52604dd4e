"""A random forest as an ONNX graph: counts in, class shares out, tokenising left outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.text_kernel.heads import FOREST_FILE

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin


def write_forest(classifier: ClassifierMixin, width: int, directory: Path) -> None:
    """Convert a fitted forest and write it for `ForestHead`."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    model = to_onnx(
        classifier,
        initial_types=[("counts", FloatTensorType([None, width]))],
        options={id(classifier): {"zipmap": False}},
    )
    (directory / FOREST_FILE).write_bytes(model.SerializeToString())
