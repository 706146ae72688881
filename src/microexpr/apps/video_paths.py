"""Which videos paths name. Imports nothing that takes time."""

from collections.abc import Sequence
from pathlib import Path

from microexpr.core.errors import DataError

SUFFIXES = (".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")  # in a folder of videos


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the videos and folders of frames that paths name: a folder of videos stands for these, and a path with
    `*` for what it matches. Raises DataError for a path that is not there."""
    videos: list[Path] = []
    for path in paths:
        if not path.exists() and "*" in str(path):
            matches = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
            if not matches:
                raise DataError(f"{path}: matches nothing")
            videos += find(matches)
        elif path.is_dir():
            from microexpr.datasets.frames import PICTURE_SUFFIXES

            files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
            has_frames = any(file.suffix.lower() in PICTURE_SUFFIXES for file in files)
            inside = [file for file in files if file.suffix.lower() in SUFFIXES]
            videos += [path] if has_frames or not inside else inside
        elif path.exists():
            videos.append(path)
        else:
            raise DataError(f"{path}: is not there")
    return list(dict.fromkeys(videos))


def is_many(paths: Sequence[Path]) -> bool:
    """Return whether paths name more than one video, or a folder of videos."""
    return len(paths) != 1 or (not paths[0].is_file() and find(paths) != [*paths])
