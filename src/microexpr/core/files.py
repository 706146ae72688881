"""Check a user's file before it is opened: a named pipe waits for a writer, a device may never end. No contents."""

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
