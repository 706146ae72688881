"""Write, check and run networks as ONNX files. The only module that imports onnx and ONNX Runtime.

A file is checked before it runs: its size, its digest, its operators, and that all its values are in it. It runs on one
thread of the CPU, and without layouts that depend on the CPU, so that every CPU gives the same bytes
(docs/same-digits.md). $MICROEXPR_ONNX may name another provider of ONNX Runtime, with other digits."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.errors import ParamsError, StoreError
from microexpr.core.files import regular

CPU = "CPUExecutionProvider"
AGAIN = "; `make shipped` makes it again"
LARGEST = 2**28  # bytes of a file
DIGEST = "sha256"  # metadata key, the last of a file: the digest of everything before it
OPERATORS = {  # of this version's networks: none runs another graph or reads a file
    "Abs", "Add", "Asinh", "AveragePool", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv",
    "ConvTranspose", "Div", "Equal", "Exp", "Expand", "Flatten", "Gather", "Gemm", "GridSample", "Identity", "Log",
    "MatMul", "Mod", "Mul", "Neg", "Pow", "Range", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceProd",
    "ReduceSum", "Relu", "Reshape", "Resize", "Round", "Shape", "Sigmoid", "Sinh", "Slice", "Split", "Sqrt",
    "Squeeze", "Sub", "Tanh", "Tile", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A graph that is ready to run."""

    session: Any
    metadata: dict[str, str]

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        """Return the outputs, in the graph's order, for arrays by the names of inputs."""
        outputs: list[np.ndarray] = self.session.run(None, inputs)
        return outputs

    @property
    def fitted_on(self) -> tuple[str, ...]:
        """Provenance of the training data: origin/dataset/subject/clip."""
        return tuple(self.metadata.get("fitted_on", "").splitlines())


def load(path: str | Path, inputs: Sequence[str] | None = None) -> Network:
    """Load the network of a file that has these inputs, None: any. Raises StoreError if the file cannot be read, is
    damaged or of another network, or holds what none of ours does."""
    content, metadata = _read(path)
    network = _network(content, metadata, str(path))
    actual = [item.name for item in network.session.get_inputs()]
    if inputs is not None and actual != [*inputs]:
        raise StoreError(f"{path}: must have inputs {', '.join(inputs)}, not {', '.join(actual)}{AGAIN}")
    return network


def ends(path: str | Path) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return name, type and shape of each input and output of a file's graph, which is not run."""
    from onnx import ModelProto, TensorProto

    graph, items = ModelProto.FromString(_read(path)[0]).graph, list[tuple[str, str, tuple[str, ...]]]()
    for end, values in (("input", graph.input), ("output", graph.output)):
        for value in values:
            tensor = value.type.tensor_type
            kind = TensorProto.DataType.Name(tensor.elem_type).lower()
            shape = tuple(dim.dim_param or str(dim.dim_value) for dim in tensor.shape.dim)
            items.append((f"{end} {value.name}", f"tensor({kind})", shape))
    return items


def run(graph: bytes, fitted_on: Sequence[str] = ()) -> Network:
    """Return a graph that was made in this process, ready to run."""
    return _network(graph, {"fitted_on": "\n".join(sorted(fitted_on))}, "a graph")


def _network(content: bytes, metadata: dict[str, str], name: str) -> Network:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read at import: else it sends names of models to its makers
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4  # of none: errors are raised
    providers = [name for name in (os.environ.get("MICROEXPR_ONNX"), CPU) if name]
    if unknown := {*providers}.difference(onnxruntime.get_available_providers()):
        available = ", ".join(onnxruntime.get_available_providers())
        raise ParamsError(f"MICROEXPR_ONNX must be one of {available}, not {', '.join(unknown)}")
    try:
        session = onnxruntime.InferenceSession(content, options, providers=[*dict.fromkeys(providers)])
    except Exception as error:  # the package's exceptions have no common base
        raise StoreError(f"{name}: cannot be run by ONNX Runtime ({error})") from error
    return Network(session, metadata)


def write(path: str | Path, graph: bytes, fitted_on: Sequence[str], **metadata: str) -> None:
    """Write a graph with metadata: its training data (one a line), the others, and a digest of all of it."""
    entries = {"fitted_on": "\n".join(sorted(fitted_on)), **dict(sorted(metadata.items()))}
    content = graph + b"".join(_entry(key, value) for key, value in entries.items())
    with store.atomic(path) as part:
        part.write_bytes(content + _entry(DIGEST, hashlib.sha256(content).hexdigest()))


def _entry(key: str, value: str) -> bytes:
    """Return an entry of metadata, which may be appended to a file."""
    from onnx import ModelProto, StringStringEntryProto

    return ModelProto(metadata_props=[StringStringEntryProto(key=key, value=value)]).SerializeToString()


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the metadata of weights as ONNX or safetensors. Raises StoreError for a file that cannot be read."""
    return _read(path)[1] if Path(path).suffix == ".onnx" else store.read_metadata(path)


def _read(path: str | Path) -> tuple[bytes, dict[str, str]]:
    """Return a file and its metadata, after all checks."""
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    try:
        file = Path(regular(path, StoreError))
        if file.stat().st_size > LARGEST:
            raise StoreError(f"{path}: must be an ONNX file of at most {LARGEST >> 20} MB")
        content = file.read_bytes()
        model = ModelProto.FromString(content)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read as ONNX ({error.strerror})") from error
    except DecodeError as error:
        raise StoreError(f"{path}: cannot be read as ONNX{AGAIN}") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    digest = metadata.pop(DIGEST, "")
    if digest != hashlib.sha256(content.removesuffix(_entry(DIGEST, digest))).hexdigest():
        raise StoreError(f"{path}: is damaged{AGAIN}")
    if strange := sorted(set(_strange(model))):
        raise StoreError(f"{path}: must be a network of this version, not have {', '.join(strange)}")
    return content, metadata


def _strange(model: Any) -> Iterator[str]:
    """Yield objections to parts that no network of this version has: above all those that run or read anything else."""
    graph = model.graph
    if model.functions or model.training_info:
        yield "functions"
    if graph.sparse_initializer or graph.quantization_annotation:
        yield "sparse or quantised values"
    values = [*graph.initializer]
    for node in graph.node:
        if node.domain or node.op_type not in OPERATORS:
            yield f"operator {node.domain}{'.' * bool(node.domain)}{node.op_type}"
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                yield "graphs in graphs"
            values += [attribute.t, *attribute.tensors]
    if any(value.data_location or value.external_data for value in values):
        yield "values in another file"
