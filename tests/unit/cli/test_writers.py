"""Every command that writes: never over an input or somebody's file, and refused before any work."""

import os
from pathlib import Path

import pytest

from microexpr.cli.main import main
from microexpr.rendering import film

CLIP = "casme2/sub01/a"
REENACT = ["reenact", "--driving", CLIP, "--out", "out"]
FILM = ["film", "--seconds", "2", "--fps", "25", "--micro", "1", "--macro", "0", "--blinks", "0"]
SIGNALS = ("landmarks", "apex", "flow", "motion", "aus")
# arguments, and a file that would be written
WRITERS = {
    "predict": (["predict", "in.avi", "--out", "out"], "out/annotated.avi"),
    "predict's tables": (["predict", "in.avi", "--out", "out"], "out/intervals.csv"),
    "reenact": ([*REENACT, "--face", "in.png"], "out/reenactment.png"),
    "reenact's frames": ([*REENACT, "--face", "in.png"], "out/frames/0001.png"),
    "measure": (["measure", "in.avi", "--out", "out"], "out/in.csv"),
    "measure's summary": (["measure", "in.avi", "--out", "out"], "out/summary.csv"),
    "film": ([*FILM, "out/take.avi"], "out/take.avi"),
    "film's table": ([*FILM, "out/take.avi"], "out/take.csv"),
    "inspect": (["inspect", "in.h5", "--png", "out/a.png"], "out/a.png"),
    "plot table": (["plot", "table", "out/a.png"], "out/a.png"),
    "plot clip": (["plot", "clip", CLIP, "out/a.png"], "out/a.png"),
    "plot training": (["plot", "training", "in.h5", "out/a.png"], "out/a.png"),
    "plot faces": (["plot", "faces", "out/a.png"], "out/a.png"),
    **{f"plot {name}": (["plot", name, CLIP, "out/a.png"], "out/a.png") for name in SIGNALS},
}
# the same with an input that has the name of an output
READERS = {
    "the video": (["predict", "out/annotated.avi", "--out", "out"], "out/annotated.avi"),
    "the truth": (["predict", "in.avi", "--out", "out", "--truth", "out/intervals.csv"], "out/intervals.csv"),
    "the target": ([*REENACT, "--face", "out/reenactment.png"], "out/reenactment.png"),
    "a frame of an earlier run": ([*REENACT, "--face", "out/frames/0001.png"], "out/frames/0001.png"),
    "weights": ([*REENACT, "--face", "in.png", "--weights", "out/curves.csv"], "out/curves.csv"),
    "a clip's file": ([*REENACT, "--face", "in.png"], "results/faces/casme2/sub01.h5"),
    "the inspected file": (["inspect", "out/a.png", "--png", "out/a.png"], "out/a.png"),
    "a shard": (["plot", "training", "in.h5", "out/a.png", "out/a.png"], "out/a.png"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in.avi", "in.png", "in.h5"):
        Path(name).write_text("input")


def mine(name):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    return path


def files():
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def refused(arguments, capsys):
    """The one line of a refusal, which has changed no file."""
    before = files()
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("error: ") and printed.err.count("\n") == 1
    assert files() == before
    return printed.err


@pytest.mark.parametrize("command", WRITERS)
def test_somebodys_file_is_refused(command, capsys):
    arguments, target = WRITERS[command]
    mine(target)
    error = refused(arguments, capsys)
    assert error.startswith(f"error: {target}: must not be written: it is not a file of this command's")
    assert "; choose another " in error and error.endswith(", or add --force to replace it\n")


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("case", READERS)
def test_an_input_is_refused(case, force, capsys):
    arguments, source = READERS[case]
    mine(source)
    if case == "a clip's file":
        Path("out").mkdir()
        os.link(source, "out/curves.csv")
    assert "is an input of the command; choose another " in refused([*arguments, *["--force"] * force], capsys)


@pytest.mark.parametrize(
    ("link", "source", "target", "read"),
    [
        (os.symlink, "in.avi", "out/annotated.avi", ["in.avi"]),
        (os.link, "in.avi", "out/annotated.avi", ["in.avi"]),
        (os.symlink, "out/annotated.avi", "link.avi", ["link.avi"]),
        (os.link, "frames/1.png", "out/prediction.png", ["frames", "--fps", "50"]),
    ],
)
def test_an_input_is_recognised_through_links_and_in_its_folder(link, source, target, read, capsys):
    Path("out").mkdir()
    link(mine(source).absolute(), target)
    error = refused(["predict", *read, "--out", "out", "--force"], capsys)
    assert "must not be written: it is an input" in error


def test_the_folder_of_frames_is_refused(capsys):
    mine("frames/1.png")
    Path("link").symlink_to("frames")
    for out in ("frames", "link", "frames/../frames"):
        error = refused(["predict", "frames", "--fps", "50", "--out", out, "--force"], capsys)
        assert error.startswith(f"error: {out}: must not be written: it is a folder that the command reads")


def test_each_photograph_of_a_folder_has_its_outputs_checked(capsys):
    mine("photographs/a.png")
    arguments = [*REENACT, "--face", "photographs"]
    for name in ("out/photographs.csv", "out/a/curves.csv"):
        target = mine(name)
        assert refused(arguments, capsys).startswith(f"error: {name}: must not be written: it is not a file of this")
        target.unlink()
    error = refused([*REENACT[:3], "--out", "photographs", "--face", "photographs", "--force"], capsys)
    assert error.startswith("error: photographs: must not be written: it is a folder that the command reads")
    os.link("photographs/a.png", "out/a/reenactment.png")
    error = refused([*arguments, "--force"], capsys)
    assert "out/a/reenactment.png: must not be written: it is an input" in error


def test_out_must_be_a_folder_that_can_be_written(capsys, monkeypatch):
    arguments = ["predict", "in.avi", "--out"]
    mine("file")
    for out in ("file", "file/below", "file/below/that"):
        assert f"{out}: must be a folder or be created in one" in refused([*arguments, out], capsys)
    assert "cannot be written: File name too long" in refused([*arguments, "a" * 300], capsys)
    Path("closed").mkdir()
    closed = Path("closed").absolute()
    monkeypatch.setattr(os, "access", lambda path, mode: path.absolute() != closed)  # root may write everywhere
    for out in ("closed", "closed/a/b"):
        assert f"{out}: cannot be written: no permission" in refused([*arguments, out], capsys)


def test_a_picture_is_not_written_over_another_kind_of_file(capsys):
    mine("last.h5")
    plot = ["plot", "training", "in.h5", "last.h5", "--force"]
    assert "last.h5: must end in .png or .svg or .pdf or .jpg" in refused(plot, capsys)
    assert "last.h5: must end in .avi" in refused(["film", "last.h5", "--force"], capsys)


def test_a_film_is_replaced_where_it_is_ours(monkeypatch):
    def write(path, params, seed, progress):
        path.write_text(f"film {seed}")
        path.with_suffix(".csv").write_text(f"table {seed}")

    monkeypatch.setattr(film, "write", write)
    assert main([*FILM, "take.avi"]) == 0
    assert main([*FILM, "take.avi", "--seed", "2"]) == 0
    assert (Path("take.avi").read_text(), Path("take.csv").read_text()) == ("film 2", "table 2")
    mine("take.csv")
    assert main([*FILM, "take.avi"]) == 1 and Path("take.avi").read_text() == "film 2"
