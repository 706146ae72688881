"""Tables of measured faces against ground truth, OpenFace's convention and reader, and themselves from every file."""

import csv
import os
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from performed import pair, woman
from PIL import Image

import microexpr
from facs_faces.display import ACTION_UNITS as SHOWN
from facs_faces.face import Face
from microexpr.api.each_input import MEASURED
from microexpr.apps import measure as columns
from microexpr.apps.measure import openface_angles, tables
from microexpr.apps.read.take import silent
from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.errors import DataError, ParamsError
from microexpr.signals.aus import openface, regressor


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return microexpr.example_video(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def measured(video):
    """The table of the video, whose faces are read in batches."""
    sizes, change = [], regressor.Model.change
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regressor.Model, "change", lambda m, *faces: sizes.append(len(faces[1])) or change(m, *faces))
        table = microexpr.measure(video)
    assert sizes == [16] * 7 + [8]
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture of two faces, the right one smaller, and one of none."""
    path = tmp_path_factory.mktemp("pictures")
    Image.fromarray(pair()).save(path / "1pair.png")
    Image.fromarray(np.full((240, 320, 3), 90, np.uint8)).save(path / "2none.png")
    return path


@pytest.fixture
def project(tmp_path, monkeypatch, video, folder):
    monkeypatch.chdir(tmp_path)
    os.link(video, "take.avi")
    os.link(folder / "1pair.png", "pair.png")
    return tmp_path


def summary(folder="out"):
    return pd.read_csv(f"{folder}/summary.csv", keep_default_na=False).set_index("table")


def test_a_video_has_a_row_for_each_frame_and_the_rendered_units_at_its_apex(measured):
    assert measured["frame"].to_list() == [*range(1, 121)] and measured["timestamp"].iloc[60] == 1
    assert measured["success"].all() and measured.attrs["origin"] == "generated"
    apex, rest = measured.iloc[55], measured.iloc[20]
    rises = (apex - rest).filter(regex="_r$")
    assert rises.idxmax() == "AU15_r" and "AU01_r" in rises.nlargest(3)  # 1+15, as it was rendered
    assert measured["AU15_c"].to_list() == (measured["AU15_r"] >= columns.PRESENT).astype(float).to_list()
    assert apex["AU15_right"] > apex["AU15_left"] and apex["AU15_error"] > rest["AU15_error"] > 0
    reference = int(measured.attrs["intensities"].removeprefix("since frame "))
    assert measured.loc[reference - 1].filter(regex="_r$").max() < 0.6


def test_landmarks_are_those_of_the_tracked_face_and_quality_is_of_it(video, measured):
    tracked = microexpr.track_faces(video)
    for axis, name in enumerate("xy"):
        values = measured[[f"{name}_{i}" for i in range(68)]].to_numpy()
        assert np.abs(values - tracked.landmarks[..., axis]).max() < 0.02
    widths = np.linalg.norm(tracked.landmarks[:, 16] - tracked.landmarks[:, 0], axis=1)
    assert np.allclose(measured["face_width"], widths, atol=0.02)
    assert measured["noise"].isna().sum() == 1 and measured["noise"][1:].between(0.5, 5).all()


@pytest.mark.parametrize("pose", [(0, 0, 0), (15, 0, 0), (0, 20, 0), (0, 0, -25), (12, -17, 8), (-30, 10, 25)])
def test_angles_turn_the_head_as_openface_says(pose):
    """Rx Ry Rz in axes right, down, away, against the head turned by yaw, pitch and roll one after the other."""

    def turn(axis, degrees):
        return cv2.Rodrigues(np.eye(3)[axis] * np.radians(degrees))[0]

    yaw, pitch, roll = pose
    down_and_away = np.diag([1.0, -1.0, -1.0])
    expected = down_and_away @ turn(2, roll) @ turn(0, pitch) @ turn(1, yaw) @ down_and_away
    angles = np.degrees(openface_angles(np.array(pose)))
    assert np.allclose(turn(0, angles[0]) @ turn(1, angles[1]) @ turn(2, angles[2]), expected)


def test_a_head_that_bows_or_turns_has_openfaces_signs(tmp_path):
    """Looking down is positive Rx, turning to the subject's own right positive Ry."""
    face, poses = Face(5), {"straight": (0, 0, 0), "turned": (-15, 0, 0), "bowed": (0, 12, 0)}
    for name, pose in poses.items():
        image = face.render(np.zeros((len(SHOWN), 2), np.float32), pose, size=(640, 480)).image
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    table = microexpr.measure([tmp_path / f"{name}.png" for name in poses])
    assert table["pose_Ry"][1] - table["pose_Ry"][0] > np.radians(6)
    assert table["pose_Rx"][2] - table["pose_Rx"][0] > np.radians(6)


