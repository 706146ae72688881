"""`microexpr reenact`: one good run, and one line for each thing that a user can mend."""

import csv
import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from performed import FRAMES, woman
from PIL import Image
from recorded import CLIP, stages, weights

from microexpr.apps.reenact import driving, folder
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
    (root / "empty").mkdir()
    return root


def typed(run, monkeypatch, **changed):
    monkeypatch.chdir(run)
    words = {"driving": CLIP.id, "face": "woman.png", "out": "other" if "face" in changed else "out", "strength": "2"}
    words |= {"weights": "famgan.safetensors"} | changed
    return main(["reenact", *(word for name, value in words.items() for word in (f"--{name}", value))])


@pytest.fixture(scope="module")
def printed(run):
    """What the command printed that moved the photograph, whose files are in run / "out"."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as output:
        assert typed(run, patch) == 0
    return output.getvalue()


def table(path):
    return [*csv.DictReader(path.read_text(encoding="utf-8").splitlines())]


def test_a_movement_on_ones_own_picture(run, printed, monkeypatch, capsys):
    assert "fitted on 1 entries, none of them the subject of the driving clip" in printed
    assert f"driving clip: {CLIP.id} (generated), action units by embedded, {FRAMES} frames at 200 a second" in printed
    assert "photograph: woman.png, 320 x 240 pixels; face 1 of 1: " in printed and "; 0 others" in printed
    assert len(list((run / "out/frames").iterdir())) == FRAMES
    for name in (*folder.FILES[1:], "reenactment.png"):
        assert (run / "out" / name).stat().st_size > 0 and f"out/{name}" in printed
    (row,) = table(run / "out/metrics.csv")
    assert row["strength"] == "2" and f"strength 2: r {float(row['au_r']):.2f} of asked and read AU changes" in printed
    assert typed(run, monkeypatch, weights="seen.safetensors", out="seen") == 0
    assert "among them the subject of the driving clip" in capsys.readouterr().out


def test_a_sample_needs_no_run_and_no_weights(run, tmp_path, monkeypatch, capsys):
    """The shipped generator follows the shipped sample on a rendered photograph, as the shipped reader reads it."""
    sample = driving.read_sample("surprise")
    monkeypatch.setattr(driving, "read_sample", lambda _: replace(sample, changes=sample.changes[::10], fps=10.0))
    monkeypatch.chdir(tmp_path)
    Image.fromarray(woman().image).save(tmp_path / "woman.png")
    assert main(["reenact", "--face", "woman.png", "--out", "out", "--strength", "0", "2"]) == 0
    assert "driving clip: sample surprise (generated: " in capsys.readouterr().out
    at_rest, moved = table(tmp_path / "out/metrics.csv")
    assert float(at_rest["largest"]) == 0 and float(moved["moved_tenth"]) >= 3 and float(moved["au_r"]) >= 0.6


@pytest.mark.usefixtures("printed")
def test_a_folder_of_photographs(run, monkeypatch, capsys):
    """Each has the files of a command of its own; a refused one is a line and does not stop the others, as weights do
    that fit none."""
    (run / "photographs/below").mkdir(parents=True)
    (run / "photographs/list.txt").write_text("no picture")
    turned = Image.Exif()
    turned[0x0112] = 3
    upside_down = Image.fromarray(np.ascontiguousarray(woman().image[::-1, ::-1]))
    upside_down.save(run / "photographs/below/e.jfif", "JPEG", exif=turned)
    for name, original in {"a": "notes.png", "b": "woman.png", "c": "wall.png", ".d": "woman.png"}.items():
        shutil.copy(run / original, run / f"photographs/{name}.png")
    assert typed(run, monkeypatch, face="photographs", out="many") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("moved: photographs/b.png, 1 face")
    assert lines[1].startswith("moved: photographs/below/e.jfif, 1 face")
    assert lines[2].startswith("problem: photographs/a.png: is not a readable picture")
    assert lines[3].startswith("problem: photographs/c.png: must show a face")
    assert lines[4:] == [
        "left out: photographs/list.txt (text)",
        "4 inputs, 0 done before, 2 with a problem, 1 left out",
        "written: many/photographs.csv",
    ]
    assert {path.name for path in (run / "many").glob("[!.]*")} == {"b", "below", "photographs.csv"}
    for name in ("metrics.csv", "frames/2x_0004.png", "comparison.mp4"):
        assert (run / "many/b" / name).read_bytes() == (run / "out" / name).read_bytes()
    rows, (metrics,) = table(run / "many/photographs.csv"), table(run / "many/b/metrics.csv")
    assert [row["photograph"] for row in rows] == ["a.png", "b.png", "below/e.jfif", "c.png", "list.txt"]
    assert [f"problem: {rows[i]['problem']}" for i in (0, 3)] == lines[2:4] and rows[4]["left_out"] == "text"
    assert rows[3]["face"] == rows[3]["origin"] == ""
    expected = {"photograph": "b.png", "driving": CLIP.id, "refused": "", "note": "", "problem": "", "left_out": ""}
    names = ("face", "strength", "au_r", "au_share", "identity_cosine", "origin")
    assert rows[1] == expected | {name: metrics[name] for name in names}
    assert "JPEG under the name of .jfif" not in rows[2]["note"] and "turned upright" in rows[2]["note"]
    whole = (run / "many/photographs.csv").read_bytes()
    assert typed(run, monkeypatch, face="photographs", out="many") == 1
    assert "4 inputs, 2 done before, 2 with a problem, 1 left out" in capsys.readouterr().out
    assert (run / "many/photographs.csv").read_bytes() == whole
    assert typed(run, monkeypatch, face="photographs/below", out="never", weights="broken.safetensors") == 1
    assert "broken.safetensors: cannot be read as safetensors" in capsys.readouterr().err
    assert not (run / "never").exists()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"strength": "-1"}, "--strength"),
        ({"face-number": "0"}, "Must be 1 to 1000, or all"),
        ({"face-number": "some"}, "--face-number"),
        ({"face": "nobody.png"}, "nobody.png: is not there\n"),
        ({"face": "notes.png"}, "notes.png: is not a readable picture"),
        ({"face": "wall.png"}, "wall.png: must show a face, seen from the front; none was found"),
        ({"weights": "none.safetensors"}, "none.safetensors: cannot be read"),
        ({"weights": "broken.safetensors"}, "broken.safetensors: cannot be read as safetensors"),
        ({"weights": "auicgan.safetensors"}, "auicgan.safetensors: must be a generator of FAMGAN's, not auicgan"),
        ({"driving": "samm/006"}, "--driving must be negative, positive, surprise, a video or folder of frames, or "),
        ({"driving": "suprise"}, "there is no suprise (did you mean 'surprise'?)"),
        ({"driving": "take/a/b.avi"}, "there is no take/a/b.avi"),
        ({"driving": "notes.png"}, "notes.png: "),
        ({"face-number": "2"}, "woman.png: --face-number must be 1 to 1, not 2"),
        ({"driving": "samm/006/006_1_7"}, "not samm/006/006_1_7 (did you mean 'samm/006/006_1_"),
        ({"driving": "casme2/s/c"}, "results/index/casme2.csv"),
        ({"driving": "samm/006/006_1_6"}, "results/faces/samm/006.h5"),
        ({"driving": "samm/007/007_1_1"}, "results/faces/samm/007.h5: is not there; `snakemake --cores all"),
        ({"face": "empty"}, "empty: must be a video, a picture or a folder with any, not one without"),
        ({"out": "taken"}, "taken: must be a folder"),
    ],
)
def test_what_a_user_can_mend_is_one_line(run, monkeypatch, capsys, changed, named):
    code, error = typed(run, monkeypatch, **changed), capsys.readouterr().err
    assert code == 1 + ("--help` shows the arguments" in error)
    assert error.startswith("error: ") and error.count("\n") == 1
    assert named in error
