"""The files that a command reads, recognised by device and inode, through links and other spellings of a path."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

Identity = tuple[int, int]  # device and inode


class Inputs:
    """Files and folders that are read, and the files in these folders."""

    def __init__(self, paths: Iterable[Path]):
        self._paths = tuple(paths)

    def __contains__(self, path: Path) -> bool:
        """Whether an existing path, or what it links to, is an input."""
        try:
            return _identity(path.stat()) in self._identities
        except FileNotFoundError:  # a link that leads nowhere
            return False

    @cached_property
    def _identities(self) -> set[Identity]:
        return {identity for path in self._paths for identity in _all(path)}


def _all(path: Path) -> Iterator[Identity]:
    """A path and the files in it. A path that cannot be read yields nothing: the command itself says so."""
    with suppress(OSError):
        yield _identity(path.stat())
        for file in os.scandir(path) if path.is_dir() else ():
            with suppress(OSError):
                if file.is_file():
                    yield _identity(file.stat())


def _identity(about: os.stat_result) -> Identity:
    return about.st_dev, about.st_ino
