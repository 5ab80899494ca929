"""Small ONNX files for tests."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_graph(
    path: Path, nodes: list, inputs: dict[str, list], outputs: dict[str, list], **weights: list
) -> Path:
    """Write a graph; inputs and outputs are name -> shape, with text for any length."""
    values = [
        helper.make_tensor(name, TensorProto.INT64, [len(data)], data)
        for name, data in weights.items()
    ]
    tensors = [
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in one.items()]
        for one in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "tiny", *tensors, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return path
