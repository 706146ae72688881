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
            matches = [
                match
                for match in sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
                if not match.name.startswith(".") and (match.is_dir() or match.suffix.lower() in SUFFIXES)
            ]
            if not matches:
                raise DataError(f"{path}: matches nothing")
            videos += find(matches)
        elif path.is_dir():
            names = (file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
            videos += sorted(file for file in names if file.suffix.lower() in SUFFIXES) or [path]
        elif path.exists():
            videos.append(path)
        else:
            raise DataError(f"{path}: is not there")
    return list(dict.fromkeys(videos))


def is_many(paths: Sequence[Path]) -> bool:
    """Return whether paths name more than one video, or a folder of videos."""
    return len(paths) != 1 or (not paths[0].is_file() and find(paths) != [*paths])
