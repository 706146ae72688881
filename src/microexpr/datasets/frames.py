"""Frames on disk: which are there, and which files among them are none. Knows no data set and no pixels."""

import re
from collections.abc import Iterable
from pathlib import Path

from microexpr.core.errors import DataError, nearest
from microexpr.datasets import video

VIDEO = ".avi"
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".heic", ".jp2", ".pgm", ".ppm")
SHOWN = 3  # names in a message


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


def listed(folder: Path, pattern: re.Pattern[str], whose: str | None = None) -> dict[int, Path]:
    """Paths by the pattern's group `number`; files that are no frames are passed over, `strays` has them.

    Where `whose` is given, the pattern's group of that name must be the same. Raises DataError if the folder is
    missing, empty, or holds one number twice."""
    if not folder.is_dir():
        if folder.is_symlink():
            raise DataError(f"{folder}: is a link that leads nowhere; the annotation names it")
        raise DataError(f"{folder}: is not there; the annotation names it{_near(folder)}")
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = pattern.fullmatch(path.name)
        if match is None:
            continue
        number = int(match["number"])
        if number in found:
            raise DataError(f"{folder}: frame {number} is there twice, {found[number].name} and {path.name}")
        if whose is not None and match["whose"] != whose:
            raise DataError(f"{path}: must be a frame of {whose}, not of {match['whose']}")
        found[number] = path
    if not found:
        names = few(path.name for path in folder.iterdir()) or "nothing"
        raise DataError(f"{folder}: holds no frames named like {example(pattern)}, found {names}")
    return found


def example(pattern: re.Pattern[str]) -> str:
    """A frame's name, for a message: without what may be missing, of several endings the first, such as img1.jpg."""
    name = re.sub(r"\(\?:[^()]*\)\?|\w\?", "", pattern.pattern)
    name = re.sub(r"\(\?P<\w+>([^()]*)\)", r"\1", re.sub(r"\(\?:([^|()]*)[^()]*\)", r"\1", name))
    return re.sub(r"\\d(?:\{(\d)\}|\+)", lambda digits: "1".zfill(int(digits[1] or 1)), name).replace("\\.", ".")


def strays(folder: Path, pattern: re.Pattern[str]) -> tuple[list[str], int]:
    """Names of pictures that no frame is called by, a copy's "img46 (1).jpg"; and how many other files there are."""
    names = sorted(path.name for path in folder.iterdir() if not pattern.fullmatch(path.name))
    pictures = [name for name in names if Path(name).suffix.lower() in PICTURES and not name.startswith(".")]
    return pictures, len(names) - len(pictures)


def contiguous(found: dict[int, Path], folder: Path) -> dict[int, Path]:
    """The same, for a data set that numbers its frames one by one. Raises DataError naming the first gap."""
    if missing := gaps(found):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"{folder}: frame {missing[0]}{more} is missing between {min(found)} and {max(found)}")
    return found


def gaps(found: dict[int, Path]) -> list[int]:
    """Numbers between the first and the last frame that are not there; of the camera's counter, at most a thousand."""
    between = range(min(found), min(max(found), min(found) + len(found) + 1000))
    return [number for number in between if number not in found]


def few(names: Iterable[str]) -> str:
    """The first few, sorted, for a message; "" if there are none."""
    every = sorted(names)
    return ", ".join(every[:SHOWN]) + (f" and {len(every) - SHOWN} more" if len(every) > SHOWN else "")


def _near(folder: Path) -> str:
    """A name beside the missing folder that may be meant."""
    while not folder.parent.is_dir():
        folder = folder.parent
    return nearest(folder.name, (path.name for path in folder.parent.iterdir()))
