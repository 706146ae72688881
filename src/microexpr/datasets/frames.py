"""List the frames of a clip on disk, and the files among them that are no frames. Knows no data set and no pixels."""

import re
from collections.abc import Iterable
from pathlib import Path

from microexpr.core.errors import DataError, nearest
from microexpr.datasets import video

VIDEO = ".avi"
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".heic", ".jp2", ".pgm", ".ppm")
MAX_NAMES = 3  # in a message


def frame_paths(where: Path, pattern: re.Pattern[str] | None) -> dict[int, Path]:
    """Return the paths of one clip's frames by number.

    With a pattern they are the frames of a folder. Without one they lie in a single file: a picture is frame 0, a video
    holds all frames. Raises DataError if the folder or file is missing, empty or no video."""
    if pattern is not None:
        return numbered_frames(where, pattern)
    if is_video(where):
        return dict.fromkeys(range(video.measure(where)[0]), where)
    if not where.is_file():
        raise DataError(f"{where}: the frame is missing")
    return {0: where}


def is_video(path: Path) -> bool:
    """Return whether a file is a video, by its suffix."""
    return path.suffix.lower() == VIDEO


def numbered_frames(folder: Path, pattern: re.Pattern[str], owner: str | None = None) -> dict[int, Path]:
    """Return the frames of a folder by number, the pattern's group `number`. Other files are passed over.

    If `owner` is not None, the pattern's group `owner` must be equal to it. Raises DataError if the folder is missing
    or empty, or if one number occurs twice."""
    if not folder.is_dir():
        if folder.is_symlink():
            raise DataError(f"{folder}: is a link that leads nowhere; the annotation names it")
        raise DataError(f"{folder}: is not there; the annotation names it{_suggestion(folder)}")
    frames: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = pattern.fullmatch(path.name)
        if match is None:
            continue
        number = int(match["number"])
        if number in frames:
            raise DataError(f"{folder}: frame {number} is there twice, {frames[number].name} and {path.name}")
        if owner is not None and match["owner"] != owner:
            raise DataError(f"{path}: must be a frame of {owner}, not of {match['owner']}")
        frames[number] = path
    if not frames:
        names = shorten(path.name for path in folder.iterdir()) or "nothing"
        raise DataError(f"{folder}: holds no frames named like {example(pattern)}, found {names}")
    return frames


def example(pattern: re.Pattern[str]) -> str:
    """Return an example of a frame's name, such as img1.jpg, without optional parts and with the first suffix."""
    name = re.sub(r"\(\?:[^()]*\)\?|\w\?", "", pattern.pattern)
    name = re.sub(r"\(\?P<\w+>([^()]*)\)", r"\1", re.sub(r"\(\?:([^|()]*)[^()]*\)", r"\1", name))
    return re.sub(r"\\d(?:\{(\d)\}|\+)", lambda digits: "1".zfill(int(digits[1] or 1)), name).replace("\\.", ".")


def stray_files(folder: Path, pattern: re.Pattern[str]) -> tuple[list[str], int]:
    """Return the pictures that are not named like a frame, "img46 (1).jpg", and the number of other such files."""
    names = sorted(path.name for path in folder.iterdir() if not pattern.fullmatch(path.name))
    pictures = [name for name in names if Path(name).suffix.lower() in PICTURES and not name.startswith(".")]
    return pictures, len(names) - len(pictures)


def check_contiguous(frames: dict[int, Path], folder: Path) -> dict[int, Path]:
    """Return the same frames. Raises DataError naming the first gap in their numbers."""
    if missing := gaps(frames):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"{folder}: frame {missing[0]}{more} is missing between {min(frames)} and {max(frames)}")
    return frames


def gaps(frames: dict[int, Path]) -> list[int]:
    """Return the numbers missing between the first and the last frame, at most a thousand."""
    between = range(min(frames), min(max(frames), min(frames) + len(frames) + 1000))
    return [number for number in between if number not in frames]


def shorten(names: Iterable[str]) -> str:
    """Return the first few names, sorted, for a message; "" if there are none."""
    every = sorted(names)
    return ", ".join(every[:MAX_NAMES]) + (f" and {len(every) - MAX_NAMES} more" if len(every) > MAX_NAMES else "")


def _suggestion(folder: Path) -> str:
    """Suggest an existing name next to a missing folder, for a message."""
    while not folder.parent.is_dir():
        folder = folder.parent
    return nearest(folder.name, (path.name for path in folder.parent.iterdir()))
