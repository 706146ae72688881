"""Writes the table of stages in docs/architecture.md, from the rules: which stage reads which."""

import re
import subprocess
import sys
from pathlib import Path

from stages import STAGES, stage_of

PAGE = Path("docs/architecture.md")
BLOCK = re.compile(r"(<!-- stages -->\n).*?(<!-- stages: end -->)", re.DOTALL)
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


def reduced(edges: Edges) -> list[tuple[str, str]]:
    """Return the edges that no longer way implies; sorted."""

    def reach(start: str) -> set[str]:
        direct = {b for a, b in edges if a == start}
        return direct.union(*map(reach, direct))

    return sorted((a, b) for a, b in edges if not any(b in reach(c) for x, c in edges if x == a and c != b))


def table() -> str:
    """Return the lines of the table, in the order in which the stages run."""
    nouns, feeds = stages()
    arrows = reduced(feeds)
    lines = ["| stage | reads |", "| --- | --- |"]
    for noun in (noun for noun in STAGES if noun in nouns):
        lines.append(f"| {noun} | {', '.join(a for a, b in arrows if b == noun) or '-'} |")
    return "\n".join(lines)


def rewritten(page: str) -> str:
    return BLOCK.sub(lambda match: f"{match[1]}{table()}\n{match[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
