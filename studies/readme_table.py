"""The table of docs/baselines.md from a finished run, which `make figures` writes.

A table stands between `<!-- readme-table: METHOD ... -->` and `<!-- readme-table: end -->`; no method means all. Below
it are the date of the run, its commit, the model of this machine's CPU, and the digest of the run's table.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pages

from microexpr.core.errors import MicroexprError
from microexpr.reporting import main_table

ROOT = Path(__file__).parents[1]
PAGES = ("docs/baselines.md",)
BLOCK = re.compile(r"(<!-- readme-table:(?P<methods>[^>]*)-->\n)(?P<table>.*?)(<!-- readme-table: end -->\n)", re.S)


def rewrite(text: str, rows: list[dict[str, str]], source: str) -> str:
    """Return the page with each of its tables made from `rows`, and a line about their `source` below each."""
    if not BLOCK.search(text):
        raise MicroexprError("the page must have a table between readme-table comments")

    def table(match: re.Match[str]) -> str:
        return (
            f"{match[1]}{main_table.summary(main_table.by_uf1(rows), match['methods'].split())}\n{source}\n{match[4]}"
        )

    return BLOCK.sub(table, text)


def write(table: Path, commit: str) -> None:
    """Write the tables of all pages from the main table of a run that was made from a commit."""
    rows = main_table.read(table)
    source = pages.source(datetime.fromtimestamp(table.stat().st_mtime, UTC).date(), commit)
    for name in PAGES:
        page = ROOT / name
        text = rewrite(page.read_text(encoding="utf-8"), rows, f"{source}\n<!-- {pages.table_digest(table)} -->")
        page.write_text(text, encoding="utf-8")
