"""Decide whether each file that a command would write may be written: not an input, and not a foreign file."""

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from microexpr.core.errors import OutputError
from microexpr.core.outputs.inputs import Inputs
from microexpr.core.outputs.marks import Mark

FOREIGN = "is not a file of this command's, or was changed since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The files that one run of a command writes into one folder."""

    user_path: Path  # the folder, as the user wrote it
    root: Path  # the same folder without symbolic links
    names: tuple[str, ...]  # names of the files, relative to the folder
    numbered: str = ""  # glob pattern of further files, whose number depends on the run
    option: str  # command-line option that names the folder or file
    mark: Mark
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
            self._check_folders()
            foreign = self._foreign()
            other = self.mark.record(self.root).get("input", "") if self.source and self.existing() else ""
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
        candidates = (self.root / name for name in (*self.names, *self.mark.names))
        return sorted([*filter(_exists, candidates), *(self.root.glob(self.numbered) if self.numbered else ())])

    def is_complete(self) -> bool:
        """Return whether every file is there as this program wrote it."""
        return self.mark.is_complete(self.root, self.names)

    def record(self) -> dict[str, Any]:
        """Return what was recorded with complete files, nothing if one is missing or was changed."""
        return self.mark.record(self.root) if self.is_complete() else {}

    def declares(self, name: str) -> bool:
        """Return whether a name is one of the outputs."""
        return name in self.names or (bool(self.numbered) and fnmatchcase(name, self.numbered))

    def _check_folders(self) -> None:
        """Raise OutputError unless the folders exist or can be created, and none of them is an input."""
        nearest = next(path for path in (self.root, *self.root.parents) if _exists(path))
        subfolders = [self.root / Path(self.numbered).parent] if self.numbered else []
        for folder in (nearest, *filter(_exists, subfolders)):
            if folder.is_symlink() or not folder.is_dir():
                raise OutputError(
                    f"{self.user_path}: must be a folder or be created in one, but {self._name(folder)} is none"
                )
            if not os.access(folder, os.W_OK | os.X_OK):
                raise OutputError(
                    f"{self.user_path}: cannot be written: no permission to write into {self._name(folder)}"
                )
            if folder.is_relative_to(self.root) and folder in self.inputs:
                raise self._refusal(folder, "is a folder that the command reads")

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
        intact = {self.root / name for name in self.mark.intact(self.root, names)}
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
