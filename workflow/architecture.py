"""Draws the picture of docs/architecture.md as Mermaid text: stages from Snakemake's rules, layers from imports."""

import ast
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

from closure import SOURCES

PAGE = Path("docs/architecture.md")
PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
MAY_IMPORT = re.compile(r"^May import: (.*?)\.$", re.MULTILINE | re.DOTALL)  # in each room's __init__.py
RULES = re.compile(r'^rule (\w+):|^use rule \w+ as (\w+)|^\s+rule (\w+):|^\s+name: f"(\w+)\{', re.MULTILINE)
TARGETS = ("all", "all_aus", "all_truth", "all_final", "all_papers", "all_flow_folders", "all_report")
WHERE_MADE = {("papers", "report"), ("truth", "report")}  # read where they are, so no part of the picture
Edges = set[tuple[str, str]]


def stages() -> tuple[set[str], Edges]:
    """All of them, and who feeds whom: rules by the nouns of their files, where all faces are generated."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--rulegraph",
        "--forceall",
        "--config",
        "origin=generated",
        "--",
        *TARGETS,
    ]
    said = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    rules = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', said, re.MULTILINE))
    nouns = {number: noun(rule) for number, rule in rules.items() if not rule.startswith("all")}
    pairs = re.findall(r"^\s*(\d+) -> (\d+)", said, re.MULTILINE)
    feeds = {(nouns[a], nouns[b]) for a, b in pairs if a in nouns and b in nouns and nouns[a] != nouns[b]}
    return set(nouns.values()), feeds - WHERE_MADE


def noun(rule: str) -> str:
    """The stage whose rule file has a rule."""
    for path in sorted(Path("workflow/rules").glob("*.smk")):
        names = filter(None, chain.from_iterable(RULES.findall(path.read_text(encoding="utf-8"))))
        if any(rule == name or (name.endswith("_") and rule.startswith(name)) for name in names):
            return path.stem
    raise LookupError(f"rule {rule} must be in a file of workflow/rules, found none")


def rooms() -> Edges:
    """Return which room of the package may import which, as each room's `__init__.py` says."""
    arrows = set()
    for path in sorted((SOURCES / "microexpr").glob("*/__init__.py")):
        line = MAY_IMPORT.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        assert line is not None, path
        arrows |= {(path.parent.name, name) for name in re.findall(r"\w+", line[1]) if name != "nothing"}
    return arrows


def reduced(edges: Edges) -> list[tuple[str, str]]:
    """Without those that a longer way says too; sorted."""

    def reach(start: str) -> set[str]:
        inside = {b for a, b in edges if a == start}
        return inside.union(*map(reach, inside))

    return sorted((a, b) for a, b in edges if not any(b in reach(c) for x, c in edges if x == a and c != b))


def picture() -> str:
    nouns, fed = stages()
    feeds = [f"    {a} --> {b}" for a, b in reduced(fed)]
    apart = [f"    {name}" for name in sorted(nouns - set(chain.from_iterable(fed)))]
    below = [f"    {a} --> {b}" for a, b in reduced(rooms())]
    lines = ["flowchart LR", "  subgraph stages [who feeds whom]", *feeds, *apart, "  end"]
    return "\n".join(["```mermaid", *lines, "  subgraph rooms [who imports whom]", *below, "  end", "```", ""])


def drawn(page: str) -> str:
    """The page with its picture drawn anew."""
    return PICTURE.sub(lambda _: picture(), page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
