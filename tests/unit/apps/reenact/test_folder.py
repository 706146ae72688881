"""The files that the command writes into its folder."""

import csv

import cv2
import numpy as np
import pytest
from performed import FRAMES, Brightener, painter, source, target, woman
from PIL import Image

from microexpr.apps.reenact import folder, onto
from microexpr.signals.aus import ACTION_UNITS

ROWS = [{"shown": "made", "region": "face", "metric": "noise", "value": "1.0000"}]
CHANGED = np.arange(FRAMES * 17 * 2, dtype=np.float32).reshape(FRAMES, 17, 2)


@pytest.fixture(scope="module")
def reenactment():
    resting = np.zeros((17, 2), np.float32)
    return onto.reenact(source(left_alone=True), target(), resting, woman(), painter(Brightener()), "lanczos")


@pytest.fixture
def paths(reenactment, tmp_path):
    return folder.write(tmp_path / "a/b", reenactment, CHANGED, ROWS)


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_frame_as_it_was_made_with_a_word_in_it(reenactment, paths):
    frames = sorted(paths[0].iterdir())
    assert [path.name for path in frames] == [f"{i:04d}.png" for i in range(1, FRAMES + 1)]
    for path, frame in zip(frames, reenactment.result.frames, strict=True):
        with Image.open(path) as image:
            assert image.info["Comment"] == folder.WORD and np.array_equal(np.array(image), frame)


def test_the_animation_shows_all_of_it_slower(reenactment, paths):
    with Image.open(paths[2]) as page:
        assert page.info["comment"].decode() == folder.WORD and page.size == (320, 240)
        lasts = []
        for number in range(page.n_frames):
            page.seek(number)
            lasts.append(page.info["duration"])
    assert sum(lasts) == FRAMES * 1000 * folder.SLOWER / 200  # frames that are alike are one that lasts longer
    assert len(lasts) >= len({frame.tobytes() for frame in reenactment.result.frames[:4]})


def test_a_film_of_odd_sides_loses_a_row_and_a_column(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 51, 67, 3), dtype=np.uint8)
    frames[:] = cv2.GaussianBlur(frames[0], (0, 0), 9)
    frames[..., 0] = 200
    folder._write_video(tmp_path / "odd.mp4", frames, 50)
    video = cv2.VideoCapture(str(tmp_path / "odd.mp4"))
    images = []
    while (frame := video.read())[0]:
        images.append(frame[1])
    assert video.get(cv2.CAP_PROP_FPS) == 50
    assert [image.shape for image in images] == [(50, 66, 3)] * 3
    assert np.abs(images[0][..., ::-1].astype(int) - frames[0, :50, :66]).mean() < 8  # red is red


def test_a_large_picture_makes_a_smaller_animation(tmp_path):
    frames = np.zeros((2, 600, 960, 3), np.uint8)
    frames[1] = 255
    folder._write_animation(tmp_path / "large.gif", frames, 25)
    with Image.open(tmp_path / "large.gif") as page:
        assert (page.size, page.n_frames, page.info["duration"]) == ((480, 300), 2, 40)


def test_a_row_for_each_frame_unit_and_side(reenactment, paths):
    rows = read(paths[3])
    assert len(rows) == FRAMES * 17 * 2
    for number, (frame, unit, side) in enumerate(np.ndindex(FRAMES, 17, 2)):
        row = rows[number]
        assert (row["frame"], row["unit"]) == (str(frame + 1), ACTION_UNITS[unit])
        assert row["side"] == ("left", "right")[side]
        asked = reenactment.target_aus[frame, unit, side]
        for column, value in {
            "source_change": reenactment.true_changes[frame, unit, side],
            "asked": asked,
            "asked_change": asked - reenactment.target_aus[0, unit, side],
            "read_back_change": CHANGED[frame, unit, side],
        }.items():
            assert float(row[column]) == pytest.approx(value, abs=6e-5)
        assert row["origin"] == "made of generated"
    assert read(paths[4]) == [row | {"origin": "made of generated"} for row in ROWS]


def test_the_same_bytes_again(reenactment, paths, tmp_path):
    second_paths = folder.write(tmp_path / "again", reenactment, CHANGED, ROWS)
    for first, second in zip(paths[1:], second_paths[1:], strict=True):
        assert first.read_bytes() == second.read_bytes()
    for path in paths[0].iterdir():
        assert path.read_bytes() == (second_paths[0] / path.name).read_bytes()
