"""ONNX files: read as they were written, and whatever else a file of that format can hold is refused before it runs."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from microexpr.core import onnx
from microexpr.core.errors import ParamsError, StoreError

SUBJECTS = ["generated/population/p0002/*", "generated/population/p0001/*"]


def model(operator: str = "Mul", **options: str) -> ModelProto:
    """A graph that doubles its input."""
    value = helper.make_tensor_value_info
    return helper.make_model(
        helper.make_graph(
            [helper.make_node(operator, ["x", "two"], ["y"], **options)],
            "double",
            [value("x", TensorProto.FLOAT, ["n"])],
            [value("y", TensorProto.FLOAT, ["n"])],
            [numpy_helper.from_array(np.full(1, 2, np.float32), "two")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    onnx.write(tmp_path / "double.onnx", model().SerializeToString(), SUBJECTS, errors="[]", held_out="2 subjects")
    return tmp_path / "double.onnx"


def test_a_file_is_read_as_it_was_written_and_a_graph_runs_without_one(path) -> None:
    network = onnx.load(path, ["x"])
    assert network(x=np.arange(3, dtype=np.float32))[0].tolist() == [0, 2, 4]
    assert network.fitted_on == tuple(sorted(SUBJECTS))
    expected = {"fitted_on": "\n".join(sorted(SUBJECTS)), "errors": "[]", "held_out": "2 subjects"}
    assert network.metadata == onnx.read_metadata(path) == expected
    content = path.read_bytes()
    entries = {entry.key: entry.value for entry in ModelProto.FromString(content).metadata_props}  # by another reader
    assert entries.pop("sha256") and entries == expected
    onnx.write(path, model().SerializeToString(), SUBJECTS[::-1], held_out="2 subjects", errors="[]")
    assert path.read_bytes() == content  # in whatever order they were named
    network = onnx.run(model().SerializeToString(), SUBJECTS)
    assert network(x=np.ones(1, np.float32))[0].tolist() == [2] and network.fitted_on == tuple(sorted(SUBJECTS))


def test_damaged_bytes_are_seen_and_every_shorter_file_is_refused(path: Path) -> None:
    content = path.read_bytes()
    damaged = [bytearray(content) for _ in range(4)]
    for bad, position in zip(damaged, (0, 40, -100, -1), strict=True):
        bad[position] ^= 1
    for bad in (*damaged, *(content[:length] for length in range(len(content)))):
        path.write_bytes(bad)
        with pytest.raises(StoreError, match=r"double\.onnx: (is damaged|cannot be read as ONNX)"):
            onnx.load(path, ["x"])


def test_files_of_other_kinds_or_inputs_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match=r"double\.onnx: must have inputs face, not x; `make shipped` makes it again$"):
        onnx.load(path, ["face"])
    with pytest.raises(StoreError, match=r"none\.onnx: cannot be read as ONNX \(No such file"):
        onnx.load(path.with_name("none.onnx"), ["x"])
    path.write_text("a note\n")
    with pytest.raises(StoreError, match=r"double\.onnx: cannot be read as ONNX"):
        onnx.load(path, ["x"])
    monkeypatch.setattr(onnx, "LARGEST", 3)
    with pytest.raises(StoreError, match="must be an ONNX file of at most"):
        onnx.load(path, ["x"])


EXTERNAL = TensorProto(data_location=TensorProto.EXTERNAL)


def other_file(model: ModelProto) -> None:
    model.graph.initializer[0].MergeFrom(EXTERNAL)
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def node(**fields: object) -> Callable[[ModelProto], None]:
    """Return a change of the graph's operator."""
    return lambda model: model.graph.node[0].MergeFrom(NodeProto(**fields))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (node(op_type="Gelu"), "must be a network of this version, not have operator Gelu"),
        (node(domain="com.microsoft"), "operator com.microsoft.Mul"),
        (node(attribute=[AttributeProto(name="then_branch", g=model().graph)]), "graphs in graphs"),
        (lambda model: model.functions.add(name="Mul"), "functions"),
        (other_file, "values in another file"),
        (node(attribute=[AttributeProto(name="value", t=EXTERNAL)]), "values in another file"),
        (lambda model: model.graph.sparse_initializer.add(), "sparse or quantised values"),
        (lambda m: m.CopyFrom(model("Add", unknown="option")), "cannot be run by ONNX Runtime"),
    ],
)
def test_what_no_network_of_ours_has_is_refused(change, message: str, tmp_path: Path) -> None:
    """Though its digest is right."""
    change(strange := model())
    onnx.write(tmp_path / "strange.onnx", strange.SerializeToString(), [])
    with pytest.raises(StoreError, match=rf"strange\.onnx: .*{message}"):
        onnx.load(tmp_path / "strange.onnx", ["x"])


def test_another_provider_must_be_there_but_not_to_know_the_ends_of_a_graph(path, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MICROEXPR_ONNX", "CPUExecutionProvider")
    assert onnx.load(path)(x=np.ones(1, np.float32))[0].tolist() == [2]
    monkeypatch.setenv("MICROEXPR_ONNX", "NoProvider")
    with pytest.raises(ParamsError, match=r"MICROEXPR_ONNX must be one of .*CPUExecutionProvider.*, not NoProvider"):
        onnx.load(path)
    onnx.write(tmp_path / "a.onnx", model("Div").SerializeToString(), SUBJECTS)
    assert onnx.ends(tmp_path / "a.onnx") == [
        ("input x", "tensor(float)", ("n",)),
        ("output y", "tensor(float)", ("n",)),
    ]


def test_onnx_runtime_tells_nobody_what_it_runs():
    code = "import os; from microexpr.core import files, onnx; onnx.load(files.shipped('predict.onnx')); "
    code += "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
