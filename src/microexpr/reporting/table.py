"""Tables: rows of text by column, read from CSV, shown as lines of Markdown, of a page, or in a terminal.

Out of scope: a column of one table; a figure that is computed here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr.core import csv_file, store
from microexpr.core.errors import StoreError, remedy

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as Grid

Row = Mapping[str, str]
Rows = Sequence[Row]
NARROW, WIDE = 78, 110  # columns of the terminal from which further figures have room
INTERVAL = "95 % interval"  # head of a column of figures with a lower and an upper end
CAUTION = "rendered faces, not comparable with published figures"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of methods, each next to its published row; published rows that no method reproduces come last."""

    columns: Sequence[str]
    words: Collection[str]  # columns of text; all others are figures, or empty
    ranked_by: str
    heads: Mapping[str, str]  # shown columns by head, after "method" and "figures"
    title: Callable[[Rows], str]
    below: Callable[[Rows], list[str]]  # sentences
    terminal: Callable[[Rows, int], "RenderableType"]  # as wide as fits these columns
    kinds: Mapping[str, csv_file.Kind] = field(default_factory=dict)  # of columns that are not as above

    def rows(
        self, rows: Iterable[Mapping[str, Any]], published: Mapping[str, Mapping[str, Any]], of: Mapping[str, str]
    ) -> list[dict[str, str]]:
        """Return rows as text, joined with `published` ones by name; `of` has the name of a method's published row."""
        joined = [{**published.get(of.get(row["method"], ""), {}), **row} for row in rows]
        reproduced = {row.get("published_row") for row in joined}
        joined += [{**row} for name, row in published.items() if name not in reproduced]
        return [{column: cell_text(row.get(column)) for column in self.columns} for row in joined]

    def read(self, path: str | Path) -> list[dict[str, str]]:
        """Read the rows of a CSV. Raises StoreError for one without rows, of other columns, or of other cells."""
        figures = dict.fromkeys({*self.columns} - {*self.words}, csv_file.figure_if_any)
        return read(path, self.columns, {**figures, **self.kinds})

    def lines(self, rows: Rows) -> list[list[str]]:
        """Return lines of cells, heads first: methods by their figure, each with its published line below."""
        figure_columns = {*self.columns} - {*self.words}
        lines = [["method", "figures", *self.heads]]
        for row in by_figure(rows, self.ranked_by):
            if row["method"]:
                figures = [interval(row, name) if head == INTERVAL else row[name] for head, name in self.heads.items()]
                lines.append([row["method"], row["origin"], *figures])
            if row["published_row"]:
                names = [f"published_{name}" * (head != INTERVAL) for head, name in self.heads.items()]
                figures = [row[name] if name in figure_columns else "" for name in names]
                lines.append(["" if row["method"] else "-", f"{row['published_row']}, published", *figures])
        return [[*line[:2], *(text or "-" for text in line[2:])] for line in lines]

    def markdown(self, rows: Rows) -> str:
        """Return the table in Markdown."""
        return "\n".join([f"{self.title(rows)}.", "", *markdown(self.lines(rows)), "", *self.below(rows), ""])


def read(path: str | Path, columns: Sequence[str], kinds: Mapping[str, csv_file.Kind]) -> list[dict[str, str]]:
    """Read the rows of a table CSV, as `store.read_csv` does, and raise StoreError if there are none."""
    rows = store.read_csv(path, columns, kinds)
    if not rows:
        raise StoreError(f"{path}: must have a row below its header{remedy(path)}")
    return rows


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the CSV text of these columns of rows, a float with four decimals; "" for None or without a value."""
    return store.csv_text(columns, ({name: cell_text(row.get(name)) for name in columns} for row in rows))


def cell_text(value: Any) -> str:
    """Return a value as a table's CSV has it: a float with four decimals, "" for None."""
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def rounded(text: str, decimals: int = 3) -> str:
    """Return a figure with few decimals, by default as many as intervals of a few subjects bear; "" if it is empty."""
    return f"{float(text):.{decimals}f}" if text else ""


def interval(row: Row, name: str) -> str:
    """Return the interval of a figure."""
    return f"{row[f'{name}_low']} to {row[f'{name}_high']}"


def by_figure(rows: Rows, column: str) -> list[Row]:
    """Return the rows of methods, the highest figure first, equal ones in their order; then published rows alone."""
    return sorted(rows, key=lambda row: (not row["method"], -float(row[column] or 0)))


def caution(title: str, origins: Iterable[str]) -> str:
    """Return a title, with a caution where faces are rendered."""
    return f"{title}: {CAUTION}" if any("generated" in origin for origin in origins) else title


def markdown(lines: Sequence[Sequence[str]], words: int = 2, aligned: bool = False) -> list[str]:
    """Return lines of cells, heads first, as the lines of a Markdown table.

    The first `words` columns are of text, the others of figures, on the right. `aligned`: padded, so that the table is
    legible in a terminal too."""
    widths = [max(map(len, column)) if aligned else 3 for column in zip(*lines, strict=True)]
    rule = ["-" * width if i < words else "-" * (width - aligned) + ":" for i, width in enumerate(widths)]
    table = [lines[0], rule, *lines[1:]]
    if aligned:
        table = [
            [text.ljust(width) if i < words else text.rjust(width) for i, (text, width) in enumerate(pairs)]
            for pairs in (zip(line, widths, strict=True) for line in table)
        ]
    return [f"| {' | '.join(line)} |" for line in table]


def grid(
    columns: Mapping[str, Sequence[str]], words: Collection[str], collapse: bool = True, styles: Sequence[str] = ()
) -> "Grid":
    """Return a table for the terminal: cells by head, those of `words` on the left; `styles` are of its lines."""
    from rich.table import Table as Grid

    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 1), collapse_padding=collapse)
    for head in columns:
        grid.add_column(head, justify="left" if head in words else "right", no_wrap=True)
    for i, cells in enumerate(zip(*columns.values(), strict=True)):
        grid.add_row(*cells, style=styles[i] if styles else None)
    return grid
