"""Write the tables of README.md and docs/baselines.md from a finished run: `make readme-table`.

A table stands between `<!-- readme-table: METHOD ... -->` and `<!-- readme-table: end -->`; no method means all. Below
it are the date of the run, its commit and the model of this machine's CPU.
"""

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pages

from microexpr.core.errors import MicroexprError
from microexpr.reporting import main_table

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/baselines.md")
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of a finished run")
    parser.add_argument("--commit", default="HEAD", help="commit that the run was made from; default: HEAD")
    arguments = parser.parse_args()
    path = arguments.results / "megc2019_table.csv"
    try:
        rows = main_table.read(path)
        source = pages.source(datetime.fromtimestamp(path.stat().st_mtime, UTC).date(), arguments.commit)
        for name in PAGES:
            page = ROOT / name
            page.write_text(rewrite(page.read_text(encoding="utf-8"), rows, source), encoding="utf-8")
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
