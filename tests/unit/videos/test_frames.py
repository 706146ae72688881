"""Folders of frames: what their numbers say of time, what is no frame, what cannot be one video."""

import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from microexpr.core.errors import DataError
from microexpr.rendering.recording import recorder
from microexpr.videos import open_video, picture

TEXTURE = np.random.default_rng(0).integers(0, 200, (24, 32), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """folder(names): a folder of frames that are as bright as their position says."""

    def write(names, levels=range(40)):
        for name, level in zip(names, levels, strict=False):
            Image.fromarray(TEXTURE + np.uint8(level)).save(tmp_path / name, format="PNG")
        return tmp_path

    return write


def levels(video) -> list[int]:
    return [round(float((image - TEXTURE).mean())) for image in video.read()]


@pytest.mark.parametrize("first", [0, 1732000000])  # from which the others are counted
def test_frames_are_in_the_order_of_their_numbers(first, folder):
    video = open_video(folder(f"img{first + number}.png" for number in range(25)), 25)
    assert levels(video) == [*range(25)] and video.notes == () and video.seconds[-1] == 24 / 25
    assert (video.grey, video.generated, video.size) == (True, False, (24, 32))
    assert [int((image - TEXTURE)[0, 0]) for image in video.read([3, 11])] == [3, 11]
    cv2.imwrite(str(video.path / f"img{first + 7}.png"), np.zeros((60, 60), np.uint8))
    with pytest.raises(DataError, match=rf"img{first + 7}\.png: must be 32x24 as the frames before, not 60x60"):
        [*video.read()]


def test_frames_that_are_not_there_are_missing_at_their_times(folder):
    numbers = [*range(100, 110), *range(117, 137)]
    video = open_video(folder(f"img{number}.png" for number in numbers), 50)
    assert len(video) == 37 and np.flatnonzero(~video.timeline.present).tolist() == [*range(10, 17)]
    assert video.seconds[17] == pytest.approx(17 / 50)  # of img117.png
    assert video.notes == ("7 of 37 frames are missing, 110 for one; they show no face",)
    assert [int((image - TEXTURE)[0, 0]) for image in video.read([9, 12, 17])] == [9, 10]  # 12 is not there
    assert video.timeline.select(range(37), 1).tolist() == [*range(10), *range(17, 37)]


@pytest.mark.parametrize(("unit", "word"), [(1000, "milliseconds"), (10**9, "nanoseconds")])
def test_numbers_that_are_times_of_a_clock_are_read_as_such(folder, unit, word):
    frames = [*range(15), *range(22, 40)]
    video = open_video(folder(f"{1700000000 * unit + round(i * unit / 30)}.png" for i in frames), 30)
    assert np.flatnonzero(video.timeline.present).tolist() == frames and video.end == pytest.approx(40 / 30)
    assert video.notes == (
        f"numbers in names are read as {word}, to the nearest frame",
        "7 of 40 frames are missing, 15 for one; they show no face",
    )


def test_numbers_of_every_nth_frame_are_no_gaps(folder):
    video = open_video(folder(f"img{number}.png" for number in [*range(1, 40, 4), *range(45, 70, 4)]), 25)
    assert len(video) == 18 and video.timeline.present.sum() == 17 and not video.timeline.present[10]
    assert video.notes == (
        "numbers of frames rise by 4: frames a second are those of the files that are there",
        "1 of 18 frames are missing, 41 for one; they show no face",
    )


def test_a_cover_and_other_files_among_the_frames_are_left_out(folder):
    names = [f"take 2 frame{number:03d}.png" for number in range(20)]
    video = open_video(folder(["cover.png", *names]), 25)
    (video.path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (video.path / "._frame001.png").write_bytes(b"\0\5\x16\7")
    second = open_video(video.path, 25)
    assert len(video) == len(second) == 20 and levels(second) == [*range(1, 21)]
    assert video.notes == second.notes == ("cover.png: not named like the frames, left out",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            [f"{camera}_{number}.png" for camera in "ab" for number in range(12)],
            r"must hold the frames of one video, not of several: a_0.png \(12\) and b_0.png \(12\)",
        ),
        ([*(f"img{number}.png" for number in range(12)), "img007.png"], "frame 7 is there twice, img007.png and img7"),
        (["img1.png", "img5000000.png", "img5000001.png"], "frame 5000000 must follow 1 with few missing between"),
        ([], "must be a video or a folder of frames, pictures each, not an empty folder"),
    ],
)
def test_what_is_not_one_video_is_refused(names, message, folder):
    path = folder(names)
    with pytest.raises(DataError, match=rf"{path.name}: {message}"):
        open_video(path, 25)
    if not names:
        (path / "a.txt").touch()
        with pytest.raises(DataError, match=r"not a folder of a\.txt"):
            open_video(path, 25)


@pytest.mark.parametrize(
    "names",
    [
        [f"2026-11-27 10.{second // 60:02d}.{second % 60:02d}.{second * 77 % 1000:03d} x.png" for second in range(30)],
        [f"{chr(97 + number)}.png" for number in range(20)],
    ],
)
def test_names_without_a_frames_number_are_read_in_order_with_a_note(names, folder):
    video = open_video(folder(names), 25)
    assert levels(video) == [*range(len(names))]
    assert video.notes == (
        "no number tells the frames' times; they are read in the order of their names, evenly spaced",
    )


def test_content_decides_and_not_the_ending(folder, tmp_path):
    for number in range(20):
        image = Image.fromarray(np.repeat(TEXTURE[..., None] + np.uint8(number), 3, 2))
        form = ("AVIF", "JPEG", "TGA")[number % 3]
        image.save(tmp_path / f"img{number:02d}.dat", format=form, **({"quality": 95} if form != "TGA" else {}))
    video = open_video(tmp_path, 25)
    assert len(video) == 20 and not [note for note in video.notes if "left out" in note]
    brightness = [float(image.mean()) - TEXTURE.mean() for image in video.read()]
    assert brightness == pytest.approx([*range(20)], abs=2)


def test_all_frames_have_the_depth_of_the_camera(tmp_path):
    """12 bits in 16; a dark frame alone would be taken for 10."""
    for number, level in enumerate([30, 60, *[200] * 10]):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), (TEXTURE // 8 + np.uint16(level)) << 4)
    assert [picture.depth([tmp_path / f"img{number}.png"]) for number in (0, 2)] == [10, 12]
    video = open_video(tmp_path, 25)
    assert [round(float((image - TEXTURE // 8).mean())) for image in video.read()][:3] == [30, 60, 200]
    assert any("of which 12 are used" in note for note in video.notes)


def test_a_folder_says_nothing_of_its_rate_and_may_be_rendered(tmp_path, folder):
    with pytest.raises(DataError, match="a folder does not say how many frames a second it has"):
        open_video(folder(["img0.png"]))
    with recorder(".png", False, 95, 25) as record:
        record(tmp_path / "img0.png", np.zeros((24, 32, 3), np.uint8))
    for number in range(1, 5):
        shutil.copy(tmp_path / "img0.png", tmp_path / f"img{number}.png")
    assert open_video(tmp_path, 25).generated
