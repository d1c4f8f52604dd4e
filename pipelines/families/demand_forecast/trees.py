"""The light form of boosting: inputs of the trees, and the trees as an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.temporal import Floats, day_of_month, month
from pipelines.families.demand_forecast.estimators import Rows
from pipelines.families.demand_forecast.panel import HORIZON, Windows
from pipelines.families.demand_forecast.windows import inputs

if TYPE_CHECKING:
    import onnxruntime

GRAPH_FILE = "trees.onnx"
RECENT_DAYS = 14
LARGEST_CORRECTION = 3.0
"""Logarithm of the most that the trees may multiply a seasonal mean by."""

Correct = Callable[[Floats], Rows]


def table(windows: Windows) -> tuple[Floats, Rows, Rows]:
    """Return what the trees read [n, horizon, columns], the seasonal mean [n, horizon], the scale.

    Of windows of `HORIZON` days.
    """
    seen = inputs(windows, np.ones(len(windows), dtype=np.float32))
    days = windows.dates[:, windows.history :]
    calendar = np.stack([day_of_month(days), month(days)], axis=2).astype(np.float32)
    steady = np.concatenate([seen.static, seen.history[:, -RECENT_DAYS:, 0]], axis=1)
    repeated = np.repeat(steady[:, None, :], HORIZON, axis=1)
    base = seen.base.astype(np.float64) * seen.scale[:, None]
    columns = np.concatenate([seen.future, calendar, repeated], axis=2)
    return columns.astype(np.float32), base, seen.scale.astype(np.float64)


def answered(windows: Windows, correct: Correct) -> Rows:
    """Return the seasonal means, corrected by the trees, [n, horizon]."""
    horizon = windows.horizon
    rows, base, _ = table(windows.padded())
    raw = correct(rows.reshape(-1, rows.shape[2])).reshape(base.shape)
    point = base * np.exp(np.clip(raw, -LARGEST_CORRECTION, LARGEST_CORRECTION))
    return np.asarray(point[:, :horizon])


class ServedTrees:
    """The trees in ONNX Runtime."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def point(self, windows: Windows) -> Rows:
        """Return the forecasts, [n, horizon]."""
        return answered(windows, self._corrections)

    def _corrections(self, rows: Floats) -> Rows:
        (raw,) = self._session.run(None, {"rows": rows})
        return np.asarray(raw[:, 0], dtype=np.float64)

    @classmethod
    def open(cls, directory: Path) -> ServedTrees:
        """Open what `write_trees` wrote."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            directory / GRAPH_FILE, options, providers=["CPUExecutionProvider"]
        )
        return cls(session)


def write_trees(model: Mapping[str, Any], directory: Path) -> None:
    """Write what LightGBM's `dump_model` returned as an ONNX graph.

    Thresholds are rounded down to float32: a float32 is at most the one exactly when it is at most
    the other, so every row falls into the same leaf.
    """
    from onnx import TensorProto, checker, helper

    columns = _Columns()
    for number, tree in enumerate(model["tree_info"]):
        columns.add(number, tree["tree_structure"])
    settings: dict[str, Any] = {"n_targets": 1, "aggregate_function": "SUM"}
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["raw"],
        domain="ai.onnx.ml",
        **(settings | columns.attributes),
    )
    width = int(model["max_feature_idx"]) + 1
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    written = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(written)
    (directory / GRAPH_FILE).write_bytes(written.SerializeToString())


class _Columns:
    """The attributes of ONNX's tree ensemble, one entry for each node of each tree."""

    def __init__(self) -> None:
        names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids")
        self.attributes: dict[str, list[Any]] = {f"nodes_{name}": [] for name in names}
        self.attributes["nodes_falsenodeids"] = []
        leaves = ("treeids", "nodeids", "ids", "weights")
        self.attributes |= {f"target_{name}": [] for name in leaves}
        self._tree, self._next = 0, 0

    def add(self, tree: int, root: Mapping[str, Any]) -> None:
        """Take in one tree."""
        self._tree, self._next = tree, 0
        self._node(root)

    def _node(self, node: Mapping[str, Any]) -> int:
        number = self._next
        self._next += 1
        if "split_feature" not in node:
            self._row(number, 0, "LEAF", 0.0)
            self._leaf(number, float(node["leaf_value"]))
            return number
        place = len(self.attributes["nodes_nodeids"])
        self._row(number, int(node["split_feature"]), "BRANCH_LEQ", _down(node["threshold"]))
        self.attributes["nodes_truenodeids"][place] = self._node(node["left_child"])
        self.attributes["nodes_falsenodeids"][place] = self._node(node["right_child"])
        return number

    def _row(self, number: int, feature: int, mode: str, value: float) -> None:
        entries = {
            "treeids": self._tree,
            "nodeids": number,
            "featureids": feature,
            "modes": mode,
            "values": value,
            "truenodeids": 0,
            "falsenodeids": 0,
        }
        for name, entry in entries.items():
            self.attributes[f"nodes_{name}"].append(entry)

    def _leaf(self, number: int, value: float) -> None:
        entries = {"treeids": self._tree, "nodeids": number, "ids": 0, "weights": value}
        for name, entry in entries.items():
            self.attributes[f"target_{name}"].append(entry)


def _down(threshold: float) -> float:
    """Return the largest float32 that is not above the threshold."""
    rounded = np.float32(threshold)
    if float(rounded) > threshold:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return float(rounded)
