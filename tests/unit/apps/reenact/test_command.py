"""`microexpr reenact`: one good run, the files that it writes, and one line for each thing that a user can mend."""

import csv
import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from figure_contents import images, texts
from performed import FRAMES, SMILE, Brightener, painter, rise, target, woman
from PIL import Image, ImageSequence
from recorded import CLIP, stages, weights

from microexpr.api import each_input
from microexpr.apps.reenact import alone, driving, folder, generator
from microexpr.apps.reenact.driving import DrivingCurves
from microexpr.apps.reenact.photograph import Photograph
from microexpr.cli.main import main
from microexpr.datasets import index
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots import reenactment as plot
from microexpr.reporting.plots.famgan import MADE
from microexpr.signals.aus import ACTION_UNITS


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
    for name in each_input.REENACTED:
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


STRENGTHS = (1.0, 0.0, 2.0)


def reenact(path, number, strengths):
    changes = np.zeros((FRAMES, 17, 2), np.float32)
    changes[:, SMILE] = rise()[:, None]
    driving = DrivingCurves("smile", "generated", "a smile", changes, 200.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "load", lambda path: painter(Brightener()))
        return alone.reenact(driving, Photograph.read(path), number, strengths)


@pytest.fixture(scope="module")
def reenactment(tmp_path_factory):
    path = tmp_path_factory.mktemp("photographs") / "woman.png"
    Image.fromarray(target().image).save(path)
    return reenact(path, 1, STRENGTHS)


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    """The woman twice, and between them so small that she is refused."""
    image = target().image
    path = tmp_path_factory.mktemp("photographs") / "group.png"
    small = np.full((240, 128, 3), 90, np.uint8)
    small[72:168] = cv2.resize(image, (128, 96), interpolation=cv2.INTER_AREA)
    canvas = np.concatenate([image, small, np.roll(image, 20, 0)], 1)
    Image.fromarray(cv2.resize(canvas, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_LANCZOS4)).save(path)
    return reenact(path, "all", (1.0, 2.0))


@pytest.fixture(scope="module")
def written(reenactment, tmp_path_factory):
    folder.write(root := tmp_path_factory.mktemp("out") / "a/b", reenactment)
    return root


def test_the_first_frame_is_the_photograph_and_strength_0_is_nothing_else(reenactment, written):
    """Every frame has a word in it that no person moved like this."""
    names = [f"{strength:g}x_{i:04d}.png" for strength in STRENGTHS for i in range(1, FRAMES + 1)]
    frames = {path.name: path for path in (written / "frames").iterdir()}
    assert {*frames} == {*names}
    for name in names:
        strength, number = name.removesuffix(".png").split("x_")
        with Image.open(frames[name]) as image:
            assert image.info["Comment"] == folder.WORD
            is_photograph = np.array_equal(np.array(image), reenactment.photograph.image)
        assert is_photograph == (strength == "0" or int(number) in (1, FRAMES))


def test_the_animation_shows_all_of_it_slower_and_the_video_plays_all_strengths(written):
    with Image.open(written / "reenactment.gif") as page:
        assert page.info["comment"].decode() == folder.WORD and page.size == (320, 240)
        # frames that are alike are one that lasts longer
        seconds = sum(frame.info["duration"] for frame in ImageSequence.Iterator(page)) / 1000
    assert seconds == len(STRENGTHS) * FRAMES * folder.SLOWER / 200
    images, fps = video_of(written / "reenactment.mp4")
    assert [image.shape for image in images] == [(240, 320, 3)] * len(STRENGTHS) * FRAMES and fps == 50


def video_of(path):
    """Return the frames of a video, and how many a second there are."""
    video, images = cv2.VideoCapture(str(path)), []
    while (frame := video.read())[0]:
        images.append(frame[1])
    return images, video.get(cv2.CAP_PROP_FPS)


def test_a_video_of_odd_sides_loses_a_row_and_a_column_and_a_large_photograph_makes_a_smaller_animation(tmp_path):
    frame = np.full((51, 67, 3), (200, 90, 30), np.uint8)
    folder._write_video(tmp_path / "odd.mp4", iter([frame] * 3), 50)
    images, _ = video_of(tmp_path / "odd.mp4")
    assert [image.shape for image in images] == [(50, 66, 3)] * 3
    assert np.abs(images[0][..., ::-1].astype(int) - frame[:50, :66]).mean() < 8  # red is red
    folder._write_animation(tmp_path / "large.gif", (np.full((600, 960, 3), level, np.uint8) for level in (0, 255)), 25)
    with Image.open(tmp_path / "large.gif") as page:
        assert (page.size, page.n_frames, page.info["duration"]) == ((480, 300), 2, 40)