def test_a_picture_has_a_row_for_each_face_the_largest_first(folder):
    table = microexpr.measure(folder, pictures=True)
    assert table[["picture", "frame", "face_id", "success"]].to_numpy().tolist() == [
        ["1pair.png", 1, 0, 1],
        ["1pair.png", 1, 1, 1],
        ["2none.png", 2, 0, 0],
    ]
    first, second = table.iloc[0], table.iloc[1]
    assert first.filter(regex=r"^x_").max() < 320 < second.filter(regex=r"^x_").min()
    assert second["face_width"] / first["face_width"] == pytest.approx(0.8, abs=0.03)
    assert second["AU12_r"] == pytest.approx(first["AU12_r"], abs=1) and table.iloc[2]["x_0":"AU45_c"].isna().all()
    assert "noise" not in table and table["AU12_error"][:2].gt(0).all()  # of one picture alone


def test_names_of_pictures_are_texts_in_a_spreadsheet_and_themselves_here(project):
    Path("pictures").mkdir()
    for name in ("=1+1.png", os.fsdecode(b"a\xff\r=1.png")):
        Image.fromarray(np.full((240, 320, 3), 90, np.uint8)).save(f"pictures/{name}", "PNG")
    table = microexpr.measure("pictures", "out", pictures=True)
    assert sorted(table["picture"]) == ["=1+1.png", r"a\udcff\r=1.png"]
    with Path("out/pictures.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(row["picture"] for row in csv.DictReader(file)) == ["'=1+1.png", r"a\udcff\r=1.png"]
    assert sorted(microexpr.open_stage("out/pictures.csv")["picture"]) == ["=1+1.png", r"a\udcff\r=1.png"]


def test_a_picture_that_is_reduced_has_landmarks_in_its_own_pixels(tmp_path, folder):
    image = cv2.resize(woman().image, None, fx=8, fy=8)  # 2560 pixels wide, of which faces are looked for in 2048
    Image.fromarray(image).save(tmp_path / "large.jpg")
    large, small = microexpr.measure(tmp_path / "large.jpg"), microexpr.measure(folder / "1pair.png")
    x = [f"x_{i}" for i in range(68)]
    assert np.abs((large.loc[0, x] + 0.5) / 8 - 0.5 - small.loc[0, x]).max() < 2


def test_a_picture_that_lies_on_its_side_is_turned_and_a_note_says_so(tmp_path, folder):
    Image.open(folder / "1pair.png").transpose(Image.Transpose.ROTATE_270).save(tmp_path / "side.png")
    turned = tables.of_pictures([tmp_path / "side.png"], silent)
    assert "turned by 90 degrees to the left, so that the face is upright," in turned.notes[0]
    upright = tables.of_pictures([folder / "1pair.png"], silent)
    assert np.array_equal(turned.columns["x_30"], upright.columns["x_30"])


def test_our_reader_of_openface_reads_the_table(project, measured):
    assert main(["measure", "take.avi", "--out", "out", "--quiet"]) == 0
    header = Path("out/take.csv").read_text().split("\n")[0].split(",")
    first = "frame face_id timestamp confidence success gaze_angle_x gaze_angle_y pose_Rx"
    assert header[:8] == first.split()
    assert header[10:146] == [f"{name}_{i}" for name in "xy" for i in range(68)]
    assert header[146:180] == [*openface.COLUMNS, *(name.replace("_r", "_c") for name in openface.COLUMNS)]
    values, success = openface.table(Path("out/take.csv"), 120, 0.9)
    assert success.all() and np.allclose(values, measured[[*openface.COLUMNS]].to_numpy())


def test_a_frame_without_a_face_has_success_0_and_no_values_and_a_slow_video_is_measured(project):
    Path("frames").mkdir()
    for number in range(1, 12):
        image = woman().image if number != 10 else np.full_like(woman().image, 90)
        Image.fromarray(image).save(f"frames/img{number}.png")
    assert main(["measure", "frames", "--fps", "5", "--out", "out", "--quiet"]) == 0
    rows = pd.read_csv("out/frames.csv")
    assert rows["success"].to_list() == [1] * 9 + [0, 1] and rows["timestamp"].iloc[-1] == 2
    assert rows.loc[9, "pose_Rx":].isna().all() and rows.loc[:8, "pose_Rx":"AU45_error"].notna().all(axis=None)
    assert rows["noise"].isna().to_list() == [True, *[False] * 8, True, True] and rows["noise"].max() < 0.3
    assert summary().loc["frames.csv", ["share_with_face", "seconds", "fps"]].to_list() == [0.9091, 2.2, 5]
    assert main(["measure", "frames", "--fps", "10", "--out", "out", "--quiet"]) == 0
    assert pd.read_csv("out/frames.csv")["timestamp"].iloc[-1] == 1  # measured again


def test_every_format_holds_the_same_table(project, measured):
    parquet = [("parquet", "parquet")] if find_spec("pyarrow") else []
    for form, ending in (("csv", "csv"), ("hdf5", "h5"), *parquet):
        assert main(["measure", "take.avi", "pair.png", "--out", form, "--format", form, "--quiet"]) == 0
        reread = microexpr.measure(["take.avi", "pair.png"], form, format=form)  # read from the file
        pd.testing.assert_frame_equal(reread[reread["input"] == "take.avi"][[*measured]], measured, check_like=True)
        assert reread["picture"].dropna().to_list() == ["pair.png"] * 2
        assert (project / form / f"take.{ending}").exists()
    with store.open_file("hdf5/take.h5", "face_table") as file:
        assert store.attribute_text(file.attrs["origin"]) == "generated" and store.fitted_on(file)
    assert summary("csv")["origin"].to_dict() == {"take.csv": "generated", "pair.csv": "not marked as generated"}


def test_a_run_goes_on_where_it_ended_and_a_bad_file_stops_no_other(project, monkeypatch, capsys):
    Path("bad.mp4").write_text("no video")
    Path("cut.jpg").write_bytes(b"\xff\xd8\xff")
    inputs = ["bad.mp4", "pair.png", "cut.jpg"]
    assert main(["measure", *inputs, "--out", "out", "--quiet"]) == 1
    printed = capsys.readouterr().out
    assert "problem: bad.mp4: " in printed and "problem: cut.jpg: is not a readable picture" in printed
    table = summary()
    assert table["problem"].map(bool).to_dict() == {"bad.csv": True, "cut.csv": True, "pair.csv": False}
    assert table.loc["pair.csv", ["frames", "faces", "share_with_face"]].to_list() == ["1", "2", "1.0"]
    assert not Path("out/bad.csv").exists()
    read = []
    monkeypatch.setattr(tables, "measure", lambda item, *_: read.append(item.name) or pytest.fail("measured"))
    assert main(["measure", "pair.png", "--out", "out", "--quiet"]) == 0 and read == []
    assert "1 input, 1 done before, 0 with a problem, 0 left out" in capsys.readouterr().out
    assert summary().loc["pair.csv"].equals(table.loc["pair.csv"]) and len(summary()) == 3  # earlier rows stay
    assert f",picture,,{microexpr.__version__}," in Path("out/summary.csv").read_text()
    os.utime("pair.png")  # changed since
    with pytest.raises(pytest.fail.Exception):
        main(["measure", "pair.png", "--out", "out", "--quiet"])


def test_an_interruption_keeps_what_is_measured(project, folder, monkeypatch):
    measure = tables.measure

    def interrupted(item, *arguments):
        if item.name == "take.avi":
            raise KeyboardInterrupt
        return measure(item, *arguments)

    monkeypatch.setattr(tables, "measure", interrupted)
    assert main(["measure", "pair.png", "take.avi", "--out", "out", "--quiet"]) == 130
    assert summary().index.to_list() == ["pair.csv"]
    assert sorted(path.name for path in Path("out").glob("[!.]*")) == ["pair.csv", "summary.csv"]
    microexpr.measure(folder / "2none.png", "out")
    assert set(summary()) == {*MEASURED} - {"table"} and summary().index.to_list() == ["2none.csv", "pair.csv"]


def test_a_wrong_path_or_format_is_refused_before_any_work(project, monkeypatch, capsys):
    Path("folder").mkdir()
    Path("folder/take.avi").write_text("another")
    monkeypatch.setattr("microexpr.apps.measure.find_spec", lambda name: None)
    for arguments, message in {
        "take.avi --format parquet": "format parquet needs the package pyarrow: pip install pyarrow",
        "nowhere.avi take.avi": "nowhere.avi: is not there",
        "take.avi folder/take.avi": "folder/take.avi: its files would have the name take.avi.csv, as those of take.avi",
    }.items():
        assert main(["measure", *arguments.split(), "--out", "out"]) == 1
        assert capsys.readouterr().err.startswith(f"error: {message}") and not Path("out").exists()
    with pytest.raises(ParamsError, match="format must be one of csv, parquet, hdf5, not xlsx"):
        microexpr.measure("take.avi", "out", format="xlsx")
    with pytest.raises(DataError, match=r"folder/take.avi: a video, where pictures are read"):
        microexpr.measure("folder", pictures=True)
    with pytest.raises(DataError, match="out is for paths"):
        microexpr.measure(np.zeros((20, 8, 8), np.uint8), "out", fps=60)
