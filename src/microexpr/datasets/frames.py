"""Frames on disk: which are there, and their pixels. Knows no data set."""

import re
from pathlib import Path

import numpy as np

from microexpr.datasets import video
from microexpr.errors import DataError

VIDEO = ".avi"


def held(where: Path, pattern: re.Pattern[str] | None) -> dict[int, Path]:
    """Paths by frame number of one clip: of a folder's frames; without a pattern of its one file, which is frame 0 if
    a picture, and each frame of a video. Raises DataError if it is missing, empty or no video."""
    if pattern is not None:
        return listed(where, pattern)
    if is_video(where):
        return dict.fromkeys(range(video.measure(where)[0]), where)
    if not where.is_file():
        raise DataError(f"{where}: the frame is missing")
    return {0: where}


def is_video(path: Path) -> bool:
    """By its name: whether all frames of a clip lie in this one file."""
    return path.suffix.lower() == VIDEO


def listed(folder: Path, pattern: re.Pattern[str]) -> dict[int, Path]:
    """Paths by frame number; files that are no frames (links, thumbnails) are passed over.

    Raises DataError if the folder is missing, empty, or holds one number twice."""
    if not folder.is_dir():
        raise DataError(f"{folder}: is not there; the annotation names it")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = pattern.fullmatch(path.name)
        if match is None:
            continue
        number = int(match[1])
        if number in found:
            raise DataError(f"{folder}: frame {number} is there twice, {found[number].name} and {path.name}")
        found[number] = path
    if not found:
        raise DataError(f"{folder}: holds no frames named like {pattern.pattern}")
    return found


def contiguous(found: dict[int, Path], folder: Path) -> dict[int, Path]:
    """The same, for a data set that numbers its frames one by one. Raises DataError naming the first gap."""
    for number in range(min(found), max(found)):
        if number not in found:
            raise DataError(f"{folder}: frame {number} is missing between {min(found)} and {max(found)}")
    return found


def read(path: Path) -> np.ndarray:
    """A picture as uint8[H, W] if grey, else RGB uint8[H, W, 3]. Raises DataError if it does not decode whole."""
    from PIL import Image, ImageFile, UnidentifiedImageError

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # face_recognition sets it for the whole process: grey for what is lost
    try:
        with Image.open(path) as image:
            if image.mode not in ("L", "RGB", "RGBA", "P", "YCbCr"):
                raise DataError(f"{path}: must have 8 bits a channel, not mode {image.mode}")
            return np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except FileNotFoundError:
        raise DataError(f"{path}: the frame is missing") from None
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise DataError(f"{path}: is not a readable picture ({error})") from error
