"""Tables: rows of text by column, read from CSV, shown as lines of Markdown, of a page, or in a terminal.

Out of scope: a column of one table; a figure that is computed here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr.core import csv_file, store
from microexpr.core.errors import StoreError, printable, remedy

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table as Grid

Row = Mapping[str, str]
Rows = Sequence[Row]
Shown = dict[str, Callable[[Row], str]]  # columns of a terminal by head: the text of a row
WORDS = ("method", "answered by", "learnt from", "origin")  # heads of those with text; all others have figures
NARROW, WIDE = 78, 110  # columns of the terminal from which further figures have room
COUNTS = ("folds", "subjects", "clips", "training_subjects", "training_clips", "parameters")
ABOUT = ("method", "origin", "protocol", "seeds", "initialisation", "differs_from_paper", *COUNTS)  # of an evaluation
INTERVAL = "95 % interval"  # head of a column of figures with a lower and an upper end
CAUTION = "rendered faces, not comparable with published figures"


def name(row: Row) -> str:
    """Return the name of a row: that of its method, or as published."""
    return row["method"] or row["published_row"]


def with_published(row: Row) -> dict[str, str]:
    """Return what the figures of a row are, by the prefix of their columns: reproduced, published, or both."""
    kinds = {"": row["method"] and row["origin"], "published_": row["published_row"]}
    return {prefix: text + ", published" * bool(prefix) for prefix, text in kinds.items() if text}


def tested(row: Row, noun: str = "clips") -> str:
    """Return how many clips or videos, of which origin, the figures of a row are of; "" if it has none."""
    origin = "licensed" if "licensed" in row["origin"].split("+") else "generated"  # others may be trained on
    return f"{row[noun]} {origin} {noun} of {row['subjects']} subjects" if row[noun] else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of methods, each next to its published row; published rows that no method reproduces come last."""

    columns: Sequence[str]
    words: Collection[str]  # columns of text; all others are figures, or empty
    ranked_by: str  # a column of figures; "": rows keep their order
    heads: Mapping[str, str]  # columns in Markdown by head, after "method" and "figures"
    title: Callable[[Rows], str]
    below: Callable[[Rows], list[str]]  # sentences
    columns_of: Callable[[int], Shown]  # as many columns as fit the width of a terminal
    legend: Callable[[int], list[str]] = lambda width: []  # of these columns
    figures_of: Callable[[Row], Mapping[str, str]] = with_published  # a line of a row in Markdown for each
    kinds: Mapping[str, csv_file.Kind] = field(default_factory=dict)  # of columns that are not as above
    clips: Callable[[Row], str] = tested  # that a row is of; "" if unknown
    aligned: bool = False  # whether Markdown is padded

    @property
    def figures(self) -> set[str]:
        """The columns of figures."""
        return {*self.columns} - {*self.words}

    def rows(
        self, rows: Iterable[Mapping[str, Any]], published: Mapping[str, Mapping[str, Any]], of: Mapping[str, str]
    ) -> list[dict[str, str]]:
        """Return rows as text, joined with `published` ones by name; `of` has the name of a method's published row."""
        joined = [{**published.get(of.get(row["method"], ""), {}), **row} for row in rows]
        reproduced = {row.get("published_row") for row in joined}
        joined += [{**row} for name, row in published.items() if name not in reproduced]
        return self.checked([{column: cell_text(row.get(column)) for column in self.columns} for row in joined])

    def read(self, path: str | Path) -> list[dict[str, str]]:
        """Read the rows of a CSV. Raises StoreError for one without rows, of other columns, or of other cells."""
        kinds = dict.fromkeys(self.figures, csv_file.figure_if_any)
        return self.checked(read(path, self.columns, {**kinds, **self.kinds}))

    def checked(self, rows: list[dict[str, str]]) -> list[dict[str, str]]:
        """Return the rows. Raises StoreError for two rows of one method and protocol, and for rows of one protocol that
        are of other clips or numbers of seeds, since one title would be of both."""
        names = [(name(row), *filter(None, [row.get("protocol")])) for row in rows]
        if twice := next((row_name for row_name in names if names.count(row_name) > 1), None):
            raise StoreError(f"a table must have one row of {' of '.join(twice)}, not {names.count(twice)}")
        first: dict[str, tuple[str, str]] = {}  # method and clips by protocol
        for row in rows:
            protocol, clips = row.get("protocol", ""), self.clips(row)
            method, expected = first.setdefault(protocol, (row["method"], clips)) if clips else ("", "")
            if clips != expected:
                of = f" of {protocol}" * bool(protocol)
                raise StoreError(
                    f"rows{of} must be of the same clips and seeds, not {method} of {expected} and {row['method']} of "
                    f"{clips}; a run with one params.yaml evaluates both"
                )
        return rows

    def lines(self, rows: Rows) -> list[list[str]]:
        """Return lines of cells, heads first: methods by their figure, each with its published line below.

        A star marks an erratum of a published figure."""
        lines = [["method", "figures", *self.heads]]
        for row in by_figure(rows, self.ranked_by):
            for number, (prefix, kind) in enumerate(self.figures_of(row).items()):
                cells = [self._cell(row, prefix, head) for head in self.heads]
                lines.append(["" if number else row["method"] or "-", kind, *cells])
        return lines

    def _cell(self, row: Row, prefix: str, head: str) -> str:
        column = self.heads[head]
        if head == INTERVAL:
            return "-" if prefix else interval(row, column)
        star = "*" * (prefix == "published_" and has_erratum(row, column))
        return ((prefix + column in self.figures and row[prefix + column]) or "-") + star

    def markdown(self, rows: Rows) -> str:
        """Return the table in Markdown, that of each protocol apart."""
        text: list[str] = []
        for part in by_protocol(rows):
            text += [f"{self.title(part)}.", "", *markdown(self.lines(part), aligned=self.aligned), ""]
        return "\n".join([*text, *self.below(rows), ""])

    def terminal(self, rows: Rows, width: int) -> "RenderableType":
        """Return the table for a terminal, as wide as fits these columns, without rows that have no figure in them."""
        from rich.console import Group
        from rich.text import Text

        texts, legend = self.columns_of(width), self.legend(width)
        lines = [{head: text(row) for head, text in texts.items()} for row in by_figure(rows, self.ranked_by)]
        lines = [line for line in lines if any(text.strip() for head, text in line.items() if head not in WORDS)]
        below = ["", *map(Text, legend), ""] if legend else [""]
        return Group(Text(self.title(rows), style="bold"), grid([*texts], lines), *below)


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