def test_a_row_for_each_strength_frame_unit_and_side(reenactment, written):
    rows = table(written / "curves.csv")
    assert len(rows) == len(STRENGTHS) * FRAMES * 17 * 2
    for row, (which, frame, unit, side) in zip(rows, np.ndindex(len(STRENGTHS), FRAMES, 17, 2), strict=True):
        outcome = reenactment.outcomes[which]
        assert (row["strength"], row["frame"]) == (f"{STRENGTHS[which]:g}", str(frame + 1))
        assert (row["unit"], row["side"]) == (ACTION_UNITS[unit], ("left", "right")[side])
        target_au = STRENGTHS[which] * rise()[frame] * (unit == SMILE)
        assert float(row["asked_change"]) == pytest.approx(target_au, abs=6e-5)
        assert float(row["read_back_change"]) == pytest.approx(outcome.read_back[frame, unit, side], abs=6e-5)
        assert row["origin"] == "made of licensed+generated"


def test_metrics_are_of_the_written_rows(written):
    """r over all frames, units and sides; the moved tenth of a face that is brightened evenly changes by as much."""
    curves, rows = table(written / "curves.csv"), table(written / "metrics.csv")
    metrics = {float(row["strength"]): row for row in rows}
    assert list(metrics) == list(STRENGTHS)
    for strength, row in metrics.items():
        names, rows = ("asked_change", "read_back_change"), [r for r in curves if float(r["strength"]) == strength]
        if strength:
            r = np.corrcoef([[float(row[name]) for row in rows] for name in names])[0, 1]
            assert float(row["au_r"]) == pytest.approx(r, abs=1e-3)
            brighter = 0.2 * strength * rise().max() / 5 * 127.5
            assert float(row["moved_tenth"]) == pytest.approx(brighter, abs=1.5)
            assert float(row["largest"]) == pytest.approx(brighter, abs=1.5)
        else:
            assert row["au_r"] == row["au_share"] == "" and float(row["largest"]) == 0
            assert float(row["identity_cosine"]) == pytest.approx(1)


def test_a_warning_is_printed_where_the_movement_is_hardly_read(reenactment):
    def lines(r):
        outcomes = [replace(outcome, metrics=outcome.metrics | {"au_r": r}) for outcome in reenactment.outcomes]
        return list(alone.summary(replace(reenactment, outcomes=outcomes)))

    assert [line.split(":")[0] for line in lines(0.9)] == ["strength 1", "strength 0", "strength 2"]
    assert lines(0.9)[0].startswith("strength 1: r 0.90 of asked and read AU changes")
    assert lines(0.3)[-1].startswith("warning: the movement is hardly read back")


def test_the_picture_says_that_nobody_moved_like_this(reenactment, tmp_path):
    paths = tmp_path / "first.png", tmp_path / "again.png"
    page, _ = (drawing.plot(plot.draw, reenactment, path=path) for path in paths)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert page.get_suptitle().endswith(MADE)
    images_by_title = dict(images(page))
    assert np.array_equal(images_by_title["apex, strength 0"], images_by_title["onset: the photograph"])
    assert np.array_equal(images_by_title["apex, strength 2"], reenactment.outcomes[2].crops[reenactment.driving.apex])
    assert np.array_equal(images_by_title["photograph"], reenactment.photograph.image)


def test_the_same_bytes_again(reenactment, written, tmp_path):
    folder.write(tmp_path, reenactment)
    for path in filter(Path.is_file, written.rglob("*")):
        assert path.read_bytes() == (tmp_path / path.relative_to(written)).read_bytes(), path.name


def test_all_faces_of_a_photograph_move_in_the_same_frames(group, tmp_path):
    """Each is brightened by as much as if it moved alone; the small one between them keeps its pixels."""
    folder.write(tmp_path, group)
    assert group.numbers == (1, 2) and [*group.refused] == [3]
    assert group.description[-1].startswith("refused: ") and "face 3 must have 40 pixels" in group.description[-1]
    rows = [(row["strength"], row["face"]) for row in table(tmp_path / "metrics.csv")]
    assert rows == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert list(dict.fromkeys((row["strength"], row["face"]) for row in table(tmp_path / "curves.csv"))) == rows
    assert len(list((tmp_path / "frames").iterdir())) == 2 * FRAMES
    with Image.open(tmp_path / f"frames/2x_{group.driving.apex + 1:04d}.png") as image:
        change = np.array(image).astype(int) - group.photograph.image
    for number, face in enumerate(group.photograph.faces, 1):
        x, y = np.rint(face.landmarks[30]).astype(int)
        expected = 0 if number in group.refused else 0.2 * 2 * rise().max() / 5 * 127.5
        assert np.median(change[y - 5 : y + 5, x - 5 : x + 5]) == pytest.approx(expected, abs=1.5)
    rows, columns = group.window
    assert (
        video_of(tmp_path / "comparison.mp4")[0][0].shape[1] // 2 == 3 * (columns.stop - columns.start) // 2 > 3 * 320
    )
    change[rows, columns] = 0
    assert not change.any()


def test_each_face_in_motion_has_panels(group, monkeypatch):
    of_both = drawing.plot(plot.draw, group)
    assert texts(of_both).count("apex, strength 2") == 2
    monkeypatch.setattr(plot, "MOST", 1)
    assert drawing.plot(plot.draw, group).get_figheight() == of_both.get_figheight() / 2
    lines = [f"strength {strength}, face {face}" for strength in (1, 2) for face in (1, 2)]
    assert [line.split(":")[0] for line in alone.summary(group)][:4] == lines
