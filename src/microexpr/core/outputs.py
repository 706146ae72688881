"""Decide, before any work, which paths a command of `microexpr` may write, and publish its files as a whole.

An input is never overwritten. A file that this program did not write, or that was changed since, is overwritten only
with `--force`. Only the standard library is imported, so that a refusal takes milliseconds.

    out = outputs.picture(Path("table.png"), inputs=[table], force=False)
    with outputs.publish(out) as part:  # a hidden folder; its files move to their names when the block ends
        plot(part / out.names[0])
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TextIO

from microexpr.core.errors import MicroexprError, OutputError
from microexpr.core.files import file_digest, value_digest

PICTURES = (".png", ".svg", ".pdf", ".jpg")
FOREIGN = "is not a file of this command's, or was changed since"
ENDING = ".microexpr.json"  # of a manifest's name
BEFORE, AFTER = ".microexpr-", ".part"  # start and end of a hidden folder's name


class Inputs:
    """The files and folders that a command reads, and the files in these folders, through links and other spellings."""

    def __init__(self, paths: Iterable[Path]):
        self._paths = tuple(paths)

    def __contains__(self, path: Path) -> bool:
        """Return whether an existing path, or the target of a link, is an input."""
        try:
            status = path.stat()
        except FileNotFoundError:  # a broken link
            return False
        return (status.st_dev, status.st_ino) in self._identities

    @cached_property
    def _identities(self) -> set[tuple[int, int]]:
        """Device and inode of every input. An unreadable one has none, since the command itself reports it."""
        statuses: list[os.stat_result] = []
        for path in self._paths:
            with suppress(OSError):
                statuses.append(path.stat())
                for entry in os.scandir(path) if path.is_dir() else ():
                    with suppress(OSError):
                        statuses += [entry.stat()] if entry.is_file() else []
        return {(status.st_dev, status.st_ino) for status in statuses}


def source_of(path: Path) -> str:
    """Return a path with all links resolved but its own: the same for every spelling of it."""
    named = path if path.name not in ("", "..") else path.resolve()
    return str(named.parent.resolve() / named.name)


class Manifest:
    """A hidden JSON file that lists the files of a command with their SHA-256, size and time, and their input.

    A file with the listed size and time is not read again: to read an hour of video takes seconds."""

    def __init__(self, of: str):
        self.of, self.name = of, f".{of}{ENDING}"

    def _read(self, root: Path, key: str) -> dict[str, Any] | None:
        """Return a part of the manifest; None if there is none or the file of this name is no manifest."""
        try:
            value = json.loads((root / self.name).read_text(encoding="utf-8"))[key]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def listed(self, root: Path) -> dict[str, Any]:
        """Return the entries by file name."""
        return self._read(root, "files") or {}

    def record(self, root: Path) -> dict[str, Any]:
        """Return the record that was stored with the files, such as their input."""
        return self._read(root, "record") or {}

    def write(self, folder: Path, listed: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Write a manifest of these entries into a folder."""
        from microexpr import __version__
        from microexpr.core import store

        content = {"written_by": f"microexpr {__version__}", "files": listed, "record": record}
        store.write_text(folder / self.name, json.dumps(content, indent=1) + "\n")

    def intact(self, root: Path, names: Collection[str]) -> set[str]:
        """Return the names of those existing files that are as this program wrote them."""
        listed = self._read(root, "files")
        if listed is None:
            return set()
        intact = {self.name}.intersection(names)
        for name in {*names} - intact:
            entry, actual = listed.get(name), state(root / name)  # the entry may be anything
            if isinstance(entry, dict) and actual["size"] == entry.get("size"):
                same_time = actual["mtime_ns"] == entry.get("mtime_ns")
                intact |= {name} if same_time or file_digest(root / name) == entry.get("sha256") else set()
        return intact

    def is_complete(self, root: Path, names: Iterable[str] = ()) -> bool:
        """Return whether these files, and all that were written with them, are as this program wrote them."""
        expected = {*names, *self.listed(root)}
        return bool(expected) and expected <= self.intact(root, [name for name in expected if (root / name).is_file()])


