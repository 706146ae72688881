"""Videos against the frames they were made of."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from microexpr.core.errors import DataError
from microexpr.datasets import video

LEVELS = np.arange(30, 230, 10, dtype=np.uint8)  # of red, by frame


def write(path: Path, fps: float = 24.0) -> None:
    """Motion JPEG; each frame one shade of red with a little grain, so that its bytes are not all alike."""
    grain = np.random.default_rng(7).integers(0, 20, (48, 64, 3), np.uint8)
    file = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter_fourcc(*"MJPG"), fps, (64, 48))
    for level in LEVELS:
        file.write(grain // 10 + np.array([0, 0, level], np.uint8))
    file.release()


@pytest.fixture
def clip(tmp_path):
    write(tmp_path / "S002-106.avi")
    return tmp_path / "S002-106.avi"


def test_header(clip):
    assert video.measure(clip) == (len(LEVELS), 24)


def test_every_frame_in_order_red_first(clip):
    pictures = list(video.read(clip, len(LEVELS)))
    assert {picture.shape for picture in pictures} == {(48, 64, 3)}
    assert np.allclose([picture[..., 0].mean() for picture in pictures], LEVELS + 1, atol=3)
    assert max(picture[..., 2].mean() for picture in pictures) < 10


def test_from_the_middle_on(clip):
    whole, rest = list(video.read(clip, len(LEVELS))), list(video.read(clip, len(LEVELS), start=13))
    assert np.array_equal(whole[13:], rest)


def test_truncated_video_names_the_frame(clip):
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) // 2])
    assert video.measure(clip)[0] == len(LEVELS)  # the header still says so
    with pytest.raises(DataError, match=r"S002-106.avi: must hold 20 frames, but frame \d+ does not decode") as caught:
        list(video.read(clip, len(LEVELS)))
    assert 2 <= int(str(caught.value).split("but frame ")[1].split()[0]) < len(LEVELS)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF\0\0\0\0AVI ")
    with pytest.raises(DataError, match=r"a.avi: is not a readable video"):
        video.measure(tmp_path / "a.avi")
    with pytest.raises(DataError, match=r"b.avi: the video is missing"):
        video.measure(tmp_path / "b.avi")
