"""Writes trained networks as one ONNX graph, node by node; the runtime needs no TensorFlow.

Days come first inside the graph, as ONNX's LSTM wants them. Its gates are ordered input, output,
forget, cell, where Keras has input, forget, cell, output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pipelines.families.demand_forecast.network.architecture import FIRST_STEP, SPREAD
from pipelines.families.demand_forecast.panel import HORIZON
from pipelines.families.demand_forecast.windows import SHAPES, Array

OPSET, FORMAT = 17, 8
FLOAT, INTEGER = TensorProto.FLOAT, TensorProto.INT32


def graph(networks: Sequence[keras.Model]) -> onnx.ModelProto:
    """Return a graph whose outputs `mean` (n, h) and `quantiles` (n, h, 5) average the networks'.

    Its inputs are those of the networks and `anchor`, by the same names; of the days ahead it may
    be given the first few alone.
    """
    drawn = _Drawing()
    history = drawn.node("Transpose", ["history"], perm=[1, 0, 2])
    future = drawn.node("Transpose", ["future"], perm=[1, 0, 2])
    answers = [
        _member(drawn.member(place), each, history, future) for place, each in enumerate(networks)
    ]
    drawn.node("Mean", [mean for mean, _ in answers], output="mean")
    drawn.node("Mean", [quantiles for _, quantiles in answers], output="quantiles")
    model = helper.make_model(
        helper.make_graph(drawn.nodes, "demand", _inputs(), _outputs(), drawn.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=FORMAT,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class _Drawing:
    """Nodes and constants in order, names numbered; members share one drawing."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._prefix = "shared"

    def member(self, place: int) -> _Drawing:
        self._prefix = f"member{place}"
        return self

    def constant(self, value: Array) -> str:
        name = f"{self._prefix}/constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str = "", **settings: Any) -> str:
        return self.several(kind, inputs, [output], **settings)[0]

    def several(
        self, kind: str, inputs: list[str], outputs: list[str], **settings: Any
    ) -> list[str]:
        start = f"{self._prefix}/{kind}{len(self.nodes)}"
        names = [name or f"{start}/{place}" for place, name in enumerate(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=start, **settings))
        return names


def _member(drawn: _Drawing, network: keras.Model, history: str, future: str) -> tuple[str, str]:
    identity = _identity(drawn, network)
    past = drawn.node("Concat", [history, _each_day(drawn, identity, history)], axis=2)
    _, hidden, cell = _lstm(drawn, network.get_layer("encoder"), [past])
    ahead = drawn.node("Concat", [future, _each_day(drawn, identity, future)], axis=2)
    walked, _, _ = _lstm(drawn, network.get_layer("decoder"), [ahead, "", hidden, cell])
    walked = drawn.node("Squeeze", [walked, drawn.constant(np.array([1]))])
    both = drawn.node("Concat", [walked, ahead], axis=2)
    thought = _dense(drawn, network.get_layer("thought"), both)
    thought = drawn.node("Mul", [thought, drawn.node("Sigmoid", [thought])])
    corrections = _dense(drawn, network.get_layer("corrections"), thought)
    return _distribution(drawn, drawn.node("Transpose", [corrections], perm=[1, 0, 2]))


def _identity(drawn: _Drawing, network: keras.Model) -> str:
    vectors = [
        drawn.node("Gather", [drawn.constant(_weights(network.get_layer(layer))[0]), number])
        for layer, number in (("group_vector", "group"), ("product_vector", "product"))
    ]
    return drawn.node("Concat", ["static", *vectors], axis=1)


def _each_day(drawn: _Drawing, identity: str, like: str) -> str:
    """Repeat the identity for each of the days, however many, that `like` has."""
    days = drawn.node("Shape", [like], start=0, end=1)
    ones = drawn.constant(np.array([1, 1]))
    return drawn.node("Expand", [identity, drawn.node("Concat", [days, ones], axis=0)])


def _lstm(drawn: _Drawing, layer: keras.layers.LSTM, inputs: list[str]) -> list[str]:
    kernel, recurrent, bias = _weights(layer)

    def gates(weights: Array) -> Array:
        first, forget, cell, output = np.split(weights, 4, axis=-1)
        return np.concatenate([first, output, forget, cell], axis=-1)

    biases = np.concatenate([gates(bias), np.zeros_like(bias)])
    weights = [drawn.constant(value[None]) for value in (gates(kernel).T, gates(recurrent).T)]
    given = [inputs[0], *weights, drawn.constant(biases[None]), *inputs[1:]]
    return drawn.several("LSTM", given, ["", "", ""], hidden_size=int(layer.units))


def _dense(drawn: _Drawing, layer: keras.layers.Dense, given: str) -> str:
    kernel, bias = _weights(layer)
    product = drawn.node("MatMul", [given, drawn.constant(kernel)])
    return drawn.node("Add", [product, drawn.constant(bias)])


def _distribution(drawn: _Drawing, corrections: str) -> tuple[str, str]:
    """Draw `architecture.distribution`."""
    split = drawn.constant(np.array([1, 1, len(SPREAD)]))
    first, second, steps = drawn.several("Split", [corrections, split], ["", "", ""], axis=2)
    last = drawn.constant(np.array([2]))
    anchor = drawn.node("Unsqueeze", ["anchor", last])
    mean = drawn.node("Softplus", [drawn.node("Add", [anchor, first])])
    start = drawn.constant(np.array(FIRST_STEP, dtype=np.float32))
    grown = drawn.node("Softplus", [drawn.node("Add", [steps, start])])
    spread = drawn.node("MatMul", [grown, drawn.constant(SPREAD)])
    median = drawn.node("Add", [anchor, second])
    quantiles = drawn.node("Softplus", [drawn.node("Add", [median, spread])])
    return drawn.node("Squeeze", [mean, last]), quantiles


def _weights(layer: keras.layers.Layer) -> list[Array]:
    return [np.asarray(value, dtype=np.float32) for value in layer.get_weights()]


def _inputs() -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(
            name, INTEGER if name in ("product", "group") else FLOAT, ["n", *_given(shape)]
        )
        for name, shape in SHAPES.items()
    ]


def _given(shape: tuple[int, ...]) -> list[int | str]:
    return ["days" if size == HORIZON else size for size in shape]


def _outputs() -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info("mean", FLOAT, ["n", "days"]),
        helper.make_tensor_value_info("quantiles", FLOAT, ["n", "days", len(SPREAD[0])]),
    ]
