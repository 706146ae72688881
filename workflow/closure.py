"""The source files that a script or module depends on, determined by reading imports: no list is kept by hand."""

import ast
import json
import re
from functools import cache
from pathlib import Path

from microexpr.core.errors import MicroexprError
from microexpr.core.store import write_text

SOURCES = Path("src")  # relative, like every path that Snakemake and DVC are told
SCRIPTS = Path("workflow/scripts")
MEMORY = Path("work/imports.json")
DATA_FILE = re.compile(r"[\w-]+\.(txt|csv|safetensors|jinja|css|js)")
NAMING = re.compile(rf"{DATA_FILE.pattern}|microexpr(\.\w+)+")
PACKAGE_NAME = re.compile(r"microexpr(\.\w+)+")


class Imports:
    """The imports of each source file, kept from one start of Snakemake to the next: parsing all takes a second.

    An entry is a file's size and time, the dotted names that it imports, at its top or inside of functions, and those
    strings in it that may name data files or packages."""

    def __init__(self, path: Path = MEMORY):
        """Damaged or missing entries are read once more from the sources."""
        self.path, self.new = path, False
        try:
            self.entries: dict[str, list] = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            self.entries = {}

    def of(self, path: Path) -> tuple[list[str], list[str]]:
        """Return the names that a file imports, and the strings in it that may name files or packages."""
        stat = path.stat()
        state, entry = [stat.st_size, stat.st_mtime_ns], self.entries.get(str(path))
        if entry is None or entry[:2] != state:
            entry = [*state, *_parse(path)]
            self.entries[str(path)], self.new = entry, True
        return entry[2], entry[3]

    def save(self) -> None:
        """Writes new entries, if the checkout can be written."""
        if self.new:
            try:
                write_text(self.path, json.dumps(self.entries))
            except (OSError, MicroexprError):
                return
            self.new = False


IMPORTS = Imports()


def _parse(path: Path) -> tuple[list[str], list[str]]:
    names, words = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= {node.value} if NAMING.fullmatch(node.value) else set()
    return sorted(names), sorted(words)


@cache
def imported(path: Path) -> frozenset[Path]:
    """The project's own files that this one imports, and the data files that it names."""
    if path.suffix != ".py":
        return frozenset()
    names, words = IMPORTS.of(path)
    files = {file for name in names for file in _files(name)}
    return frozenset(files | {file for word in words for file in (*_data(path.parent, word), *_discovered(word))})


def _data(folder: Path, word: str) -> list[Path]:
    """The data file next to a module that a string in it names, such as model.safetensors."""
    return [folder / word] if DATA_FILE.fullmatch(word) and (folder / word).is_file() else []


@cache
def _discovered(word: str) -> list[Path]:
    """All modules of a package that a string names, such as "microexpr.datasets.layouts": `registry` imports them."""
    folder = SOURCES.joinpath(*word.split("."))
    if not PACKAGE_NAME.fullmatch(word) or not (folder / "__init__.py").is_file():
        return []
    return sorted(folder.glob("*.py"))


@cache
def _files(name: str) -> list[Path]:
    """The file of a dotted name and of every package above it."""
    parts = name.split(".")
    if parts[0] != "microexpr":
        local = SCRIPTS / f"{name}.py"
        return [local] if local.exists() else []
    stems = [SOURCES.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return [path for stem in stems for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.exists()]


def closure(*starts: Path) -> list[str]:
    """Return these files and all that they import, directly or not; sorted."""
    reached: set[Path] = set()
    waiting = set(starts)
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting |= imported(path) - reached
    return sorted(str(path) for path in reached)


@cache
def code(script: str, *modules: str) -> list[str]:
    """Return the closure of workflow/scripts/<script>.py and of further modules, without the script, which Snakemake
    watches itself."""
    start = SCRIPTS / f"{script}.py"
    more = [path for module in modules for path in _files(f"microexpr.{module}")]
    paths = [path for path in closure(start, *more) if path != str(start)]
    IMPORTS.save()
    return paths
