"""Writes the diagrams of docs/architecture.md as Mermaid text: stages from rules, rooms from their __init__.py."""

import ast
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

from closure import SOURCES
from stages import STAGES, stage_of

PAGE = Path("docs/architecture.md")
DIAGRAM = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
MAY_IMPORT = re.compile(r"^May import: (.*?)\.$", re.MULTILINE | re.DOTALL)  # in each room's __init__.py
TARGETS = ("all", "all_aus", *(f"all_{noun}" for noun, stage in STAGES.items() if stage.table is None))
OPTIONAL = {
    ("papers", "report"),
    ("signal_benchmark", "report"),
}  # read by the report where they exist
Edges = set[tuple[str, str]]


def stages() -> tuple[set[str], Edges]:
    """Return all stages, and which feeds which, where all faces are rendered."""
    options = ["--rulegraph", "--forceall", "--config", "origin=generated"]
    command = [sys.executable, "-m", "snakemake", *options, "--", *TARGETS]
    graph = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    rules = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', graph, re.MULTILINE))
    nouns = {node: stage_of(rule) for node, rule in rules.items() if not rule.startswith("all")}
    pairs = re.findall(r"^\s*(\d+) -> (\d+)", graph, re.MULTILINE)
    edges = {(nouns[a], nouns[b]) for a, b in pairs if a in nouns and b in nouns and nouns[a] != nouns[b]}
    return set(nouns.values()), edges - OPTIONAL


def rooms() -> Edges:
    """Return which room of the package may import which, as each room's `__init__.py` says."""
    arrows = set()
    for path in sorted((SOURCES / "microexpr").glob("*/__init__.py")):
        line = MAY_IMPORT.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        assert line is not None, path
        arrows |= {(path.parent.name, name) for name in re.findall(r"\w+", line[1]) if name != "nothing"}
    return arrows


def reduced(edges: Edges) -> list[tuple[str, str]]:
    """Return the edges that no longer way implies; sorted."""

    def reach(start: str) -> set[str]:
        direct = {b for a, b in edges if a == start}
        return direct.union(*map(reach, direct))

    return sorted((a, b) for a, b in edges if not any(b in reach(c) for x, c in edges if x == a and c != b))


def diagram() -> str:
    """Return the diagram of stages and rooms."""
    nouns, feeds = stages()
    arrows = [f"    {a} --> {b}" for a, b in reduced(feeds)]
    unconnected = [f"    {name}" for name in sorted(nouns - set(chain.from_iterable(feeds)))]
    imports = [f"    {a} --> {b}" for a, b in reduced(rooms())]
    lines = ["flowchart LR", "  subgraph stages [who feeds whom]", *arrows, *unconnected, "  end"]
    return "\n".join(["```mermaid", *lines, "  subgraph rooms [who imports whom]", *imports, "  end", "```", ""])


def redrawn(page: str) -> str:
    """Return the page with its diagram replaced."""
    return DIAGRAM.sub(lambda _: diagram(), page)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
