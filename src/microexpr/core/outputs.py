"""Decide, before any work, which files a command of `microexpr` may write, and publish them as a whole.

An input is never overwritten. A file that this program did not write, or that was changed since, is overwritten only
with `--force`. Only the standard library is imported, so that a refusal takes milliseconds.

    out = outputs.file(Path("table.png"), outputs.PICTURES, inputs=[table], force=False)
    with outputs.publish(out) as part:  # a hidden folder; its files move to their names when the block ends
        plot(part / out.names[0])"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import Any

from microexpr.core.errors import DataError, MicroexprError, OutputError
from microexpr.core.files import file_digest, is_below, read_json

PICTURES, VIDEOS = (".png", ".svg", ".pdf", ".jpg"), (".avi", ".mp4")  # suffixes of files that users name
MANIFEST, PART = ".microexpr.json", ".microexpr.part"  # ends of the hidden names of a manifest and of a folder
Inputs = frozenset[tuple[int, int]]  # device and inode: the same through links and for every spelling of a path


def identities(paths: Iterable[Path]) -> Inputs:
    """Return the inputs of a command, files and folders, and the files in these folders. Unreadable ones are left out,
    since the command itself reports them."""
    inodes = set[tuple[int, int] | None]()
    for path in paths:
        with suppress(OSError):
            files = (entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else ()
            inodes |= {_identity(path), *map(_identity, files)}
    return frozenset(identity for identity in inodes if identity)


def _identity(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):  # a broken link
        status = path.stat()
        return status.st_dev, status.st_ino
    return None


def source_of(path: Path) -> str:
    """Return a path with all links resolved but its own: the same for every spelling of it."""
    named = path if path.name not in ("", "..") else path.resolve()
    return str(named.parent.resolve() / named.name)


class Manifest:
    """A hidden JSON file that lists the files of a command with their SHA-256, size and time, and a record of them. A
    file with the listed size and time is not read again: to read an hour of video takes seconds."""

    def __init__(self, folder: Path, command: str):
        self.folder, self.command, self.name = folder, command, f".{command}{MANIFEST}"
        self.files, self.record = dict[str, Any](), dict[str, Any]()
        with suppress(OSError, ValueError, KeyError, TypeError, DataError):  # none, or a file that is no manifest
            content = read_json(folder / self.name)
            if isinstance(content["files"], dict) and isinstance(content["record"], dict):
                self.files, self.record = content["files"], content["record"]

    def intact(self) -> set[str]:
        """Return the names of the files that are as this program wrote them."""
        intact = set[str]()
        for name, entry in self.files.items():
            path = self.folder / name
            with suppress(OSError, LookupError, TypeError, ValueError):  # a manifest from elsewhere may hold anything
                status = path.lstat()
                could_be = is_below(path, self.folder) and S_ISREG(status.st_mode) and status.st_size == entry["size"]
                if could_be and (status.st_mtime_ns == entry["mtime_ns"] or file_digest(path) == entry["sha256"]):
                    intact.add(name)
        return intact

    def is_complete(self) -> bool:
        """Return whether all files are as this program wrote them."""
        return bool(self.files) and self.intact() == {*self.files}


def manifests(folder: Path) -> list[Manifest]:
    """Return the manifests in a folder."""
    paths = sorted(path for path in folder.glob(f".*{MANIFEST}") if not path.name.startswith("._"))  # a Mac's
    return [Manifest(folder, path.name[1 : -len(MANIFEST)]) for path in paths]


class Output:
    """The files that one run of a command writes into one folder. Raises OutputError if it may not write them.

    `command` is the command, or the name of the file that the user chose. `names` are relative to the folder, and
    `numbered` is a glob pattern of further files, whose number depends on the run. `source` is the input that the files
    are of, if it is one, and `option` what names the folder or file on the command line."""

    def __init__(
        self, folder: Path, inputs: Iterable[Path] | Inputs, force: bool, source: Path | None = None, *,
        command: str, names: Iterable[str], numbered: str = "", option: str = "--out",
    ):  # fmt: skip
        self.folder, self.command, self.names, self.numbered = folder, command, tuple(names), numbered
        self.inputs = inputs if isinstance(inputs, frozenset) else identities(inputs)
        self.source, self.force, self.option = source_of(source) if source else "", force, option
        self.check()

    @property
    def path(self) -> Path:
        """The folder or file that the user chose."""
        return self.folder / self.command if self.command in self.names else self.folder

    @property
    def paths(self) -> list[Path]:
        """The files to show to the user; for numbered files their folder."""
        return [self.folder / name for name in (*filter(None, [self.numbered.partition("/")[0]]), *self.names)]

    @property
    def manifest(self) -> Manifest:
        return Manifest(self.folder, self.command)

    def existing(self) -> dict[str, Path]:
        """Return every file, link or folder that now has the name of an output, by name."""
        paths = [path for name in self.names if os.path.lexists(path := self.folder / name)]
        paths += self.folder.glob(self.numbered) if self.numbered else ()
        return {path.relative_to(self.folder).as_posix(): path for path in sorted(paths)}

    def check(self) -> None:
        """Raise OutputError unless every file can be written and nothing is lost by it."""
        subfolder = self.paths[0] if self.numbered else None
        try:
            nearest = next((path for path in (self.folder, *self.folder.parents) if path.exists()), self.folder)
            existing = self.existing()
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written: {error.strerror}") from error
        for path in (nearest, *([subfolder] if subfolder and os.path.lexists(subfolder) else [])):
            if not path.is_dir() or (path == subfolder and path.is_symlink()):
                raise OutputError(f"{self.folder}: must be a folder or be created in one, but {path} is none")
            if not os.access(path, os.W_OK | os.X_OK):
                raise OutputError(f"{self.folder}: cannot be written: no permission to write into {path}")
            if path in (self.folder, subfolder) and _identity(path) in self.inputs:
                raise self._refusal(path, "is a folder that the command reads")
        for path in existing.values():
            if _identity(path) in self.inputs:
                raise self._refusal(path, "is an input of the command")
            if path.is_dir() and not path.is_symlink():
                raise self._refusal(path, "is a folder")
        if self.force or not existing:
            return
        manifest = self.manifest
        intact, other = manifest.intact(), manifest.record.get("input")
        if foreign := [path for name, path in existing.items() if name not in intact]:
            others = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
            reason = f"is not a file of this command's, or was changed since{others}"
            raise self._refusal(foreign[0], reason, ", or add --force to replace it")
        if self.source and other and other != self.source:
            raise self._refusal(self.path, f"is of {other}, not of {self.source}", ", or add --force to replace it")

    def _refusal(self, path: Path, reason: str, alternative: str = "") -> OutputError:
        return OutputError(f"{path}: must not be written: it {reason}; choose another {self.option}{alternative}")


def table(path: Path, inputs: Iterable[Path] | Inputs, force: bool, source: Path | None = None) -> Output:
    """Return one file, with a separate manifest, as output. Raises OutputError if it may not be written."""
    return Output(path.parent, inputs, force, source, command=path.name, names=[path.name])


def file(path: Path, suffixes: tuple[str, ...], inputs: Iterable[Path], force: bool, sibling: str = "") -> Output:
    """Return one file, and one of the same name with another suffix, as output. A symbolic link is followed. Raises
    OutputError for a suffix that is none of `suffixes`, and if they may not be written."""
    path = path.resolve() if path.is_symlink() else path
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path}: must end in {' or '.join(suffixes)}")
    names = [path.name, *([path.with_suffix(sibling).name] if sibling else [])]
    return Output(path.parent, inputs, force, command=path.name, names=names, option=f"OUT{path.suffix}")


def _hidden(folder: Path, command: str) -> Path:
    """Return the folder in which a command's files are written."""
    return folder / f".{command}{PART}"


