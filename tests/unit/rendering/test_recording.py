"""Files of generated frames, read back by other programs' rules: pixels, and the word that they are generated."""

import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from microexpr.core.errors import StoreError
from microexpr.rendering.recording import MARK, recorder


def film(frames: int = 9) -> np.ndarray:
    """uint8[T, 48, 64, 3]: a bright square that moves to the right on a red ramp."""
    pictures = np.zeros((frames, 48, 64, 3), np.uint8)
    pictures[..., 0] = np.linspace(40, 200, 48)[:, None]
    for number, picture in enumerate(pictures):
        picture[16:32, 5 * number : 5 * number + 16, 1] = 200
    return pictures


def record(folder, name: str, grey: bool = False, quality: int = 95) -> list:
    paths = [folder / name.format(number) for number in range(len(film()))]
    with recorder(paths[0].suffix, grey, quality, 24) as write:
        for path, picture in zip(paths, film(), strict=True):
            write(path, picture)
    return paths


@pytest.mark.parametrize("name", ["{:03d}.jpeg", "{:03d}.jpg", "{}.png"])
@pytest.mark.parametrize("grey", [False, True])
def test_picture_and_comment(tmp_path, name, grey):
    for path, expected in zip(record(tmp_path, name, grey), film(), strict=True):
        with Image.open(path) as picture:
            comment = picture.info["Comment" if name.endswith("png") else "comment"]
            assert picture.mode == ("L" if grey else "RGB")
            pixels = np.asarray(picture).astype(float)
        assert (comment.encode() if isinstance(comment, str) else comment) == MARK
        expected = expected @ [0.299, 0.587, 0.114] if grey else expected
        assert np.abs(pixels - expected).mean() < (0.6 if name.endswith("png") else 6)


def test_what_cannot_be_written_is_an_error_and_quality_makes_files_larger(tmp_path):
    (tmp_path / "3.png").mkdir()
    with pytest.raises(StoreError, match=r"3\.png: cannot be written"):
        record(tmp_path, "{}.png")
    assert len([*tmp_path.glob("?.png")]) == len(film())  # the others are there
    sizes = [record(tmp_path, "clip.avi", quality=quality)[0].stat().st_size for quality in (40, 95)]
    assert sizes[0] < sizes[1]
    with pytest.raises(StoreError, match=r"must be a \.jpg, .* file, not \.bmp"):
        record(tmp_path, "{}.bmp")


def lists(content: bytes) -> dict[bytes, bytes]:
    """Return what is directly inside a RIFF file, by its kind: for a list the kind of list."""
    assert content[:4] == b"RIFF"
    (size,) = struct.unpack("<I", content[4:8])
    assert size == len(content) - 8
    chunks, position = {}, 12
    while position < len(content):
        kind, (length,) = content[position : position + 4], struct.unpack("<I", content[position + 4 : position + 8])
        body = content[position + 8 : position + 8 + length]
        chunks[body[:4] if kind == b"LIST" else kind] = body
        position += 8 + length + length % 2
    return chunks


def test_video_holds_every_frame_and_a_comment(tmp_path):
    (path,) = set(record(tmp_path, "clip.avi"))
    parts = lists(path.read_bytes())
    assert list(parts) == [b"hdrl", b"JUNK", b"movi", b"idx1", b"INFO"]
    assert parts[b"INFO"][4:8] == b"ICMT"
    assert parts[b"INFO"][12:].rstrip(b"\0") == MARK
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FPS) == 24
    read = []
    while (decoded := capture.read())[0]:
        read.append(decoded[1][..., ::-1].astype(float))
    assert np.abs(np.array(read) - film()).mean() < 6
    assert [path.name for path in tmp_path.iterdir()] == ["clip.avi"]  # nothing is left beside it


@pytest.mark.parametrize("name", ["{}.jpg", "{}.png", "clip.avi"])
def test_same_frames_same_bytes(tmp_path, name):
    first, second = ([path.read_bytes() for path in record(tmp_path / side, name)] for side in "ab")
    assert first == second
