"""`benchmarks/peers.py`: layouts as the authors' programs read them, scores as they print them. None is started."""

import ast
import csv
import importlib
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.protocols import splits

ROOT = Path(__file__).parents[2]
SUBJECTS = [("casme2", "sub01"), ("samm", "006"), ("smic", "s01")]


@pytest.fixture
def parts(monkeypatch):
    """Imports a module of the benchmark by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return lambda name: importlib.import_module(f"peers_parts.{name}")


@pytest.fixture
def run(parts):
    """Nine clips of three subjects, two of which are held out."""
    events = {"first": 1, "last": 9, "frames": 9, "onset": 1, "apex": 5, "offset": 9, "fps": 200.0}
    clips = [
        Clip(
            dataset=dataset, subject=subject, name=f"EP{label}", origin="generated", folder="", emotion="", label=label,
            objective_class=None, action_units="", **events,
        )
        for dataset, subject in SUBJECTS
        for label in range(3)
    ]  # fmt: skip
    flow = np.random.default_rng(0).normal(size=(9, 3, 28, 28)).astype(np.float32)
    return parts("layout").Run(clips, flow, splits.leave_one_out(clips, "subject", 2), "generated")


def test_folders_hold_each_clip_on_one_side_of_each_fold(parts, run, tmp_path):
    parts("layout").write_folders(tmp_path / "norm_u_v_os", run)
    subjects = sorted(path.name for path in (tmp_path / "norm_u_v_os").iterdir())
    assert len(subjects) == 2
    for subject in subjects:
        names = {}
        for side in ("u_train", "u_test"):
            paths = [*(tmp_path / "norm_u_v_os" / subject / side).glob("*/*.png")]
            assert {path.parent.name for path in paths} == {"0", "1", "2"}
            assert all(path.stem.strip().endswith(f"EP{path.parent.name}") for path in paths)
            names[side] = {path.name for path in paths}
        assert all(name.startswith(subject) for name in names["u_test"]) and len(names["u_test"]) == 3
        assert len(names["u_train"]) == 6 and not names["u_train"] & names["u_test"]


def test_a_picture_has_u_v_and_strain_as_red_green_and_blue_from_0_to_255(parts, run, tmp_path):
    layout = parts("layout")
    layout.write_folders(tmp_path / "norm_u_v_os", run)
    path = tmp_path / "norm_u_v_os_source" / layout.picture_name(run.clips[0])
    pixels = cv2.imread(str(path))[..., ::-1]
    for channel in range(3):
        flow = run.flow[0, channel]
        expected = 255 * (flow - flow.min()) / (flow.max() - flow.min())
        assert np.abs(pixels[..., channel] - expected).max() <= 0.501
        assert (pixels[..., channel].min(), pixels[..., channel].max()) == (0, 255)


def test_the_list_names_every_picture_as_htnet_looks_for_it(parts, run, tmp_path):
    faces = np.full((9, 20, 20, 3), 100, np.uint8)
    parts("layout").write_htnet(tmp_path, run, faces)
    data = tmp_path / "datasets"
    with (tmp_path / parts("layout").LIST).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    flows = {path.name for path in (data / "STSNet_whole_norm_u_v_os").iterdir()}
    assert {f"{row['sub']}_{row['filename_o']} .png" for row in rows} == flows and len(flows) == 9
    assert all((data / "combined_datasets_whole" / row["imagename"]).exists() for row in rows)
    assert {path.name for path in (data / "three_norm_u_v_os").glob("*/*/*/*")} == flows


def test_arrays_have_the_folds_as_positions(parts, run, tmp_path):
    parts("layout").write_arrays(tmp_path / "arrays.npz", run, run.flow)
    with np.load(tmp_path / "arrays.npz") as arrays:
        folds = json.loads(str(arrays["folds"]))
        for fold in folds:
            assert len(set(arrays["subject"][fold["test"]])) == 1
            assert sorted(fold["train"] + fold["test"]) == [*range(9)]


def test_scores_are_read_of_all_folds_and_processes(parts):
    scores = parts("scores")
    full = "Subject: a\nPredicted    : [0, 1]\nBest Predicted    : [0, 2]\nGround Truth : [0, 2]\nUF1: 0.5 | UAR: 0.5\n"
    short = "Predicted    : [1]\nBest Predicted    : [1]\nGround Truth : [1]\n"
    last, best = scores.pooled_uf1([full, short])
    assert last == pytest.approx((1 + 2 / 3 + 0) / 3) and best == 1
    assert (
        scores.pooled_uf1([short.partition("Best")[0] + "Ground Truth : [1]\n" + full.replace("Best", "No")])[1] is None
    )


@pytest.mark.parametrize("output", ["", "Predicted    : [0, 1]\nGround Truth : [0]\n", "Ground Truth : [0]\n"])
def test_incomplete_scores_are_an_error(parts, output):
    with pytest.raises(DataError, match="as many predictions as true classes"):
        parts("scores").pooled_uf1([output])


def test_only_the_constant_for_epochs_is_replaced(parts):
    drive = parts("drive")
    source = "epochs = 1\ndef main(config):\n    rate, epochs_done = 0.1, 800\n    epochs = 800\n    return epochs\n"
    assert ast.unparse(drive.with_epochs(source, 3)) == ast.unparse(ast.parse(source)).replace(
        "\n    epochs = 800", "\n    epochs = 3"
    )
    for wrong in ("def main(config):\n    pass\n", source + "    epochs = 5\n"):
        with pytest.raises(ValueError, match="epochs to a constant once"):
            drive.with_epochs(wrong, 3)


def test_a_wrong_folder_is_named_with_what_was_expected_and_found(parts, tmp_path):
    (tmp_path / "other.py").touch()
    with pytest.raises(DataError, match=r"--htnet .*: must be a clone that has main_HTNet.py, found other.py"):
        parts("programs").check_clone("htnet", tmp_path)
    with pytest.raises(DataError, match="found no folder"):
        parts("programs").check_clone("htnet", tmp_path / "absent")
    with pytest.raises(DataError, match=r"must hold results/index/\*.csv"):
        parts("layout").read_run(tmp_path, 0)


def test_processes_are_measured_and_a_failure_is_quoted(parts, tmp_path):
    processes = parts("processes")
    busy = "print('done'); x = bytearray(64 * 2**20); sum(range(10**6))"
    usage, outputs = processes.run([[sys.executable, "-c", busy]] * 2, tmp_path, {})
    assert outputs == ["done\n"] * 2 and 0 < usage.core_seconds < 20
    assert 2 * 64 < usage.memory_mb < 2 * 64 + 100  # what the parent has in memory does not count
    with pytest.raises(processes.ProgramError, match="ValueError: no"):
        processes.run([[sys.executable, "-c", "raise ValueError('no')"]], tmp_path, {})


def test_the_table_has_a_ratio_in_our_row_alone(parts):
    usage = {"seconds": 4.0, "core_seconds": 6.0, "memory_mb": 100.0}
    row = {"program": "ststnet", "network": "n", "folds": 2, "epochs": 3, "batch": 4, "last": 0.5, "best": None}
    theirs = {**row, "title": "a/b", "usage": usage, "reason": ""}
    ours = {**theirs, "title": "microexpr", "usage": {**usage, "seconds": 2.0}}
    lines = parts("table").trained([theirs, ours, {**theirs, "usage": None, "reason": "failed: x"}]).splitlines()
    assert lines[2] == "| a/b | n | 2, 3, 4 | 4 | 6 | 100 | - | 0.5000 | - |"
    assert lines[3] == "| microexpr | n | 2, 3, 4 | 2 | 6 | 100 | 2.0, 1.0 | 0.5000 | - |"
    assert "failed: x" in lines[4] and len({line.count("|") for line in lines}) == 1


def test_the_index_names_every_file():
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert f"| `{path.name}` |" in text and f"python benchmarks/{path.name}" in text
