"""`microexpr reenact`: one good run, and one line for each thing that a user can mend."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from performed import FRAMES, woman
from PIL import Image
from recorded import CLIP, stages, weights

from microexpr.apps.reenact import alone
from microexpr.cli.main import main
from microexpr.datasets import index


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    stages(root)
    others = [replace(CLIP, name=name, subject=who) for who, name in (("006", "006_1_6"), ("007", "007_1_1"))]
    index.write(root / "results/index/samm.csv", [CLIP, *others])
    weights(root / "famgan.safetensors")
    weights(root / "seen.safetensors", seen="generated/samm/006/*")
    weights(root / "auicgan.safetensors", "auicgan")
    (root / "broken.safetensors").write_bytes(b"nothing of the kind")
    Image.fromarray(woman().image).save(root / "woman.png")
    Image.fromarray(np.full((200, 200, 3), 120, np.uint8)).save(root / "wall.png")
    (root / "notes.png").write_text("no picture")
    (root / "taken").write_text("mine")
    return root


def typed(run, monkeypatch, **changed):
    monkeypatch.chdir(run)
    words = {"driving": CLIP.id, "face": "woman.png", "out": "out", "weights": "famgan.safetensors"} | changed
    return main(["reenact", *(word for name, value in words.items() for word in (f"--{name}", value))])


def test_a_movement_on_ones_own_picture(run, monkeypatch, capsys):
    assert typed(run, monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "fitted on 1 entries, none of them the subject of the driving clip" in printed
    assert f"driving clip: {CLIP.id} (generated), {FRAMES} frames at 200 a second, action units by embedded" in printed
    assert "source face: 320 x 240 pixels; super-resolution: lanczos" in printed
    assert len(list((run / "out/frames").iterdir())) == FRAMES
    for name in ("reenactment.mp4", "reenactment.gif", "curves.csv", "metrics.csv"):
        assert (run / "out" / name).stat().st_size > 0 and f"out/{name}" in printed
    with (run / "out/metrics.csv").open(encoding="utf-8") as file:
        values = {(row["shown"], row["region"], row["metric"]): row["value"] for row in csv.DictReader(file)}
    assert {output for output, _, _ in values} == {"asked", "made", "unchanged"}
    assert f"noise of the result, grey levels: {values['made', 'face', 'noise']}" in printed
    before = {path.name: path.read_bytes() for path in (run / "out/frames").iterdir()}
    assert typed(run, monkeypatch, weights="seen.safetensors") == 0
    assert "among them the subject of the driving clip" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (run / "out/frames").iterdir()} == before


def test_a_large_picture_is_reduced_by_area():
    image = np.arange(6000 * 4096, dtype=np.uint8).reshape(4096, 6000)
    assert alone.reduce(image).shape == (1398, 2048)
    assert alone.reduce(image[:2048, :2048]).shape == (2048, 2048)
    halved = alone.reduce(np.kron(image[:1024, :2048], np.ones((2, 2), np.uint8)))
    assert np.array_equal(halved, image[:1024, :2048])


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"face": "nobody.png"}, "nobody.png: is not there\n"),
        ({"face": "."}, ".: is not a readable picture"),
        ({"face": "notes.png"}, "notes.png: is not a readable picture"),
        ({"face": "wall.png"}, "wall.png: must show a face, seen from the front; none was found"),
        ({"weights": "none.safetensors"}, "none.safetensors: cannot be read"),
        ({"weights": "broken.safetensors"}, "broken.safetensors: cannot be read as safetensors"),
        ({"weights": "auicgan.safetensors"}, "auicgan.safetensors: must be a generator of FAMGAN's, not auicgan"),
        ({"driving": "samm/006"}, "a clip must be written DATASET/SUBJECT/CLIP, not samm/006"),
        ({"driving": "samm/006/006_1_7"}, "not samm/006/006_1_7 (did you mean 'samm/006/006_1_"),
        ({"driving": "casme2/s/c"}, "results/index/casme2.csv"),
        ({"driving": "samm/006/006_1_6"}, "results/faces/samm/006.h5"),
        ({"driving": "samm/007/007_1_1"}, "results/faces/samm/007.h5: is not there; `snakemake --cores all"),
        ({"out": "taken"}, "taken: must be a folder"),
    ],
)
def test_what_a_user_can_mend_is_one_line(run, monkeypatch, capsys, changed, named):
    assert typed(run, monkeypatch, **changed) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert named in error


def test_another_kind_of_super_resolution_is_wrong_usage(run, monkeypatch):
    with pytest.raises(SystemExit, match="2"):
        typed(run, monkeypatch, **{"super-resolution": "none"})
