"""List the frames of a clip on disk, and the files among them that are no frames. Knows no data set and no pixels.

A pattern is a data set's `Layout.frame`: it matches the file name of a frame, "img46.jpg", and its group `number` is
the frame's number. It is None where one file, a video or a picture, holds a whole clip. Paths come from the annotation.
"""

import mimetypes
import re
from pathlib import Path

from microexpr.core.errors import DataError, nearest
from microexpr.core.files import regular
from microexpr.videos import container
from microexpr.videos.frames import shorten

VIDEO_SUFFIX = ".avi"


def frame_paths(path: Path, pattern: re.Pattern[str] | None) -> dict[int, Path]:
    """Return the paths of one clip's frames by number; `path` is its folder, or its file if the pattern is None.

    A picture is frame 0. Every frame of a video, from 0, has the path of the video. Raises DataError if the folder or
    file is missing, empty or no video."""
    if pattern is not None:
        return numbered_frames(path, pattern)
    if is_video(path):
        return dict.fromkeys(range(container.measure(path)[0]), path)
    if not regular(path).is_file():
        raise DataError(f"{path}: must be a picture, {'not a folder' if path.is_dir() else 'but is not there'}")
    return {0: path}


def is_video(path: Path) -> bool:
    """Return whether a file is a video, by its suffix."""
    return path.suffix.lower() == VIDEO_SUFFIX


def numbered_frames(folder: Path, pattern: re.Pattern[str], owner: str | None = None) -> dict[int, Path]:
    """Return the paths of a folder's frames by number. Files that the pattern does not match are ignored.

    `owner` is for data sets with the name of the subject or clip in their file names, as the pattern's group `owner`:
    all must be equal to it. Raises DataError if the folder is missing or empty, or if a number occurs twice."""
    if not folder.is_dir():
        if folder.is_symlink():
            raise DataError(f"{folder}: is a link that leads nowhere; the annotation names it")
        missing = folder if folder.parent.is_dir() else folder.parent  # as of a subject, one for all its clips
        named = missing
        while not named.parent.is_dir():
            named = named.parent
        others = (path.name for path in named.parent.iterdir())
        near = nearest(named.name, (other for other in others if _numbers(other) == _numbers(named.name)))
        raise DataError(f"{missing}: is not there; the annotation names it{near}")
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
        raise DataError(f"{folder}: holds no frames named like {example_name(pattern)}, found {names}")
    return frames


def example_name(pattern: re.Pattern[str]) -> str:
    """Return an example of a frame's name, such as img1.jpg, without optional parts and with the first suffix."""
    # not a general inverse: of the syntax that layouts use, groups, alternatives, `?` and digits
    name = re.sub(r"\(\?:[^()]*\)\?|\w\?", "", pattern.pattern)
    name = re.sub(r"\(\?P<\w+>([^()]*)\)", r"\1", re.sub(r"\(\?:([^|()]*)[^()]*\)", r"\1", name))
    return re.sub(r"\\d(?:\{(\d)\}|\+)", lambda digits: "1".zfill(int(digits[1] or 1)), name).replace("\\.", ".")


def stray_files(folder: Path, pattern: re.Pattern[str]) -> tuple[list[str], int]:
    """Return the pictures that are not named like a frame ("img46 (1).jpg"), and the number of other such files."""
    names = sorted(path.name for path in folder.iterdir() if not pattern.fullmatch(path.name))
    kinds = {name: mimetypes.guess_type(name)[0] or "" for name in names}  # thousands are not opened for a note
    pictures = [name for name in names if not name.startswith(".") and kinds[name].startswith("image/")]
    return pictures, len(names) - len(pictures)


def check_contiguous(frames: dict[int, Path], folder: Path) -> dict[int, Path]:
    """Return the frames unchanged; raise DataError naming the first gap in their numbers, if there is one."""
    if missing := gaps(frames):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(f"{folder}: frame {missing[0]}{more} is missing between {min(frames)} and {max(frames)}")
    return frames


def gaps(frames: dict[int, Path]) -> list[int]:
    """Return the numbers missing between the first and the last frame; a slip in a name must not make millions."""
    between = range(min(frames), min(max(frames), min(frames) + len(frames) + 1000))
    return [number for number in between if number not in frames]


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]
