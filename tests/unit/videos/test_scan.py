"""The first reading of a video: cuts, repeated frames, colours, length; and videos in memory and turned ones."""

import numpy as np
import pytest
from encoded import drifting, noise, opened, shades
from PIL import Image

from microexpr.core.errors import DataError
from microexpr.videos import Scan, from_array, of_files


def test_a_cut_begins_another_stretch():
    images = np.concatenate([drifting(30), noise(1, (96, 128)).repeat(30, 0), drifting(30)[:, ::-1]])
    scan = Scan(from_array(images, 25).source)
    assert [frame.stretch for frame in scan] == [0] * 30 + [1] * 30 + [2] * 30
    timeline = scan.video.timeline
    assert timeline.cuts == (30, 60) and timeline.stretches == [range(30), range(30, 60), range(60, 90)]
    assert "another view or person from 1.20, 2.40 s on" in " ".join(scan.video.notes)


@pytest.mark.parametrize("images", [drifting(40), noise(1).repeat(40, 0), shades(np.linspace(10, 200, 40))])
def test_movement_light_and_standstill_are_no_cuts(images):
    assert from_array(images, 25).timeline.cuts == ()


@pytest.mark.parametrize("each", [1, 2])  # pictures are repeated
def test_noise_and_flicker_are_no_repetition_and_no_cut(each):
    """Frames differ by 14 and 18 levels in the mean, more than views of one room may."""
    scene, rng, light = drifting(1), np.random.default_rng(0), np.sin(2 * np.pi * 7 * np.arange(60) / 50)
    noisy, flickering = (scene + rng.normal(0, level, (60, 96, 128, 3)) for level in (12, 2))
    for images in (noisy, flickering * (1 + 0.25 * light)[:, None, None, None]):
        timeline = from_array(np.clip(images, 0, 255).astype(np.uint8).repeat(each, 0), 50).timeline
        assert timeline.cuts == () and timeline.new.sum() == 60
        other = np.concatenate([images[:30], 255 - images[30:]])  # a cut is a cut all the same
        assert from_array(np.clip(other, 0, 255).astype(np.uint8).repeat(each, 0), 50).timeline.cuts == (30 * each,)


def test_frames_that_repeat_the_one_before_are_not_new(tmp_path):
    """A camera of 25 frames a second in a file of 50."""
    images = drifting(20).repeat(2, 0)
    for video in (from_array(images, 50), opened(tmp_path / "take.mkv", images, 50, codec="ffv1")):
        assert video.timeline.new.tolist() == [True, False] * 20
        assert "20 of 40 frames repeat the one before" in video.notes[-1] and "not 50" in video.notes[-1]


def test_movement_in_a_tile_of_a_still_screen_is_no_repetition(tmp_path):
    """A face of 90 pixels in a screen of 960, whose mouth is all that moves: by 0.005 grey levels in the mean."""
    screen = noise(1, (54, 96)).repeat(10, 1).repeat(10, 2).repeat(40, 0)
    for i, image in enumerate(screen):
        image[120:140, 220:250] = 100 + 4 * (i % 2)  # in blocks of no more than a twentieth of its width
    moving = from_array(screen, 25)
    assert moving.timeline.new.all() and moving.timeline.change[1:].max() > 5 * 4 * 600 / (540 * 960)
    assert not any("repeat" in note or "hardly" in note for note in moving.notes)
    still = from_array(screen[::2].repeat(2, 0), 25)
    assert still.timeline.new.tolist() == [True] + [False] * 39  # a still screen stays one


def test_a_video_that_fades_in_from_black_has_its_colours():
    colour = np.clip(drifting(30) * [1, 0.5, 0.2], 0, 255)
    fade = np.minimum(np.arange(60) / 30, 1)[:, None, None, None]
    images = (colour[np.arange(60) % 30] * fade).astype(np.uint8)
    assert not from_array(images, 20).grey
    grey = images[..., :1].repeat(3, -1)
    assert from_array(grey, 20).grey and from_array(grey[..., 0], 20).grey


def test_a_video_is_long_and_fast_enough():
    images = noise(10)
    assert from_array(images, 100).end == pytest.approx(0.1)
    with pytest.raises(DataError, match=r"take: must last at least 0\.1 s, 10 frames, not 9"):
        from_array(images[:9], 100, "take")
    for rate in (9, 1001, np.nan):
        with pytest.raises(DataError, match=f"take: must have 10 to 1000 frames a second, not {rate:.4g}"):
            from_array(images, rate, "take")
    words = r"must be uint8\[T, H, W, 3\] or uint8\[T, H, W\], not float64\[10, 48, 64, 3\]"
    with pytest.raises(DataError, match=words):
        from_array(images / 255, 100)


def test_frames_in_memory_are_those_of_a_file(tmp_path):
    images = drifting(20)
    file = opened(tmp_path / "take.mkv", images, codec="ffv1", times=np.arange(20) / 25)
    array = from_array(images, 25)
    assert np.abs(file.frames - images.astype(float)).mean() < 3  # of colours at half the resolution
    assert len(file) == len(array) == 20 and file.size == array.size == (96, 128)
    assert np.array_equal([*array.read([3, 5])], images[[3, 5]]) and np.array_equal(array.frames, images)
    assert repr(array) == "Video('array', 20 frames of 128 x 96, 25 a second)"
    grey = from_array(images[..., 0], 25)
    assert next(iter(grey)).shape == (96, 128, 3) and next(grey.read()).shape == (96, 128)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_video_has_turned_frames_and_says_so(quarters):
    images = drifting(12)
    video, expected = from_array(images, 25), np.rot90(images, quarters, (1, 2))
    scan = Scan(video.source)
    scan.turn(quarters)
    for turned in (video.turned(quarters), scan.video):
        assert np.array_equal(turned.frames, expected) and turned.size == expected.shape[1:3]
        words = f"turned by {90 * quarters} degrees to the left, so that the face is upright"
        assert turned.notes == (words,) * bool(quarters)
    scan = Scan(video.source)
    scan.turn(quarters)
    assert all(np.array_equal(frame.image(), image) for frame, image in zip(scan, expected, strict=True))


def test_named_files_are_a_video_with_frames_missing(tmp_path):
    paths = {2 * number: tmp_path / f"{number}.png" for number in range(6)}
    for path, image in zip(paths.values(), noise(6), strict=True):
        Image.fromarray(image).save(path)
    video = of_files(paths, 30, generated=True)
    assert len(video) == 11 and video.generated and video.timeline.present.tolist() == [True, False] * 5 + [True]
    assert np.array_equal([*video.read([0, 1, 4])], noise(6)[[0, 2]])
