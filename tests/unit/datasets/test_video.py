"""Videos against the frames they were made of."""

import shutil
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from broken import video_header

from microexpr.core.errors import DataError
from microexpr.datasets import video

LEVELS = np.arange(30, 230, 10, dtype=np.uint8)  # of red, by frame


def write(path: Path, fps: float = 24.0, library: int = cv2.CAP_OPENCV_MJPEG, codec: str = "MJPG") -> None:
    """A video; each frame one shade of red with a little grain, so that its bytes are not all alike."""
    grain = np.random.default_rng(7).integers(0, 20, (48, 64, 3), np.uint8)
    file = cv2.VideoWriter(str(path), library, cv2.VideoWriter_fourcc(*codec), fps, (64, 48))
    for level in LEVELS:
        file.write(grain // 10 + np.array([0, 0, level], np.uint8))
    file.release()


def faster_halfway(path: Path) -> None:
    """Halve the times between the last half of an MP4's frames: a second row in its box `stts` of counts and times."""
    content = bytearray(path.read_bytes())
    table = content.rindex(b"stts")
    rows, count, ticks = struct.unpack_from(">3I", content, table + 8)
    assert rows == 1
    content[table + 8 : table + 20] = struct.pack(">5I", 2, count // 2, ticks, count // 2, ticks // 2)
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):  # each holds the next
        start = content.rindex(box) - 4
        content[start : start + 4] = struct.pack(">I", struct.unpack_from(">I", content, start)[0] + 8)
    path.write_bytes(content)


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
    assert np.array_equal(pictures[13:], list(video.read(clip, len(LEVELS), start=13)))


@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_video_cut_short_is_refused_before_half_a_frame_decodes(clip, share):
    content = clip.read_bytes()
    clip.write_bytes(content[: int(share * len(content))])
    length = rf"must be {len(content)} bytes long, as its header says, not {clip.stat().st_size}: it is cut short"
    for read in (video.measure, lambda path: next(video.read_selected(path, bool))):
        with pytest.raises(DataError, match=rf"S002-106.avi: {length}"):
            read(clip)


def test_a_length_that_was_never_written_is_not_held_against_a_video(clip):
    content = clip.read_bytes()
    clip.write_bytes(content[:4] + bytes(4) + content[8 : len(content) // 2])
    assert video.measure(clip)[0] == len(LEVELS)  # the header still says so
    with pytest.raises(DataError, match=r"S002-106.avi: must hold 20 frames, but frame \d+ does not decode") as caught:
        list(video.read(clip, len(LEVELS)))
    assert 2 <= int(str(caught.value).split("but frame ")[1].split()[0]) < len(LEVELS)


def test_an_uneven_rate_is_seen(tmp_path, clip):
    write(tmp_path / "even.mp4", 50, cv2.CAP_FFMPEG, "mp4v")
    shutil.copy(tmp_path / "even.mp4", tmp_path / "uneven.mp4")
    faster_halfway(tmp_path / "uneven.mp4")
    unevenness = "frames are 10 to 20 ms apart; they are read as if evenly spaced"
    for path, expected in ((clip, ""), (tmp_path / "even.mp4", ""), (tmp_path / "uneven.mp4", unevenness)):
        timing = video.Timing()
        assert len(list(video.read_selected(path, lambda number: number % 5 == 0, timing))) == len(LEVELS) / 5
        assert (timing.frames, timing.unevenness) == (len(LEVELS), expected)


@pytest.mark.parametrize(
    ("values", "content"),
    [({"length": 0}, "0 at 24"), ({"length": 10**6 + 1}, "1e\\+06 at 24"), ({"rate": 2000}, "20 at 2000")],
)
def test_a_header_of_no_camera_is_refused(clip, values, content):
    video_header(clip, scale=1, **({"rate": 24} | values))
    with pytest.raises(DataError, match=f"must hold 1 to 1000000 frames at 1 to 1000 a second, not {content}"):
        video.measure(clip)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF\0\0\0\0AVI ")
    with pytest.raises(DataError, match=r"a.avi: is not a readable video"):
        video.measure(tmp_path / "a.avi")
    with pytest.raises(DataError, match=r"b.avi: the video is missing"):
        video.measure(tmp_path / "b.avi")
