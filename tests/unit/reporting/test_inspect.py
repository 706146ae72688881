"""The output of `inspect` for a file."""

import re

import h5py
import numpy as np
import pytest
from rich.console import Console

from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import MicroexprError, StoreError
from microexpr.core.files import WEIGHTS
from microexpr.reporting.inspect import chain, tree, values


def printed(tree) -> str:
    with (console := Console(width=200)).capture() as captured:
        console.print(tree)
    return captured.get()


@pytest.mark.parametrize(
    ("datasets", "names", "more"),
    [
        (("score", "score", "score"), ["EP00/"], "and 2 more like it"),
        (("score", "onset", "onset"), ["EP00/", "EP01/"], "and 1 more like these"),
    ],
)
def test_groups_that_are_alike_are_counted_not_repeated(datasets, names, more, tmp_path):
    with store.create(tmp_path / "a.h5", "apex", {}) as file:
        for number, name in enumerate(datasets):
            file.group(f"EP0{number}").put(name, number if name == "onset" else [0.0] * (number + 1))
    text = printed(tree(tmp_path / "a.h5"))
    assert re.findall(r"EP0\d/", text) == names and more in text


def test_a_foreign_files_brackets_are_text_and_the_storage_of_its_datasets_is_shown(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["note"] = "[/bold] " + "x" * 200
        file["[red]"] = [1, 2]
        file["fields"] = np.zeros(1, [("[/b]\x1b", "f4")])
        file.create_dataset("plain", data=[[1, 2], [3, 4]])
        file.create_dataset("packed", data=[0] * 1000, chunks=(500,), compression="gzip")
        size = file["packed"].id.get_storage_size()
    text = printed(tree(tmp_path / "a.h5"))
    assert "fields [('[/b]\\x1b', '<f4')] 1" in text and "\x1b" not in text
    assert "[/bold]" in text and "[red] int64 2" in text and "(208 characters)" in text
    assert "plain int64 2 x 2; contiguous, uncompressed, 32 B" in text
    assert size < 8000 and f"packed int64 1000; chunks 500, gzip, {size} B" in text


def test_chains_of_files_without_groups_and_damaged_weights(tmp_path, capsys):
    with store.create(tmp_path / "a.h5", "train", {}) as file:
        file.put("fitted_on", ["licensed/samm/006/006_1_2", "licensed/samm/007/*"])
    text = " ".join(printed(chain(tmp_path / "a.h5")).split())
    assert "licensed/samm 2 subjects, clips of each: 006 1, 007 all" in text
    with store.create(tmp_path / "b.h5", "train", {}):
        pass
    assert "was fitted on nothing" in printed(chain(tmp_path / "b.h5"))
    (tmp_path / "a.onnx").write_bytes(b"nothing of the kind")
    assert main(["inspect", str(tmp_path / "a.onnx")]) == 1
    assert "a.onnx: cannot be read as ONNX" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([b"a/b"], "the whole file must be fitted on origin/dataset/subject/clip, not 'a/b'"),
        ([b"\xff"], "/fitted_on must be text in UTF-8"),
        ([1, 2], "/fitted_on must be text in UTF-8"),
        ({}, "/fitted_on must be text in UTF-8"),
    ],
)
def test_a_chain_of_something_else_is_an_error_of_one_line(value, message, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("fitted_on") if value == {} else file.create_dataset("fitted_on", data=np.array(value))
    with pytest.raises(StoreError, match=f"a.h5: {message}"):
        chain(tmp_path / "a.h5")


GRID = np.arange(60).reshape(3, 4, 5)


@pytest.fixture
def numbers(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["clip/grid"], file["clip/names"], file["clip/rate"] = GRID, ["onset", "apex \x1b"], 200.5
    return tmp_path / "a.h5"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("clip/grid[0, 1]", GRID[0, 1]),
        ("/clip/grid[1:, 2, ::2]", GRID[1:, 2, ::2]),
        ("clip/grid[..., -1]", GRID[..., -1]),
        ("clip/grid", GRID),
        ("clip/rate", 200.5),
    ],
)
def test_the_values_of_a_slice_are_those_of_numpy(numbers, selection, expected):
    heading, *lines = values(numbers, selection, 1000)
    assert heading.startswith("clip/") and lines == str(expected).splitlines()


def test_values_of_any_kind_are_printed_but_no_more_than_the_limit(numbers):
    with h5py.File(numbers, "a") as file:
        file["bytes"], file["long"] = np.array([b"\xffa"]), np.arange(100)
        file.create_dataset("arrays", (2,), h5py.vlen_dtype("i4"))
        file["pairs"], file["places"] = np.zeros(1, [("a", "f4"), ("b", "S1")]), np.array([file.ref], h5py.ref_dtype)
    lines = {name: values(numbers, name, 10)[1] for name in ("bytes", "arrays", "pairs", "places")}
    assert lines == {
        "bytes": "['\N{REPLACEMENT CHARACTER}a']", "arrays": "['[]' '[]']", "pairs": "[(0., b'')]",
        "places": "['<HDF5 object reference>']",
    }  # fmt: skip
    assert values(numbers, "clip/names[1]", 10)[1:] == ["apex \x1b"]
    (_, *whole), (_, *short) = (values(numbers, "long", limit) for limit in (100, 99))
    assert " ".join(whole).split()[50:52] == ["49", "50"] and short == ["[ 0  1  2 ... 97 98 99]"]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("clip/gird", r"has no dataset clip/gird \(did you mean 'clip/grid'\?\)"),
        ("", "has no dataset without a name"),
        ("clip/grid[x]", r"clip/grid is 3 x 4 x 5, so \[x\] must be a slice of it"),
        ("clip/grid[5]", "must be a slice of it"),
        ("clip/grid[0,0,0,0]", "must be a slice of it"),
        ("clip/rate[0]", "clip/rate is scalar"),
    ],
)
def test_what_is_no_slice_of_the_file_is_an_error_of_one_line(numbers, selection, message):
    with pytest.raises(MicroexprError, match=message):
        values(numbers, selection, 1000)


@pytest.mark.parametrize(("name", "kind"), [(b"\xff", h5py.h5t.NATIVE_INT8), (b"a", h5py.h5t.UNIX_D32LE)])
def test_an_attribute_of_another_kind_is_an_error_of_one_line(name, kind, tmp_path, capsys):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["b"] = 1
        h5py.h5a.create(file.id, name, kind, h5py.h5s.create(h5py.h5s.SCALAR))
    assert main(["inspect", str(tmp_path / "a.h5")]) == 1
    assert "a.h5: must have attributes, datasets and axes as a stage writes them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "part"),
    [("reenact.safetensors", "float32"), ("landmarks.onnx", "input image tensor(uint8) n x 112 x 112")],
)
def test_weights_show_what_they_are_and_what_they_were_fitted_on(file, part, capsys):
    assert main(["inspect", str(WEIGHTS / file)]) == 0
    output = capsys.readouterr().out
    assert part in output and "held_out = " in output
    assert main(["inspect", str(WEIGHTS / file), "--chain"]) == 0
    assert "the file was fitted on " in (output := capsys.readouterr().out) and "generated/population" in output
