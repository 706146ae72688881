"""Which source files a script or module depends on, found by reading imports: no list is kept by hand."""

import ast
import re
from functools import cache
from pathlib import Path

SOURCES = Path("src")  # relative, like every path that Snakemake and DVC are told
SCRIPTS = Path("workflow/scripts")


@cache
def imported(path: Path) -> frozenset[Path]:
    """The project's own files that this one imports, at its top or inside its functions, and data files it names."""
    if path.suffix != ".py":
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {*_data(path.parent, node.value), *_discovered(node.value)}
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found |= set(_files(name))
    return frozenset(found)


def _data(folder: Path, word: str) -> list[Path]:
    """The data file beside a module that a string in it names, such as model.safetensors."""
    named = re.fullmatch(r"[\w-]+\.(txt|csv|safetensors|jinja|css|js)", word)
    return [folder / word] if named and (folder / word).is_file() else []


def _discovered(word: str) -> list[Path]:
    """All modules of a package whose name a string is, such as "microexpr.datasets.layouts": found by `discovery`."""
    folder = SOURCES.joinpath(*word.split(".")) if re.fullmatch(r"microexpr(\.\w+)+", word) else SOURCES
    return sorted(folder.glob("*.py")) if (folder / "__init__.py").is_file() else []


def _files(name: str) -> list[Path]:
    """The file of a dotted name and of every package above it."""
    parts = name.split(".")
    if parts[0] != "microexpr":
        local = SCRIPTS / f"{name}.py"
        return [local] if local.exists() else []
    found = []
    for depth in range(1, len(parts) + 1):
        stem = SOURCES.joinpath(*parts[:depth])
        found += [path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.exists()]
    return found


def closure(*starts: Path) -> list[str]:
    """These files and all they import, directly or not; sorted."""
    done: set[Path] = set()
    waiting = set(starts)
    while waiting:
        path = waiting.pop()
        done.add(path)
        waiting |= imported(path) - done
    return sorted(str(path) for path in done)


def code(script: str, *modules: str) -> list[str]:
    """The closure of workflow/scripts/<script>.py, less itself (Snakemake watches that), and of further modules."""
    start = SCRIPTS / f"{script}.py"
    more = [path for module in modules for path in _files(f"microexpr.{module}")]
    return [path for path in closure(start, *more) if path != str(start)]
