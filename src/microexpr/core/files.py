"""Check a user's file before it is opened: a named pipe waits for a writer, a device may never end. List the files of a
run that concern a clip. No contents."""

import stat
from pathlib import Path

from microexpr.core.errors import DataError, MicroexprError

SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def regular(path: str | Path, error: type[MicroexprError] = DataError) -> Path:
    """Return the path, unless it is a named pipe, a socket or a device: then raise `error`.

    A path that cannot be opened as a file for another reason is left to the call that opens it."""
    path = Path(path)
    try:
        kind = SPECIAL.get(stat.S_IFMT(path.stat().st_mode))
    except OSError:
        return path
    if kind:
        raise error(f"{path}: must be a file, not {kind}")
    return path


def run_files(clip: str, results: Path) -> list[Path]:
    """Return the files of a run in the folder `results` that may be read for a clip DATASET/SUBJECT/CLIP."""
    dataset, subject, _ = clip.split("/") if clip.count("/") == 2 else ("", "", "")
    return [results / "index" / f"{dataset}.csv", *(folder / dataset / f"{subject}.h5" for folder in results.glob("*"))]
