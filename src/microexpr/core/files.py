"""Check a user's file before it is opened, name contents by their SHA-256, and find files of the package and of a run.

Imports the standard library alone."""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from microexpr.core.errors import DataError, MicroexprError

SOURCES = Path(__file__).parents[2]  # the folder of our packages
PACKAGES = ("microexpr", "facs_faces", "reader_fits")
WEIGHTS = SOURCES / "microexpr/weights"  # the folder of shipped ones

VIDEO_SUFFIXES = (
    ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".wmv", ".asf",
    ".flv", ".f4v", ".ogv", ".mxf", ".3gp",
)  # fmt: skip
LARGEST_JSON = 2**26  # bytes
DEEPEST = 64  # folders in folders that are looked into
OF_SYSTEMS = ("thumbs.db", "desktop.ini", "__macosx")  # names, in lower case
SPECIAL = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def regular(path: str | Path, error: type[MicroexprError] = DataError) -> Path:
    """Return the path, unless it is a named pipe, a socket or a device, which may never end: then raise `error`. A path
    that cannot be opened as a file for another reason is left to the call that opens it."""
    path = Path(path)
    try:
        kind = SPECIAL.get(stat.S_IFMT(path.stat().st_mode))
    except OSError:
        return path
    if kind:
        raise error(f"{path}: must be a file, not {kind}")
    return path


def is_below(path: Path, folder: Path) -> bool:
    """Return whether a path, which a file from elsewhere may name, leads into a folder. Your own links are followed."""
    return Path(os.path.normpath(path.absolute())).is_relative_to(os.path.normpath(folder.absolute()))


def read_json(path: Path) -> Any:
    """Return the content of a JSON file of this program, though it may come from elsewhere. Raises OSError if it cannot
    be read, and DataError for a link, for a file of another kind, and for one that is too large or deep."""
    if path.is_symlink():
        raise DataError(f"{path}: must be a file, not a link")
    with regular(path).open("rb") as file:
        content = file.read(LARGEST_JSON + 1)
    try:
        if len(content) > LARGEST_JSON:
            raise ValueError("it is larger")
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: must be JSON of at most {LARGEST_JSON >> 20} MB ({error})") from None


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Raise DataError for an OSError of reading a file, which names none once the file is open."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def is_hidden(path: Path) -> bool:
    """Return whether a file or folder is hidden, or one that a system leaves next to others: .DS_Store, ._x.jpg."""
    return path.name.startswith(".") or path.name.lower() in OF_SYSTEMS


def visible(folder: Path, pattern: str = "*") -> list[Path]:
    """Return the files and folders in a folder that are not hidden, sorted; those of a pattern in visible folders.
    Raises DataError for a folder with a thousand others in each other."""
    try:
        # iterdir raises what glob passes over
        paths = [*(folder.iterdir() if pattern == "*" else folder.glob(pattern))]
    except RecursionError:
        raise DataError(f"{folder}: must not have a thousand folders in each other") from None
    return sorted(
        path for path in paths
        if not any(is_hidden(part) for part in (path, *path.parents[: len(path.relative_to(folder).parts) - 1]))
    )  # fmt: skip


def run_files(clip: str, results: Path) -> list[Path]:
    """Return the files of a run in the folder `results` that may be read for a clip DATASET/SUBJECT/CLIP."""
    dataset, subject, _ = clip.split("/") if clip.count("/") == 2 else ("", "", "")
    return [results / "index" / f"{dataset}.csv", *(folder / dataset / f"{subject}.h5" for folder in results.glob("*"))]


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex. Raises OSError for a file that cannot be read."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_digest(paths: Iterable[str]) -> str:
    """Return a digest of name, size and time of these files, and of the files directly in these folders."""
    whole = hashlib.sha256()
    for entry in map(Path, paths):
        for path in visible(entry) if entry.is_dir() else [entry]:
            try:
                status = path.stat()
            except OSError as error:
                raise DataError(f"{path}: cannot be read: {error.strerror}") from error
            whole.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return whole.hexdigest()[:16]


def value_digest(value: Any) -> str:
    """Return the SHA-256 of a value as JSON, keys in any order; of another type as its text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def shipped(file: str) -> Path:
    """Return the path of shipped weights. `workflow/closure.py` takes a string of its name for a use of the file."""
    return WEIGHTS / file


def is_weights(path: str | Path) -> bool:
    """Return whether a file's name is that of trained weights."""
    return Path(path).suffix in (".safetensors", ".onnx")