def state(path: Path) -> dict[str, int]:
    """Return the size of a file and the time of its last change, for its entry in a manifest."""
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def manifests(folder: Path) -> Iterator[Manifest]:
    """Yield the manifests in a folder."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.startswith(".") and entry.name.endswith(ENDING))
    yield from (Manifest(name[1 : -len(ENDING)]) for name in names if not name.startswith("._"))  # a Mac's


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The files that one run of a command writes into one folder."""

    user_path: Path  # the folder, as the user wrote it
    root: Path  # the same folder without symbolic links
    names: tuple[str, ...]  # names of the files, relative to the folder
    numbered: str = ""  # glob pattern of further files; their number depends on the run
    option: str  # command-line option that names the folder or file
    manifest: Manifest
    inputs: Inputs
    force: bool  # whether foreign files may be replaced
    source: str = ""  # the input that the files are of, as `source_of` returns it; "" for those of several

    @property
    def paths(self) -> list[Path]:
        """Return the files to show to the user; for numbered files their folder."""
        folders = [Path(self.numbered).parent.name] if self.numbered else []
        return [self.user_path / name for name in (*folders, *self.names)]

    def check(self) -> None:
        """Raise OutputError unless every file can be written and nothing is lost by it."""
        try:
            nearest = next(path for path in (self.root, *self.root.parents) if _exists(path))
            subfolders = [self.root / Path(self.numbered).parent] if self.numbered else []
            for folder in (nearest, *filter(_exists, subfolders)):
                name = self._name(folder)
                if folder.is_symlink() or not folder.is_dir():
                    raise OutputError(f"{self.user_path}: must be a folder or be created in one, but {name} is none")
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise OutputError(f"{self.user_path}: cannot be written: no permission to write into {name}")
                if folder.is_relative_to(self.root) and folder in self.inputs:
                    raise self._refusal(folder, "is a folder that the command reads")
            foreign = self._foreign()
            other = self.manifest.record(self.root).get("input", "") if self.source and self.existing() else ""
        except OSError as error:
            raise OutputError(f"{self.user_path}: cannot be written: {error.strerror}") from error
        if foreign and not self.force:
            others = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
            raise self._refusal(foreign[0], FOREIGN + others, "add --force to replace it")
        if other not in ("", self.source) and not self.force:
            path = self.root / self.names[0] if len(self.names) == 1 else self.root
            raise self._refusal(path, f"is of {other}, not of {self.source}", "add --force to replace it")

    def existing(self) -> list[Path]:
        """Return every file, link or folder that now has the name of an output."""
        candidates = (self.root / name for name in (*self.names, self.manifest.name))
        return sorted([*filter(_exists, candidates), *(self.root.glob(self.numbered) if self.numbered else ())])

    def is_complete(self) -> bool:
        """Return whether every file exists as this program wrote it."""
        return self.manifest.is_complete(self.root, self.names)

    def record(self) -> dict[str, Any]:
        """Return the record of complete files, nothing if one is missing or was changed."""
        return self.manifest.record(self.root) if self.is_complete() else {}

    def _foreign(self) -> list[Path]:
        """Return the files that only --force replaces. Raises OutputError for those that even --force does not."""
        existing = self.existing()
        for path in existing:
            if path in self.inputs:
                raise self._refusal(path, "is an input of the command")
            if path.is_dir() and not path.is_symlink():
                raise self._refusal(path, "is a folder")
        files = (path for path in existing if path.is_file() and not path.is_symlink())
        names = {path.relative_to(self.root).as_posix() for path in files}
        intact = {self.root / name for name in self.manifest.intact(self.root, names)}
        foreign = [path for path in existing if path not in intact]
        for path in foreign:
            if self.numbered and path.parent == self.root / Path(self.numbered).parent:
                raise self._refusal(path, FOREIGN, "remove it")  # a run may write fewer files, so it could vanish
        return foreign

    def _refusal(self, path: Path, reason: str, alternative: str = "") -> OutputError:
        advice = f"choose another {self.option}{alternative and f', or {alternative}'}"
        return OutputError(f"{self._name(path)}: must not be written: it {reason}; {advice}")

    def _name(self, path: Path) -> Path:
        """Return a path below the folder as the user would write it."""
        return self.user_path / path.relative_to(self.root) if path.is_relative_to(self.root) else path


def _exists(path: Path) -> bool:
    """Return whether a path exists; a broken link does, too. Raises OSError for a path that can never exist."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def folder(
    path: Path,
    command: str,
    names: tuple[str, ...],
    inputs: Iterable[Path] | Inputs,
    force: bool,
    numbered: str = "",
    source: Path | None = None,
) -> Output:
    """Return the files that `command` writes into the folder `path`, of the input `source` if it is one.

    Raises OutputError if it may not write them."""
    out = Output(
        user_path=path,
        root=Path(os.path.realpath(path)),
        names=names,
        numbered=numbered,
        option="--out",
        manifest=Manifest(command),
        inputs=inputs if isinstance(inputs, Inputs) else Inputs(inputs),
        force=force,
        source=source_of(source) if source else "",
    )
    out.check()
    return out


def video(path: Path, force: bool) -> Output:
    """Return a video and the table next to it as output. Raises OutputError if they may not be written."""
    return _file(path, (".avi", ".mp4"), (".csv",), (), force)


def table(path: Path, inputs: Iterable[Path] | Inputs, force: bool, source: Path | None = None) -> Output:
    """Return one file, with a separate manifest, as output. Raises OutputError if it may not be written."""
    return folder(path.parent, path.name, (path.name,), inputs, force, source=source)


def picture(path: Path, inputs: Iterable[Path], force: bool) -> Output:
    """Return one picture as output, in the format of its suffix. Raises OutputError if it may not be written."""
    return _file(path, PICTURES, (), inputs, force)


def _file(
    path: Path, suffixes: tuple[str, ...], siblings: tuple[str, ...], inputs: Iterable[Path], force: bool
) -> Output:
    """Return one file, and those of the same name with another suffix, as output. A symbolic link is followed."""
    real = Path(os.path.realpath(path))
    if path.suffix.lower() not in suffixes:
        raise OutputError(f"{path}: must end in {' or '.join(suffixes)}")
    if path.suffix.lower() != real.suffix.lower():
        raise OutputError(f"{path}: must end in {path.suffix}, not lead to {real}")
    out = Output(
        user_path=path.parent if path.name == real.name else real.parent,
        root=real.parent,
        names=(real.name, *(real.with_suffix(other).name for other in siblings)),
        option=f"OUT{real.suffix}",
        manifest=Manifest(real.name),
        inputs=Inputs(inputs),
        force=force,
    )
    out.check()
    return out


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
                names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
                for name in names:
                    if name not in out.names and not (out.numbered and fnmatchcase(name, out.numbered)):
                        raise ValueError(f"{name} was written, but not declared: nobody checked what it replaces")
                out.check()
                listed = {name: {"sha256": file_digest(part / name)} | state(part / name) for name in names}
                out.manifest.write(part, listed, {"input": out.source, **(record or {})})
                for path in out.existing():  # first: a kill leaves too few files, never files of two runs
                    if path.name != out.manifest.name:
                        path.unlink()
                for name in (out.manifest.name, *names):
                    (out.root / name).parent.mkdir(exist_ok=True)
                    (part / name).replace(out.root / name)
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
    path = folder / f"{BEFORE}{value_digest(name)[:16]}.lock"
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
