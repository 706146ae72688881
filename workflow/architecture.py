"""Writes the diagrams of docs/architecture.md as Mermaid text: stages from Snakemake's rules, layers from imports."""

import ast
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

from closure import SOURCES, imported
from stages import stage_of

PAGE = Path("docs/architecture.md")
DIAGRAM = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
LAYERS = re.compile(r"^LAYERS = (\[.*?^\])", re.DOTALL | re.MULTILINE)  # of the test that holds modules to them
NAMES = re.compile(r"^\| ([a-z ]+) \| ", re.MULTILINE)  # of the page's table, lowest first, under a header
TARGETS = ("all", "all_aus", "all_signal_benchmark", "all_refit", "all_papers", "all_flow_folders", "all_report")
OPTIONAL = {
    ("papers", "report"),
    ("signal_benchmark", "report"),
}  # read by the report where they exist
Edges = set[tuple[str, str]]


def stages() -> tuple[set[str], Edges]:
    """Return all stages, and which feeds which, where all faces are rendered."""
    options = ["--rulegraph", "--forceall", "--config", "origin=generated"]
    command = [sys.executable, "-m", "snakemake", *options, "--", *TARGETS]
    graph = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    rules = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', graph, re.MULTILINE))
    nouns = {node: stage_of(rule) for node, rule in rules.items() if not rule.startswith("all")}
    pairs = re.findall(r"^\s*(\d+) -> (\d+)", graph, re.MULTILINE)
    edges = {(nouns[a], nouns[b]) for a, b in pairs if a in nouns and b in nouns and nouns[a] != nouns[b]}
    return set(nouns.values()), edges - OPTIONAL


def layers() -> tuple[list[set[str]], Edges]:
    """Return the rooms of each layer, lowest first, and which layer imports from which, by number."""
    listing = LAYERS.search(Path("tests/test_layers.py").read_text(encoding="utf-8"))
    assert listing is not None
    rooms: list[set[str]] = ast.literal_eval(listing[1])
    level = {name: str(number) for number, names in enumerate(rooms) for name in names}
    paths = sorted((SOURCES / "microexpr").rglob("*.py"))
    pairs = ((room(path), room(other)) for path in paths for other in imported(path))
    return rooms, {(level[a], level[b]) for a, b in pairs if a in level and b in level and level[a] != level[b]}


def room(path: Path) -> str:
    """Return the first part of a module's path below the package."""
    return path.relative_to(SOURCES).with_suffix("").parts[1]


def reduced(edges: Edges) -> list[tuple[str, str]]:
    """Return the edges that no longer way implies; sorted."""

    def reach(start: str) -> set[str]:
        direct = {b for a, b in edges if a == start}
        return direct.union(*map(reach, direct))

    return sorted((a, b) for a, b in edges if not any(b in reach(c) for x, c in edges if x == a and c != b))


def diagram(page: str) -> str:
    """Return the diagram of stages and layers; the page names the layers."""
    rooms, uses = layers()
    names = [name for name in NAMES.findall(page) if name != "layer"]
    nouns, feeds = stages()
    arrows = [f"    {a} --> {b}" for a, b in reduced(feeds)]
    unconnected = [f"    {name}" for name in sorted(nouns - set(chain.from_iterable(feeds)))]
    boxes = [
        f'    L{number}["<b>{name}</b><br>{", ".join(sorted(members))}"]'
        for number, (name, members) in enumerate(zip(names, rooms, strict=True))
    ]
    imports = [f"    L{a} --> L{b}" for a, b in reduced(uses)]
    lines = ["flowchart LR", "  subgraph stages [who feeds whom]", *arrows, *unconnected, "  end"]
    return "\n".join(
        ["```mermaid", *lines, "  subgraph rooms [who imports whom]", *boxes, *imports, "  end", "```", ""]
    )


def redrawn(page: str) -> str:
    """Return the page with its diagram replaced."""
    return DIAGRAM.sub(lambda _: diagram(page), page)


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
