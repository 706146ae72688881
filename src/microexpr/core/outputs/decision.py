"""The files that a command would write, and whether each may be written: no input, and nothing that is somebody's."""

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from microexpr.core.errors import OutputError
from microexpr.core.outputs.inputs import Inputs
from microexpr.core.outputs.marks import Mark

FOREIGN = "is not a file of this command's, or was changed since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The files that one run of a command writes into one folder."""

    user_path: Path  # the folder, as the user wrote it
    root: Path  # the same folder without symbolic links
    names: tuple[str, ...]  # of the files, relative to it
    numbered: str = ""  # a pattern of further files, as many as the run needs
    option: str  # of the command line, that names the folder or file
    mark: Mark
    inputs: Inputs
    force: bool

    @property
    def paths(self) -> list[Path]:
        """The files for the user's eyes; for numbered ones their folder."""
        folders = [Path(self.numbered).parent.name] if self.numbered else []
        return [self.user_path / name for name in (*folders, *self.names)]

    def check(self) -> None:
        """Raises OutputError unless every file can be written, and nothing is lost by it."""
        try:
            self._check_folders()
            foreign = self._foreign()
        except OSError as error:
            raise OutputError(f"{self.user_path}: cannot be written: {error.strerror}") from error
        if foreign and not self.force:
            more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
            raise self._refused(foreign[0], FOREIGN + more, "add --force to replace it")

    def existing(self) -> list[Path]:
        """Everything that has the name of an output now, be it a file, a link or a folder."""
        named = (self.root / name for name in (*self.names, *self.mark.names))
        return sorted([*filter(_exists, named), *(self.root.glob(self.numbered) if self.numbered else ())])

    def declares(self, name: str) -> bool:
        """Whether a file is one of the outputs."""
        return name in self.names or (bool(self.numbered) and fnmatchcase(name, self.numbered))

    def _check_folders(self) -> None:
        above = next(path for path in (self.root, *self.root.parents) if _exists(path))
        below = [self.root / Path(self.numbered).parent] if self.numbered else []
        for folder in (above, *filter(_exists, below)):
            if folder.is_symlink() or not folder.is_dir():
                raise OutputError(
                    f"{self.user_path}: must be a folder, or be made in one; {self._name(folder)} is none"
                )
            if not os.access(folder, os.W_OK | os.X_OK):
                raise OutputError(
                    f"{self.user_path}: cannot be written: no permission to write into {self._name(folder)}"
                )
            if folder.is_relative_to(self.root) and folder in self.inputs:
                raise self._refused(folder, "is a folder that the command reads")

    def _foreign(self) -> list[Path]:
        """Files that --force would replace. Raises OutputError for those that it does not, either."""
        existing = self.existing()
        for path in existing:
            if path in self.inputs:
                raise self._refused(path, "is an input of the command")
            if path.is_dir() and not path.is_symlink():
                raise self._refused(path, "is a folder")
        files = (path for path in existing if path.is_file() and not path.is_symlink())
        names = {path.relative_to(self.root).as_posix() for path in files}
        ours = {self.root / name for name in self.mark.covered(self.root, names)}
        foreign = [path for path in existing if path not in ours]
        for path in foreign:
            if self.numbered and path.parent == self.root / Path(self.numbered).parent:
                raise self._refused(path, FOREIGN, "remove it")  # it would go, and nothing take its place
        return foreign

    def _refused(self, path: Path, reason: str, otherwise: str = "") -> OutputError:
        advice = f"choose another {self.option}{otherwise and f', or {otherwise}'}"
        return OutputError(f"{self._name(path)}: must not be written: it {reason}; {advice}")

    def _name(self, path: Path) -> Path:
        """A path below the folder as the user would write it."""
        return self.user_path / path.relative_to(self.root) if path.is_relative_to(self.root) else path


def _exists(path: Path) -> bool:
    """Whether a path is there, as a link that leads nowhere, too. Raises OSError for one that can never be."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
