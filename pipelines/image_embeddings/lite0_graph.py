"""Draws EfficientNet-Lite0 as an ONNX graph (Tan and Le 2019, the variant without attention)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Tensors = Mapping[str, NDArray[np.float32] | NDArray[np.int64]]

BLOCKS = 16
HALVING = {1, 3, 5, 11}
"""Blocks whose depthwise convolution takes every second pixel."""
NORM_EPSILON = 1e-3
OPSET = 17


class _Drawing:
    """Collects nodes and their constants; each method adds a layer behind the last."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def convolution(self, source: str, conv: str, norm: str, stride: int = 1) -> str:
        """Add a convolution with its batch normalisation folded into kernel and bias."""
        kernel = self._tensors[f"{conv}.weight"].astype(np.float64)
        weight, bias, mean, variance = (
            self._tensors[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + NORM_EPSILON)
        folded = (kernel * scale[:, None, None, None]).astype(np.float32)
        shift = (bias - mean * scale).astype(np.float32)
        depthwise = kernel.shape[1] == 1
        return self.node(
            "Conv",
            [source, self.constant(f"{conv}.kernel", folded), self.constant(f"{conv}.bias", shift)],
            f"{conv}.out",
            strides=[stride, stride],
            kernel_shape=list(kernel.shape[2:]),
            group=kernel.shape[0] if depthwise else 1,
            auto_pad="SAME_UPPER",
        )

    def clipped(self, source: str) -> str:
        """Add the activation: values outside 0 to 6 are cut off."""
        return self.node("Clip", [source, "zero", "six"], f"{source}.clipped")

    def block(self, source: str, number: int) -> str:
        """Add an inverted residual block: widen, convolve each channel, narrow, add."""
        name = f"_blocks.{number}"
        inner = source
        if f"{name}._expand_conv.weight" in self._tensors:
            inner = self.clipped(self.convolution(inner, f"{name}._expand_conv", f"{name}._bn0"))
        stride = 2 if number in HALVING else 1
        inner = self.clipped(
            self.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        )
        narrow = self.convolution(inner, f"{name}._project_conv", f"{name}._bn2")
        if stride == 1 and self._same_width(name):
            return self.node("Add", [narrow, source], f"{name}.out")
        return narrow

    def _same_width(self, name: str) -> bool:
        expand = self._tensors.get(f"{name}._expand_conv.weight")
        project = self._tensors[f"{name}._project_conv.weight"]
        return expand is not None and expand.shape[1] == project.shape[0]

    def network(self) -> None:
        """Add the whole network: RGB bytes in, pooled features and class scores out."""
        self.constant("zero", np.array(0, np.float32))
        self.constant("six", np.array(6, np.float32))
        # The scale that the weights were trained with.
        self.node("Cast", ["pictures"], "numbers", to=1)
        self.node("Sub", ["numbers", self.constant("centre", np.array(127, np.float32))], "centred")
        self.node("Div", ["centred", self.constant("spread", np.array(128, np.float32))], "scaled")
        last = self.node("Transpose", ["scaled"], "channels_first", perm=[0, 3, 1, 2])
        last = self.clipped(self.convolution(last, "_conv_stem", "_bn0", 2))
        for number in range(BLOCKS):
            last = self.block(last, number)
        last = self.clipped(self.convolution(last, "_conv_head", "_bn1"))
        self.node("Flatten", [self.node("GlobalAveragePool", [last], "pooled")], "embedding")
        weight = self.constant("classes.weight", self._tensors["_fc.weight"])
        bias = self.constant("classes.bias", self._tensors["_fc.bias"])
        self.node("Gemm", ["embedding", weight, bias], "logits", transB=1)


def serialised(tensors: Tensors) -> bytes:
    """Return the ONNX file: `pictures` (n, side, side, 3) bytes to `embedding` and `logits`."""
    from onnx import TensorProto, checker, helper

    drawing = _Drawing(tensors)
    drawing.network()
    graph = helper.make_graph(
        drawing.nodes,
        "efficientnet_lite0",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1280]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 1000]),
        ],
        drawing.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    checker.check_model(model)
    return bytes(model.SerializeToString())
