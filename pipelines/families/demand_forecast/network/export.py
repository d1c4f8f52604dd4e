"""Writes trained networks as two ONNX graphs, node by node; the runtime needs no TensorFlow.

What the encoders make of a past is the same whatever is asked about the days ahead, so that it can
be kept; the decoders go on from there.

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

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.network.architecture import FIRST_STEP, SPREAD
from pipelines.families.demand_forecast.panel import HORIZON
from pipelines.families.demand_forecast.windows import SHAPES

OPSET, FORMAT = 17, 8
IDENTITY = ("static", "product", "group")
"""Inputs that are the same on every day."""
FLOAT, INTEGER = TensorProto.FLOAT, TensorProto.INT32


def encoder(networks: Sequence[keras.Model]) -> onnx.ModelProto:
    """Return a graph whose output `state` (1, n, states) is what all encoders end in.

    Its inputs are those of the networks that tell the past, by the same names.
    """
    drawn = _Drawing()
    history = drawn.node("Transpose", ["history"], perm=[1, 0, 2])
    states = [_encoded(drawn.member(place), each, history) for place, each in enumerate(networks)]
    drawn.node("Concat", [part for pair in states for part in pair], output="state", axis=2)
    given = [_input(name) for name in ("history", *IDENTITY)]
    return _model(drawn, "encoder", given, [_state(networks)])


def decoder(networks: Sequence[keras.Model]) -> onnx.ModelProto:
    """Return a graph whose outputs `mean` (n, h) and `quantiles` (n, h, 5) average the networks'.

    Its inputs are the `state` and those of the networks that tell the days ahead, with `anchor`;
    of these it may be given the first few alone.
    """
    drawn = _Drawing()
    future = drawn.node("Transpose", ["future"], perm=[1, 0, 2])
    units = np.array([_units(each) for each in networks for _ in range(2)])
    states = drawn.several("Split", ["state", drawn.constant(units)], [""] * len(units), axis=2)
    answers = [
        _decoded(drawn.member(place), each, future, states[2 * place : 2 * place + 2])
        for place, each in enumerate(networks)
    ]
    drawn.node("Mean", [mean for mean, _ in answers], output="mean")
    drawn.node("Mean", [quantiles for _, quantiles in answers], output="quantiles")
    given = [_input(name) for name in ("future", "anchor", *IDENTITY)]
    return _model(drawn, "decoder", [*given, _state(networks)], _outputs())


def _model(
    drawn: _Drawing,
    name: str,
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    model = helper.make_model(
        helper.make_graph(drawn.nodes, name, inputs, outputs, drawn.constants),
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


def _encoded(drawn: _Drawing, network: keras.Model, history: str) -> list[str]:
    """Return hidden and cell state behind the last day of the past, each (1, n, units)."""
    identity = _identity(drawn, network)
    past = drawn.node("Concat", [history, _each_day(drawn, identity, history)], axis=2)
    return _lstm(drawn, network.get_layer("encoder"), [past])[1:]


def _decoded(
    drawn: _Drawing, network: keras.Model, future: str, state: list[str]
) -> tuple[str, str]:
    identity = _identity(drawn, network)
    ahead = drawn.node("Concat", [future, _each_day(drawn, identity, future)], axis=2)
    walked, _, _ = _lstm(drawn, network.get_layer("decoder"), [ahead, "", *state])
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


def _units(network: keras.Model) -> int:
    return int(network.get_layer("encoder").units)


def _state(networks: Sequence[keras.Model]) -> onnx.ValueInfoProto:
    width = 2 * sum(_units(each) for each in networks)
    return helper.make_tensor_value_info("state", FLOAT, [1, "n", width])


def _input(name: str) -> onnx.ValueInfoProto:
    kind = INTEGER if name in ("product", "group") else FLOAT
    return helper.make_tensor_value_info(name, kind, ["n", *_given(SHAPES[name])])


def _given(shape: tuple[int, ...]) -> list[int | str]:
    return ["days" if size == HORIZON else size for size in shape]


def _outputs() -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info("mean", FLOAT, ["n", "days"]),
        helper.make_tensor_value_info("quantiles", FLOAT, ["n", "days", len(SPREAD[0])]),
    ]
