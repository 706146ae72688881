"""Times and frames of parts of a video against those of the whole, as cameras and phones write it."""

import av
import numpy as np
import pytest
from encoded import delay, drifting, write

from microexpr.core.errors import DataError
from microexpr.videos import container, excerpt, open_video


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("plain.mp4", {}), ("fields.mpg", {"codec": "mpeg2video", "fps": 25}), ("reordered.avi", {"b_frames": 2}),
        ("reordered.mp4", {"codec": "libx264", "b_frames": 2}), ("broadcast.mp4", {"fps": 30000 / 1001}),
        ("uneven.mkv", {"times": np.arange(20) / 30 + 0.2 * (np.arange(20) > 9)}), ("late.mp4", {}),
    ],
)  # fmt: skip
def test_times_without_decoding_are_those_of_the_decoded_frames(name, how, tmp_path):
    write(tmp_path / name, drifting(20), **({"fps": 30} | how))
    if name == "late.mp4":
        delay(tmp_path / name, 0.5)
    times, video = excerpt.times(tmp_path / name), open_video(tmp_path / name)
    assert len(times) == len(video) and times == pytest.approx(video.seconds)
    whole = [*container.VideoFile(tmp_path / name).read()]
    for numbers in (range(3, 9), range(14, 18)):  # key frames are 0 and 12
        images = [*excerpt.read_some(tmp_path / name, numbers)]
        assert len(images) == len(numbers) and np.array_equal(images, [whole[number] for number in numbers])
    with pytest.raises(DataError, match="a frame up to it does not decode"):
        list(excerpt.read_some(tmp_path / name, range(3, 99)))


def test_a_frame_after_a_damaged_one_is_refused_where_its_number_counts(tmp_path):
    write(tmp_path / "take.mp4", drifting(20), 30)
    with av.open(str(tmp_path / "take.mp4")) as file:
        packet = [packet for packet in file.demux(video=0) if packet.size][5]
        start, size = packet.pos, packet.size
    content = bytearray((tmp_path / "take.mp4").read_bytes())
    content[start : start + size] = bytes(size)
    (tmp_path / "take.mp4").write_bytes(content)
    assert len([*excerpt.read_some(tmp_path / "take.mp4", range(4))]) == 4
    with pytest.raises(DataError, match="a frame up to it does not decode"):
        list(excerpt.read_some(tmp_path / "take.mp4", range(8, 12)))
    assert len([*excerpt.read_some(tmp_path / "take.mp4", range(13, 16))]) == 3, "after the next key frame"


def test_times_end_where_the_file_is_damaged(tmp_path):
    """A header of a frame in the middle of raw video; FFmpeg raises, also where frames are counted."""
    path = tmp_path / "take.y4m"
    frame = b"FRAME\n" + bytes(range(96)) * 16
    path.write_bytes(b"YUV4MPEG2 W32 H32 F25:1 C420\n" + 3 * frame + b"FRAME" * 400 + frame)
    assert len(excerpt.times(path)) == len([*container.VideoFile(path).decode()]) == 3
    assert len([*excerpt.read_some(path, range(1, 3))]) == 2