@contextmanager
def reserve(path: Path, command: str, user_path: Path) -> Iterator[Path]:
    """Yield an empty hidden folder in the folder `path`, which is this process's alone until the block ends. The kernel
    locks a file in it, so a killed process loses it. A file system without locks gives it to everyone. Raises
    OutputError, which names the path `user_path`, if another process has it."""
    created = [folder for folder in (path, *path.parents) if not folder.exists()]
    hidden = _hidden(path, command)
    part = hidden / "files"
    if hidden.is_symlink():
        raise OutputError(f"{hidden}: must not be a link")
    try:
        hidden.mkdir(parents=True, exist_ok=True)
        how = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # no link is followed, no pipe waited for
        with os.fdopen(os.open(hidden / "lock", how, 0o666), "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_mine = os.fstat(lock.fileno()).st_nlink > 0  # 0 if the process that had it ended just now
            except BlockingIOError:
                is_mine = False
            except OSError:  # a file system without locks
                is_mine = True
            if not is_mine:
                raise OutputError(f"{user_path}: must not be written by two processes, and another one writes it now")
            try:
                shutil.rmtree(part, ignore_errors=True)  # of a killed process
                part.mkdir()
                yield part
            finally:
                shutil.rmtree(hidden, ignore_errors=True)
    finally:
        for folder in created:
            with suppress(OSError):  # it is not empty after success
                folder.rmdir()


@contextmanager
def publish(out: Output, record: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Yield a hidden folder to write into; move its files to their names afterwards, unless the block fails. `record`,
    which the block may fill, is kept in the manifest. Raises OutputError if another process writes the same, a file
    that may not be replaced has appeared since the first check, or the folder cannot be written."""
    hidden = str(_hidden(out.folder, out.command))
    try:
        with reserve(out.folder, out.command, out.path) as part:
            yield part
            _move(out, part, record or {})
    except MicroexprError as error:
        if hidden not in str(error):
            raise
        raise type(error)(str(error).replace(f"{hidden}/files", str(out.folder))) from error
    except OSError as error:
        if not str(error.filename).startswith(hidden):
            raise
        raise OutputError(f"{out.folder}: cannot be written: {error.strerror}") from error


def _move(out: Output, part: Path, record: Mapping[str, Any]) -> None:
    """Move the files of a hidden folder to their names, after a manifest."""
    from microexpr import __version__
    from microexpr.core import store

    files = {}
    for path in sorted(path for path in part.rglob("*") if path.is_file()):
        name, status = path.relative_to(part).as_posix(), path.stat()
        if name not in out.names and not (out.numbered and fnmatchcase(name, out.numbered)):
            raise ValueError(f"{name} was written, but not declared: nobody checked what it replaces")
        files[name] = {"sha256": file_digest(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    out.check()
    manifest = out.manifest
    content = {"written_by": f"microexpr {__version__}", "files": files, "record": {"input": out.source, **record}}
    store.write_text(part / manifest.name, json.dumps(content, indent=1) + "\n")
    replaced = manifest.intact() | {*files}
    for name, path in out.existing().items():  # first: a kill leaves too few files, never files of two runs
        if name in replaced:
            path.unlink()
    for name in (manifest.name, *files):
        (out.folder / name).parent.mkdir(exist_ok=True)
        (part / name).replace(out.folder / name)
