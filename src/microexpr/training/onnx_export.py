"""Trained networks as ONNX graphs, with the same bytes on every CPU."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.onnx import symbolic_helper

OPSET = 17  # version of the operators, from 16 on with GridSample


def _powers(graph: Any, values: Any, axis: int) -> tuple[Any, Any, Any]:
    """Add operators for `values` less their largest, the powers of e by these, and the sum of these powers."""
    less = graph.op("Sub", values, graph.op("ReduceMax", values, axes_i=[axis], keepdims_i=1))
    powers = graph.op("Exp", less)
    total = graph.op("ReduceSum", powers, graph.op("Constant", value_t=torch.tensor([axis])), keepdims_i=1)
    return less, powers, total


@symbolic_helper.parse_args("v", "i", "none")
def _softmax(graph: Any, values: Any, axis: int, _: Any) -> Any:
    _, powers, total = _powers(graph, values, axis)
    return graph.op("Div", powers, total)


@symbolic_helper.parse_args("v", "i", "none")
def _log_softmax(graph: Any, values: Any, axis: int, _: Any) -> Any:
    less, _, total = _powers(graph, values, axis)
    return graph.op("Sub", less, graph.op("Log", total))


SYMBOLIC: dict[str, Any] = {
    # which the exporter does not know
    "sinh": lambda graph, values: graph.op("Sinh", values),
    "asinh": lambda graph, values: graph.op("Asinh", values),
    # by operators with the same bytes on every CPU; ONNX Runtime's own softmax has others
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}


def graph(network: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> bytes:
    """Return a network in eval() as an ONNX graph with inputs like these, and outputs of these names.

    The first axis of an output is free, and that of every input which is longer than 1 here."""
    for name, symbolic in SYMBOLIC.items():
        torch.onnx.register_custom_op_symbolic(f"aten::{name}", symbolic, OPSET)
    free = [*(name for name, value in inputs.items() if len(value) > 1), *outputs]
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter writes other operators, and needs more packages
        torch.onnx.export(
            network.eval().requires_grad_(False),
            (*inputs.values(),),
            content,  # type: ignore[arg-type]
            input_names=[*inputs],
            output_names=[*outputs],
            dynamic_axes={name: {0: "n"} for name in free},
            opset_version=OPSET,
            dynamo=False,
        )
    return content.getvalue()