def figures(columns: Mapping[str, str], decimals: int = 2) -> Shown:
    """Return columns of a terminal with figures; `columns` are those of the CSV by head."""
    return {head: partial(_figure, column, decimals) for head, column in columns.items()}


def _figure(column: str, decimals: int, row: Row) -> str:
    return rounded(row[column], decimals)


def interval(row: Row, name: str) -> str:
    """Return the interval of a figure."""
    return f"{row[f'{name}_low']} to {row[f'{name}_high']}"


def has_erratum(row: Row, column: str) -> bool:
    """Return whether the published figure next to a column's is known to be wrong."""
    return f"{column}: " in row.get("published_erratum", "")


def by_figure(rows: Rows, column: str) -> list[Row]:
    """Return the rows of methods, the highest figure first, equal ones in their order; then published rows alone."""
    return sorted(rows, key=lambda row: (not row["method"], -float(row.get(column) or 0)))


def by_protocol(rows: Rows) -> list[Rows]:
    """Return the rows of each protocol, in the order of the first ones."""
    names = dict.fromkeys(row.get("protocol") for row in rows)
    return [[row for row in rows if row.get("protocol") == name] for name in names]


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
    heads: Sequence[str], lines: Iterable[Mapping[str, str]], collapse: bool = True, styles: Iterable[str] = repeat("")
) -> "Grid":
    """Return a table for the terminal: lines of cells by head, words on the left; `styles` are of its lines."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 1), collapse_padding=collapse)
    for head in heads:
        grid.add_column(head, justify="left" if head in WORDS else "right", no_wrap=True)
    for line, style in zip(lines, styles, strict=False):
        grid.add_row(*(Text(printable(line[head])) for head in heads), style=style or None)
    return grid
