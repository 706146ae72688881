"""The code that a job runs: found by reading imports, no list is kept by hand; and one digest of its meaning."""

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import meaning
import yaml

from microexpr.core.errors import MicroexprError
from microexpr.core.files import visible
from microexpr.core.store import write_text

SOURCES = Path("src")  # relative, like every path that Snakemake and DVC are told
WEIGHTS = SOURCES / "microexpr/weights"
SCRIPTS = Path("workflow/scripts")
FOLDERS = (SCRIPTS, Path("envs/pyfeat"))  # of modules outside of the package
MEMORY = Path("work/sources.json")
DATA_FILE = re.compile(r"[\w.-]+\.(txt|csv|yaml|bib|safetensors|onnx|dat|jinja|css|js)")
PACKAGE_NAME = re.compile(r"microexpr(\.\w+)+")


class Source(NamedTuple):
    """Digests of a file's bytes and of its meaning, the dotted names that it imports anywhere, and those strings in it
    that may name data files or packages."""

    content: str
    meaning: str
    names: list[str]
    words: list[str]


class Sources:
    """All files as parsed, kept from one start of Snakemake to the next: parsing takes seconds.

    An entry holds for the bytes of a file. Its time and size do not matter, since two edits within one tick of the
    clock can agree in both."""

    def __init__(self, path: Path = MEMORY):
        """Damaged entries, or those that another version of this code wrote, are read once more from the files."""
        self.path, self.new = path, False
        self.version = _digest(*(Path(file).read_bytes() for file in (__file__, meaning.__file__)))
        self.entries: dict[str, Source] = {}
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved["version"] == self.version:
                self.entries = {name: Source(*entry) for name, entry in saved["sources"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def read(self, path: Path) -> Source:
        """Return a file as parsed. The meaning of a YAML file is its values, that of another data file its bytes."""
        content = path.read_bytes()
        digest, entry = _digest(content), self.entries.get(str(path))
        if path.suffix not in (".py", ".yaml"):
            return Source(digest, digest, [], [])
        if entry is None or entry.content != digest:
            entry = self.entries[str(path)] = _parse(path, content, digest)
            self.new = True
        return entry

    def save(self) -> None:
        """Writes new entries, if the checkout can be written."""
        if self.new:
            try:
                write_text(self.path, json.dumps({"version": self.version, "sources": self.entries}))
            except (OSError, MicroexprError):
                return
            self.new = False


def _parse(path: Path, content: bytes, digest: str) -> Source:
    if path.suffix == ".yaml":
        values = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return Source(digest, _digest(json.dumps(values).encode()), [], [])
    tree = ast.parse(content, str(path))
    return Source(digest, meaning.digest(tree), *_references(tree))


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()


def _references(tree: ast.Module) -> tuple[list[str], list[str]]:
    names, words = set(), set()
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= {node.value} if any(kind.fullmatch(node.value) for kind in (DATA_FILE, PACKAGE_NAME)) else set()
    return sorted(names), sorted(words)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those below `if TYPE_CHECKING:`, which never runs."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)


FILES = Sources()
read = cache(FILES.read)


@cache
def imported(path: Path) -> frozenset[Path]:
    """The project's own files that this one imports, and the data files that it names."""
    source = read(path)
    files = {file for name in source.names for file in _files(name)}
    return frozenset(files.union(*((*_data(path.parent, word), *_discovered(word)) for word in source.words)))


def _data(folder: Path, word: str) -> list[Path]:
    """The data file next to a module that a string in it names, or among the shipped weights."""
    paths = (folder / word, WEIGHTS / word) if DATA_FILE.fullmatch(word) else ()
    return [path for path in paths if path.is_file()]


@cache
def _discovered(word: str) -> list[Path]:
    """All modules and YAML files of a package that a string names, such as "microexpr.datasets.layouts"."""
    folder = SOURCES.joinpath(*word.split("."))
    if not PACKAGE_NAME.fullmatch(word) or not (folder / "__init__.py").is_file():
        return []
    return sorted((*visible(folder, "*.py"), *visible(folder, "*.yaml")))


@cache
def _files(name: str) -> list[Path]:
    """The file of a dotted name and of every package above it."""
    parts = name.split(".")
    if parts[0] != "microexpr":
        return [path for path in (folder / f"{name}.py" for folder in FOLDERS) if path.exists()]
    stems = [SOURCES.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return [path for stem in stems for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.exists()]


@cache
def closure(script: str, *modules: str) -> list[Path]:
    """Return workflow/scripts/<script>.py, further modules, and all that they import, directly or not; sorted.

    A script fit_<name> writes the shipped files <name>, which have no part in it."""
    reached: set[Path] = set()
    waiting = {SCRIPTS / f"{script}.py"}.union(*(_files(f"microexpr.{module}") for module in modules))
    while waiting:
        path = waiting.pop()
        reached.add(path)
        waiting |= imported(path) - reached
    FILES.save()
    return sorted(reached - {*WEIGHTS.glob(f"{script.removeprefix('fit_')}.*")})


@cache
def code(script: str, *modules: str) -> str:
    """Return a digest of what the code does that a job runs; it has no part in comments, nor in where the checkout is.

    It is a param of every job (`Session.set_rule_defaults`), so Snakemake runs a job again when it changes."""
    return _digest(*(f"{path.as_posix()} {read(path).meaning}\n".encode() for path in closure(script, *modules)))
