"""Decide, before any work, which paths a command of `microexpr` may write, and publish its files as a whole.

An input is never overwritten. A file that this program did not write, or that was changed since, is overwritten only
with `--force`. Only the standard library is imported, so that a refusal takes milliseconds.

    out = outputs.picture(Path("table.png"), inputs=[table], force=False)
    with outputs.publish(out) as part:  # a hidden folder; its files move to their names when the block ends
        plot(part / out.names[0])
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TextIO

from microexpr.core import digests
from microexpr.core.errors import MicroexprError, OutputError
from microexpr.core.outputs.decision import (
    Inputs,
    Manifest,
    Output,
    folder,
    manifests,
    picture,
    source_of,
    state,
    table,
    video,
)  # fmt: skip

__all__ = [
    "Inputs", "Manifest", "Output", "claim", "folder", "manifests", "picture", "publish", "records", "replace_record",
    "source_of", "table", "video",
]  # fmt: skip

BEFORE, AFTER = ".microexpr-", ".part"  # start and end of a hidden folder's name


@contextmanager
def publish(out: Output, record: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Yield a hidden folder to write into; move its files to their names afterwards, unless the block fails.

    `record`, which the block may fill, is kept in the manifest. Raises OutputError if a file that may not be replaced
    has appeared since the first check, or the folder cannot be written."""
    new = not out.root.exists()
    try:
        with _hidden_folder(out.root) as part:
            yield part
            with _lock(out.root):
                _publish(out, part, {"input": out.source, **(record or {})})
    except MicroexprError as error:
        hidden = rf"{re.escape(str(out.root))}/{re.escape(BEFORE)}[^/]+{re.escape(AFTER)}"
        raise type(error)(re.sub(hidden, lambda _: str(out.user_path), str(error))) from error
    except OSError as error:
        if not str(error.filename or "").startswith(str(out.root)):
            raise
        raise OutputError(f"{out.user_path}: cannot be written: {error.strerror}") from error
    finally:
        if new:
            with suppress(OSError):  # it is not empty after success
                out.root.rmdir()


@contextmanager
def _hidden_folder(root: Path) -> Iterator[Path]:
    """Yield a new folder that is locked while it is used. Folders of killed commands are removed."""
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _lock(root):
            for leftover in root.glob(f"{BEFORE}*{AFTER}"):
                with suppress(OSError), _lock(leftover, wait=False):
                    shutil.rmtree(leftover)
            part = Path(mkdtemp(AFTER, BEFORE, root))
            stack.callback(shutil.rmtree, part, ignore_errors=True)
            stack.enter_context(_lock(part))
        yield part


@contextmanager
def claim(folder: Path, name: str, wait: bool = False) -> Iterator[bool]:
    """Yield whether this process alone may write files of this name in a folder; until the block ends, no other may.

    With `wait` it may, once others are done. The claim of a killed process is void. On a file system without
    locks everyone may."""
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{BEFORE}{digests.of_value(name)[:16]}.lock"
    with path.open("a") as file:
        is_ours = _is_locked(file, path, wait)
        if wait and not is_ours:  # another process was done with it, and removed it, in between
            file.close()
            with claim(folder, name, wait):
                yield True
            return
        try:
            yield is_ours
        finally:
            if is_ours:
                path.unlink(missing_ok=True)
            if new:
                with suppress(OSError):  # it is not empty after success
                    folder.rmdir()


def _is_locked(file: TextIO, path: Path, wait: bool) -> bool:
    """Return whether this process has locked a file, and it is still the one of this name."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _lock(folder: Path, wait: bool = True) -> Iterator[None]:
    """Lock a folder against other commands; do nothing on a file system without locks.

    Raises OSError if `wait` is false and the folder is locked or cannot be."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:
                raise
        yield
    finally:
        os.close(file)


def replace_record(out: Output, record: Mapping[str, Any]) -> None:
    """Record something else of files that stay as they are. Does nothing if they are not complete."""
    if out.is_complete():
        with _lock(out.root):
            out.manifest.write(out.root, out.manifest.listed(out.root), record)


def records(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder of each complete set of files in a folder and below it, and the record of them."""
    for name, subfolders, _ in os.walk(root):
        subfolders[:] = sorted(subfolder for subfolder in subfolders if not subfolder.startswith("."))
        for manifest in manifests(path := Path(name)):
            if manifest.is_complete(path):
                yield path, manifest.record(path)


def _publish(out: Output, part: Path, record: Mapping[str, Any]) -> None:
    """Move all files to their names.

    Files of an earlier run are deleted first: a kill in between leaves too few files, never files of two runs."""
    names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
    for name in names:
        if name not in out.names and not (out.numbered and fnmatchcase(name, out.numbered)):
            raise ValueError(f"{name} was written, but not declared: nobody checked what it replaces")
    out.check()
    out.manifest.write(
        part, {name: {"sha256": digests.of_file(part / name)} | state(part / name) for name in names}, record
    )
    for path in out.existing():
        if path.name != out.manifest.name:
            path.unlink()
    for name in (out.manifest.name, *names):
        (out.root / name).parent.mkdir(exist_ok=True)
        (part / name).replace(out.root / name)
