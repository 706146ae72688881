"""What the command leaves in its folder."""

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
def given():
    own = np.zeros((17, 2), np.float32)
    return onto.transferred(source(left_alone=True), target(), own, woman(), painter(Brightener()), "lanczos")


@pytest.fixture
def left(given, tmp_path):
    return folder.write(tmp_path / "a/b", given, CHANGED, ROWS)


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_frame_as_it_was_made_with_a_word_in_it(given, left):
    frames = sorted(left[0].iterdir())
    assert [path.name for path in frames] == [f"{number:04d}.png" for number in range(1, FRAMES + 1)]
    for path, frame in zip(frames, given.result.frames, strict=True):
        with Image.open(path) as shown:
            assert shown.info["Comment"] == folder.WORD and np.array_equal(np.array(shown), frame)


def test_the_animation_shows_all_of_it_slower(given, left):
    with Image.open(left[2]) as page:
        assert page.info["comment"].decode() == folder.WORD and page.size == (320, 240)
        lasts = []
        for number in range(page.n_frames):
            page.seek(number)
            lasts.append(page.info["duration"])
    assert sum(lasts) == FRAMES * 1000 * folder.SLOWER / 200  # frames that are alike are one that lasts longer
    assert len(lasts) >= len({frame.tobytes() for frame in given.result.frames[:4]})


def test_a_film_of_odd_sides_loses_a_row_and_a_column(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 51, 67, 3), dtype=np.uint8)
    frames[:] = cv2.GaussianBlur(frames[0], (0, 0), 9)
    frames[..., 0] = 200
    folder._film(tmp_path / "odd.mp4", frames, 50)
    film = cv2.VideoCapture(str(tmp_path / "odd.mp4"))
    shown = []
    while (found := film.read())[0]:
        shown.append(found[1])
    assert film.get(cv2.CAP_PROP_FPS) == 50
    assert [one.shape for one in shown] == [(50, 66, 3)] * 3
    assert np.abs(shown[0][..., ::-1].astype(int) - frames[0, :50, :66]).mean() < 8  # red is red


def test_a_large_picture_makes_a_smaller_animation(tmp_path):
    frames = np.zeros((2, 600, 960, 3), np.uint8)
    frames[1] = 255
    folder._animation(tmp_path / "large.gif", frames, 25)
    with Image.open(tmp_path / "large.gif") as page:
        assert (page.size, page.n_frames, page.info["duration"]) == ((480, 300), 2, 40)


def test_a_row_for_each_frame_unit_and_side(given, left):
    rows = read(left[3])
    assert len(rows) == FRAMES * 17 * 2
    for number, (frame, unit, side) in enumerate(np.ndindex(FRAMES, 17, 2)):
        row = rows[number]
        assert (row["frame"], row["unit"]) == (str(frame + 1), ACTION_UNITS[unit])
        assert row["side"] == ("left", "right")[side]
        asked = given.asked[frame, unit, side]
        for column, value in {
            "source_change": given.true[frame, unit, side],
            "asked": asked,
            "asked_change": asked - given.asked[0, unit, side],
            "read_back_change": CHANGED[frame, unit, side],
        }.items():
            assert float(row[column]) == pytest.approx(value, abs=6e-5)
        assert row["origin"] == "made of generated"
    assert read(left[4]) == [row | {"origin": "made of generated"} for row in ROWS]


def test_the_same_bytes_again(given, left, tmp_path):
    again = folder.write(tmp_path / "again", given, CHANGED, ROWS)
    for one, other in zip(left[1:], again[1:], strict=True):
        assert one.read_bytes() == other.read_bytes()
    for path in left[0].iterdir():
        assert path.read_bytes() == (again[0] / path.name).read_bytes()
