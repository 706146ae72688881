"""The papers' tables as CSV, and as Markdown in the paper's own layout. Formats figures, computes none."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from microexpr.reporting import formats
from microexpr.reporting.papers import (
    BY_CONSTRUCTION,
    COLUMNS,
    COMPUTED,
    LAYERS,
    OTHER_METHOD,
    PARTS,
    SUBJECTS,
    TARGETS,
)

PAPERS = {
    "icegan": "ICE-GAN",
    "mtmnet": "MTMNet",
    "augacn": "AU-GACN and AU-ICGAN",
    "famgan": "FAMGAN",
    "localregions": "Local regions",
}
Rows = Sequence[dict[str, str]]


def read(path: str | Path) -> list[dict[str, str]]:
    """Read the rows of a long form. Raises StoreError for one without rows, and for other columns."""
    return formats.read(path, COLUMNS, {})


def markdown(paper: str, table: str, rows: Rows) -> str:
    """Return the table as printed, and below each of its rows the reproduced figures, with their origin."""
    grid = formats.markdown(lines(rows), aligned=True)
    return "\n".join([f"{title(paper, table)}. {tested(rows)}", "", *grid, "", *below(rows), ""])


def title(paper: str, table: str) -> str:
    """Return the heading of a table."""
    return f"{PAPERS[paper]}, {table.replace('table', 'Table ')}. {TARGETS[paper][table]}"


def tested(rows: Rows) -> str:
    """Return a sentence on how many subjects the reproduced figures are of."""
    notes = "; ".join(row["note"] for row in rows)
    counts = sorted({*map(int, re.findall(rf"\b([0-9]{{1,9}}) {SUBJECTS}", notes))})
    if not counts:
        return "No subject is tested."
    return f"{' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} {SUBJECTS}."


def lines(rows: Rows) -> list[list[str]]:
    """Return the lines of the table, its head first: each has its name, the kind of its figures, and the figures."""
    columns = list(dict.fromkeys(row["column"] for row in rows))
    cells = {(row["row"], row["column"]): row for row in rows}
    body = [["", "figures", *columns]]
    for name in dict.fromkeys(row["row"] for row in rows):
        row_cells = [cells.get((name, column), {}) for column in columns]
        is_floor = all(cell["status"] == COMPUTED for cell in row_cells if cell)
        if not is_floor:
            body.append([name, "published", *(_published(cell) for cell in row_cells)])
        if any(cell.get("reproduced") for cell in row_cells):
            body.append([name * is_floor, _kind(row_cells), *(cell.get("reproduced") or "-" for cell in row_cells)])
    return body


def _published(cell: dict[str, str]) -> str:
    return (cell.get("published") or "-") + "*" * ("erratum: " in cell.get("note", ""))


def _kind(cells: Iterable[dict[str, str]]) -> str:
    """Return what the figures of a line have in common, such as "generated, last epoch, 4 folds"."""
    reproduced = [cell for cell in cells if cell.get("reproduced")]
    origins, seen = ({cell[name] for cell in reproduced} - {""} for name in ("origin", "subject_seen"))
    folds = list(dict.fromkeys(cell["folds"] for cell in reproduced if cell["folds"]))
    details = ["last epoch", f"{' or '.join(folds)} fold{'s' * (folds != ['1'])}"] if folds else ["counted"]
    return ", ".join(
        [
            *["/".join(sorted(origins))] * bool(origins),
            *details,
            *["subject seen in training"] * ("yes" in seen),
            *[OTHER_METHOD.removesuffix(": ")] * any(OTHER_METHOD in cell["note"] for cell in reproduced),
        ]
    )


def below(rows: Rows) -> Iterable[str]:
    """Yield the counts of reproduced and missing cells, then every erratum once."""
    rows = [row for row in rows if row["status"] != COMPUTED]
    reproduced = sum(bool(row["reproduced"]) and row["status"] != BY_CONSTRUCTION for row in rows)
    constructed = sum(row["status"] == BY_CONSTRUCTION for row in rows)
    planned, published_only = (sum(row["status"] == status for row in rows) for status in ("planned", "published_only"))
    counts = f"{reproduced} of {len(rows)} cells reproduced, {planned} planned, {published_only} published only."
    if constructed:
        counts += f" {constructed} are so by construction, since the labels are made from them."
    if any("generated" in row["origin"] for row in rows):
        counts += " Rendered faces, not comparable with published figures."
    if any(row["subject_seen"] == "yes" for row in rows):
        counts += " Training saw other clips of the same subject; never ranked with figures where it did not."
    if any(row["metric"] in PARTS and row["reproduced"] for row in rows):
        counts += " Parts and parameters are those of networks built at the paper's size, whatever size was trained."
    if any(row["metric"] in LAYERS and row["reproduced"] for row in rows):
        counts += " Layers are those of a network built at the paper's size, whatever size was trained."
    yield counts
    for choices in dict.fromkeys(note for row in rows for note in row["note"].split("; ") if OTHER_METHOD in note):
        names = dict.fromkeys(row["row"] for row in rows if choices in row["note"])
        yield f"{', '.join(names)}: {choices}."
    errata: dict[str, list[str]] = {}
    for row in rows:
        _, flagged, erratum = row["note"].partition("erratum: ")
        if flagged:
            errata.setdefault(erratum, []).append(f"{row['row']}, {row['column']}")
    for text, cells in errata.items():
        more = f" and {len(cells) - 2} more cells" * (len(cells) > 2)
        yield f"\\* {' and '.join(cells[:2])}{more}: {text}."
