"""The code that a job runs: found by reading imports, no list is kept by hand; and one digest of its meaning.

The digest is the same under every Python from 3.11 on, so that machines can share results.
"""

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from microexpr.core.errors import MicroexprError
from microexpr.core.files import PACKAGES, visible
from microexpr.core.store import write_text

SOURCES = Path("src")  # relative, like every path that Snakemake and DVC are told
WEIGHTS = SOURCES / "microexpr/weights"
SCRIPTS = Path("workflow/scripts")
FOLDERS = (SCRIPTS, Path("envs/pyfeat"))  # of modules outside of the package
LAYOUTS = SOURCES / "microexpr/datasets/layouts"  # has a YAML file of each data set
NAMES = SOURCES / "microexpr/rendering/layouts/names.py"  # has a function of each
MEMORY = Path("work/sources.json")
KINDS = {"method": "recognisers", "generator": "generators", "spotter": "spotters"}  # folders of models, by wildcard
DATA_FILE = re.compile(r"[\w.-]+\.(txt|csv|yaml|bib|safetensors|onnx|dat|jinja|css|js)")
PACKAGE_NAME = re.compile(r"microexpr(\.\w+)+")
DOCSTRING_READERS = {"__doc__", "getdoc", "getsource"}
NO_MEANING = {"ctx", "kind", "type_comment"}  # a name's position tells whether it is stored; u"" is ""


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
        self.version = _digest(Path(__file__).read_bytes())
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
            if path.suffix == ".yaml":
                values = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
                entry = Source(digest, _digest(json.dumps(values).encode()), [], [])
            else:
                tree = ast.parse(content, str(path))
                entry = Source(digest, meaning(tree), *_references(tree))
            self.entries[str(path)] = entry
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


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()


def meaning(tree: ast.Module) -> str:
    """Return a digest of what parsed code does: of its syntax tree without comments, docstrings and layout.

    Code that reads docstrings keeps its own."""
    names = {getattr(node, field, "") for node in ast.walk(tree) for field in ("id", "attr", "name")}
    return _digest(ascii(_shape(tree, not DOCSTRING_READERS.isdisjoint(names))).encode())


def _shape(node: Any, docstrings: bool) -> Any:
    """Return nested lists and tuples. Empty fields are left out, because newer Pythons have more of them."""
    match node:
        case list():
            return [_shape(item, docstrings) for item in node if not _is_idle(item, docstrings)]
        case ast.Constant():
            return type(node.value).__name__, node.value
        case ast.JoinedStr():
            return "JoinedStr", _joined([_shape(value, docstrings) for value in node.values])
        case ast.AST():
            return type(node).__name__, [
                (field, _shape(value, docstrings))
                for field, value in sorted(ast.iter_fields(node), key=lambda pair: pair[0])
                if field not in NO_MEANING and value is not None and value != []
            ]
    return node


def _is_idle(node: Any, docstrings: bool) -> bool:
    """Whether a statement does nothing: `pass`, `...`, or a docstring, unless these are kept."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return not (docstrings and isinstance(node.value.value, str))
    return isinstance(node, ast.Pass)


def _joined(values: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the parts of an f-string with neighbouring literals joined, which versions of Python split differently."""
    joined: list[tuple[str, Any]] = []
    for kind, value in values:
        if kind == "str" and joined and joined[-1][0] == "str":
            value = joined.pop()[1] + value
        if value != "":
            joined.append((kind, value))
    return joined


def _references(tree: ast.Module) -> tuple[list[str], list[str]]:
    """Return what code imports and names, but below `if TYPE_CHECKING:`, which never runs."""
    names, words, waiting = set(), set(), list[ast.AST]([tree])
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= {node.value} if any(kind.fullmatch(node.value) for kind in (DATA_FILE, PACKAGE_NAME)) else set()
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)
    return sorted(names), sorted(words)


FILES = Sources()
read = cache(FILES.read)


@cache
def imported(path: Path) -> frozenset[Path]:
    """The project's own files that this one imports, and the data files that it names: next to it, or weights."""
    source = read(path)
    files = {file for name in source.names for file in _files(name)}
    data = (folder / word for word in source.words if DATA_FILE.fullmatch(word) for folder in (path.parent, WEIGHTS))
    return frozenset(files.union(filter(Path.is_file, data), *map(_discovered, source.words)))


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
    if parts[0] not in PACKAGES:
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


def chosen(wildcards: Mapping[str, str]) -> list[str]:
    """Return the modules that the wildcards of a job choose: of its method, generator or spotter, and of its task.

    Scripts find these by name, so no import leads to them. `task` is a folder of results, "" for the main task's."""
    modules = [f"models.{KINDS[key]}.{name.partition('.')[0]}" for key, name in wildcards.items() if key in KINDS]
    return modules + task_modules(wildcards.get("task", ""))


def task_modules(folder: str, *parts: str) -> list[str]:
    """Return the modules that jobs of a task depend on: its own, and those of these parts; `folder` is "" for the main
    task, whose protocols all scripts import."""
    name = f"tasks.{folder.rstrip('/')}"
    return [name, *(f"{name}.{part}" for part in parts)] if folder else []


@cache
def code(script: str, *modules: str, datasets: frozenset[str] | None = None) -> str:
    """Return a digest of what the code of a job does, without the parts of data sets that are none of these.

    Neither comments nor the path of the checkout change it. It is a param of every job, so Snakemake runs a job again
    when it changes."""
    others = set() if datasets is None else {path.stem for path in LAYOUTS.glob("*.yaml")} - datasets
    paths = [path for path in closure(script, *modules) if path.parent != LAYOUTS or path.stem not in others]
    meanings = {path: _names(frozenset(others)) if path == NAMES else read(path).meaning for path in paths}
    return _digest(*(f"{path.as_posix()} {digest}\n".encode() for path, digest in meanings.items()))


@cache
def _names(others: frozenset[str]) -> str:
    """Return the meaning of NAMES without the functions of these data sets."""
    tree = ast.parse(NAMES.read_bytes())
    nodes = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in others)]
    return meaning(ast.Module(nodes, []))
