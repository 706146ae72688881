"""The list of what is installed, and what a missing package is for."""

import shutil

from microexpr.cli import doctor
from microexpr.cli.main import main
from microexpr.core.errors import EXTRAS, extra_remedy
from microexpr.core.files import WEIGHTS


def test_every_part_has_a_line(capsys):
    assert main(["doctor"]) == 0
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [part for _, part, _ in lines] == ["microexpr", "library", "weights", "digits", *EXTRAS]
    assert {state for state, _, _ in lines} <= {"ok", "-"}
    assert dict((part, what) for _, part, what in lines)["train"].startswith("torch 2.")


def test_what_is_missing_names_its_purpose_and_its_command(capsys, monkeypatch):
    monkeypatch.setitem(EXTRAS, "train", EXTRAS["train"]._replace(modules=("torch", "no_such_package.part")))
    assert main(["doctor"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if " train " in line)
    assert line.startswith("-") and "no_such_package.part missing, for training" in line
    assert line.endswith("pip install 'microexpr[train]'")


def test_damaged_weights_and_a_library_without_a_package_are_errors(capsys, monkeypatch, tmp_path):
    shutil.copy(WEIGHTS / "predict.onnx", tmp_path)
    (tmp_path / "landmarks.onnx").write_bytes(b"nothing of the kind")
    monkeypatch.setattr(doctor, "WEIGHTS", tmp_path)
    monkeypatch.setattr(doctor, "LIBRARY", ("numpy", "no-such-package"))
    assert main(["doctor"]) == 1
    wrong = [line for line in capsys.readouterr().out.splitlines() if line.startswith("error")]
    assert len(wrong) == 2 and "missing: no-such-package" in wrong[0]
    assert "landmarks.onnx: cannot be read as ONNX" in wrong[1] and "predict.onnx" not in wrong[1]


def test_a_module_of_no_extra_has_no_remedy():
    error = ModuleNotFoundError(name="torch.nn")
    assert (extra_remedy(error) or "").startswith("torch is not installed, which is for training")
    assert "snakemake" in EXTRAS["workflow"].modules and extra_remedy(ModuleNotFoundError(name="ruamel"))
    assert extra_remedy(ModuleNotFoundError(name="numpy")) is None
