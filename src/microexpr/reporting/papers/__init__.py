"""The papers' tables, cell by cell: the printed figures and this run's, as CSV and in the paper's layout.

Out of scope: a figure that no evaluation or index file holds.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from microexpr.evaluation import published
from microexpr.evaluation.published import Cell
from microexpr.protocols import ABLATION, PROTOCOLS
from microexpr.reporting.papers import cells as kinds
from microexpr.reporting.papers import floor
from microexpr.reporting.papers.cells import Evaluated, PaperRun, Printed
from microexpr.reporting.table import Row, Rows, cell_text
from microexpr.reporting.table import markdown as markdown_lines
from microexpr.reporting.table import read as read_rows

TARGETS = {  # tables that can be made, as results/papers/<paper>/<table>.csv
    "icegan": {
        "table1": "Recognition on the composite of MEGC2019",
        "table2": "Parts of generator and discriminator, 70:30 by subject",
        "table3": "Discriminators of other kinds and sizes, 70:30 by subject",
        "text": "Figures given in prose",
    },
    "mtmnet": {
        "table1": "Clips and subjects of the composite",
        "table2": "Losses and macro data sets, one data set at a time",
        "table3": "Losses and macro data sets, composite of MEGC2019",
        "table4": "Comparison, one data set at a time",
        "table5": "Comparison, composite of MEGC2019",
    },
    "augacn": {
        "table1": "Clips of each emotion, recorded and synthetic",
        "table2": "Leave-one-subject-out, one data set at a time",
        "table3": "Leave-one-video-out, one data set at a time",
        "table4": "Trained on one data set, tested on another",
        "table5": "With and without synthetic clips, leave-one-subject-out",
        "table6": "With and without synthetic clips, leave-one-video-out",
        "table7": "Layers of the network",
    },
    "localregions": {
        "table1": "Which emotion shows in which region",
        "table2": "The data sets",
        "table3": "Clips of each class of MEGC2019",
        "table4": "Clips of each AU-based class",
        "table5": "Sets of regions",
        "table6": "A simpler network",
        "table7": "Losses",
        "table8": "Comparison, composite of MEGC2019",
        "table9": "Comparison, AU-based classes I to V",
        "table10": "Figures by data set, composite of MEGC2019",
        "table11": "Figures by data set, AU-based classes I to V",
        "table12": "Trained on some data sets, tested on another",
        "table13": "The same with AU-based classes",
    },
}
FIGURES = {  # by method, or by generator and data set: the figures that need it, below results/papers
    "icegan": ("icegan/fig4.png", "icegan/fig5.png", "icegan/fig5.csv"),
    "mtmnet": ("mtmnet/fig1.png",),
    "mtmnet.eidnet": ("mtmnet/fig3.png", "mtmnet/fig3.safetensors"),
    "augacn.nodes": ("augacn/fig4.png", "augacn/fig4.csv", "augacn/fig4.safetensors"),
    "auicgan.casme2": ("augacn/fig3.png", "augacn/fig3.gif"),
    "auicgan.samm": ("augacn/fig5.png",),
    "localregions": tuple(f"localregions/fig{number}.png" for number in (3, 5, 7)),
    "famgan": (  # the paper prints no table; these are ours
        *("famgan/transfer.csv", "famgan/transfer.md", "famgan/ablation.csv", "famgan/ablation.md"),
        *("famgan/fig2.png", "famgan/fig3.png", "famgan/fig4.png", "famgan/fig5.png"),
    ),
}
PAPERS = {
    "icegan": "ICE-GAN",
    "mtmnet": "MTMNet",
    "augacn": "AU-GACN and AU-ICGAN",
    "famgan": "FAMGAN",
    "localregions": "Local regions",
}
OURS = {  # by paper and method of a printed row: the tables that get a row of ours, its method, its name
    ("mtmnet", "mtmnet.lcls_only"): (("table2", "table3"), "mtmnet.alone", "L_EID / L_cls (ours)"),
    ("augacn", "augacn.auicgan"): (("table2", "table3"), "augacn", "AU-GACN alone (ours)"),
    ("augacn", "augacn"): (("table4",), "augacn.auicgan", "AU-GACN + AU-ICGAN (ours)"),
}
# Tables that compare parts or losses of one method: where rendered clips are tested, their rows train from scratch.
ABLATIONS = {"icegan": ("table2", "table3"), "mtmnet": ("table3",), "localregions": ("table5", "table6", "table7")}
COMPUTED = "computed"  # status of chance and majority, which are no cells of a paper
INPUTS = ("evaluations", "faces", "made", "params", "index")  # kinds of files and params that tables are made of
COLUMNS = (
    *("paper", "table", "row", "column", "dataset", "protocol", "classes", "metric", "published", "reproduced"),
    *("low", "high", "origin", "selection", "seeds", "folds", "n", "subject_seen", "status", "note"),
)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]  # also of files and rules
Variants = dict[str, dict[Name, dict[str, Any] | None]]


class Params(BaseModel):
    """Section `papers` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    folds: int = Field(4, ge=0, le=1000, description="largest number of folds outside the main table; 0: all")
    ablation_subjects: int = Field(
        40,
        ge=0,
        le=5000,
        description="rendered subjects of the population on whom tables of a paper's parts and losses train all rows "
        "from scratch, to test rendered clips; 0, and recorded clips: by the paper's protocol",
    )
    draws: int = Field(3, ge=1, le=100, description="random splits of ICE-GAN's Tables 2 and 3, each trained once")
    super_resolution: Literal["lanczos", "realsr"] = Field("lanczos", description="of FAMGAN's faces (docs/famgan.md)")
    show_licensed_faces: bool = Field(False, description="in figures that show faces; ask your licence")
    variants: Variants = Field({}, description="methods under other params, for these tables only")


def files(methods: Collection[str] = ()) -> set[str]:
    """Return every target, its Markdown twin, and the figures that these methods allow."""
    pictures = {f"results/papers/{file}" for name in methods for file in FIGURES.get(name, ())}
    return pictures | {
        f"results/papers/{paper}/{table}.{ending}"
        for paper, tables in TARGETS.items()
        for table in tables
        for ending in ("csv", "md")
    }


def target_cells(paper: str, table: str) -> list[Cell]:
    """Return the cells of a target in printed order, then those of a row of ours; none for FAMGAN."""
    printed = [cell for cell in published.cells() if (cell.paper, cell.table) == (paper, table)]
    blank = {"published": "", "clips": "", "source": "", "erratum": "", "note": "a row of ours"}
    ours = []
    for cell in printed:
        tables, method, row = OURS.get((cell.paper, cell.method), ((), "", ""))
        if table in tables and not cell.metric.endswith("_gain"):
            ours.append(replace(cell, row=row, method=method, **blank))
    return printed + ours


def figures(paper: str, table: str, run: PaperRun) -> list[Printed]:
    """Return the cells of `target_cells` in a run. A run that ablates trains all rows of tables of `ABLATIONS` from
    scratch, under a separate protocol."""
    printed = target_cells(paper, table)
    if run.ablates and table in ABLATIONS.get(paper, ()):
        trained = {*Evaluated.metrics, *kinds.SynthesisedFaces.metrics}
        printed = [
            replace(cell, protocol=ABLATION) if cell.metric in trained and cell.runs_under in PROTOCOLS else cell
            for cell in printed
        ]
    return [kinds.of(cell, run) for cell in printed]


def inputs(paper: str, table: str, run: PaperRun) -> dict[str, list[Any]]:
    """Return the inputs of a target in a run, by kind in `INPUTS`.

    They are (method, protocol) of evaluations and of figures of synthesised faces, generators with synthetic clips to
    count, methods with params to describe, sorted, and data sets with an index to read."""
    keys: dict[str, dict[Any, None]] = {kind: {} for kind in INPUTS}
    for figure in figures(paper, table, run):
        if figure.status == kinds.BUILT and not figure.missing():
            for kind, key in figure.inputs():
                keys[kind][key] = None
    return {kind: list(names) if kind == "index" else sorted(names) for kind, names in keys.items()}


def expected_units(paper: str, figure: str) -> dict[str, list[str]]:
    """Return, by class, the action units that the text expects to see in a figure."""
    units: dict[str, list[str]] = {}
    for cell in target_cells(paper, figure):
        if cell.metric == "expected_aus":
            units.setdefault(cell.row, []).extend(cell.published.split())
    return units


def table2_generators(methods: Collection[str]) -> dict[str, str]:
    """Return the methods that ICE-GAN's Table 2 compares as generators, by the letter it gives them."""
    return {cell.row: cell.method for cell in target_cells("icegan", "table2") if cell.method in methods}


def rows(paper: str, table: str, run: PaperRun) -> list[dict[str, str]]:
    """Return one row of text for each printed cell, with `COLUMNS`; "" for unknown values; then the table's floor.

    Reproduced figures are those of the last epoch, pooled over the folds of the run; the note has the oracle's. Raises
    KeyError for an input that `inputs` names and `run` lacks."""
    cells = figures(paper, table, run)
    printed = [figure.row() for figure in cells]
    reproduced = [
        figure
        for figure, row in zip(cells, printed, strict=True)
        if isinstance(figure, Evaluated) and figure.metrics is Evaluated.metrics and row["reproduced"]
    ]
    return [dict.fromkeys(COLUMNS, "") | row for row in (*printed, *_floor_rows(reproduced, run))]


def _floor_rows(measured: Sequence[Evaluated], run: PaperRun) -> list[dict[str, str]]:
    """Return rows of chance and majority for each figure that a table reproduces: a separate line or column."""

    def measure(figure: Evaluated) -> tuple[str, str, str]:
        return figure.cell.dataset, figure.cell.runs_under, figure.metric

    by_column, by_row = (  # whether each column, or each row, is of one figure
        len({(getattr(figure.cell, axis), measure(figure)) for figure in measured})
        == len({getattr(figure.cell, axis) for figure in measured})
        for axis in ("column", "row")
    )
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for guess in (floor.CHANCE, floor.MAJORITY):
        for figure in measured:
            cell, name = figure.cell, f"{guess} (ours)"
            row, column = (name, cell.column) if by_column else (cell.row, name if by_row else f"{cell.column}, {name}")
            few = all(other.has_few_folds for other in measured if measure(other) == measure(figure))
            if (row, column) not in rows and (guesses := run.floor(cell.runs_under, few)):
                copied = {key: getattr(cell, key) for key in ("paper", "table", "dataset", "classes", "metric")}
                value = cell_text(guesses.figures[guess, figure.scope, figure.metric])
                origin = next(clip.origin for clip in run.clips if clip.dataset in PROTOCOLS[cell.runs_under].datasets)
                copied |= {"row": row, "column": column, "protocol": cell.runs_under, "reproduced": value}
                rows[row, column] = copied | {"origin": origin, "status": COMPUTED}
    return list(rows.values())


def read(path: str | Path) -> list[dict[str, str]]:
    """Read the rows of a table. Raises StoreError for one without rows, and for other columns."""
    return read_rows(path, COLUMNS, {})


def markdown(paper: str, table: str, rows: Rows) -> str:
    """Return the table as printed, and below each of its rows the reproduced figures, with their origin."""
    grid = markdown_lines(lines(rows), aligned=True)
    return "\n".join([f"{title(paper, table)}. {tested(rows)}", "", *grid, "", *below(rows), ""])


def title(paper: str, table: str) -> str:
    """Return the heading of a table."""
    return f"{PAPERS[paper]}, {table.replace('table', 'Table ')}. {TARGETS[paper][table]}"


def tested(rows: Rows) -> str:
    """Return a sentence on how many subjects the reproduced figures are of."""
    notes = "; ".join(row["note"] for row in rows)
    counts = sorted({*map(int, re.findall(rf"\b([0-9]{{1,9}}) {kinds.SUBJECTS}", notes))})
    if not counts:
        return "No subject is tested."
    return f"{' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} {kinds.SUBJECTS}."


def lines(rows: Rows) -> list[list[str]]:
    """Return the lines of the table, its head first: each has its name, the kind of its figures, and the figures."""
    columns = list(dict.fromkeys(row["column"] for row in rows))
    cells = {(row["row"], row["column"]): row for row in rows}
    body = [["", "figures", *columns]]
    for name in dict.fromkeys(row["row"] for row in rows):
        row_cells = [cells.get((name, column), {}) for column in columns]
        is_floor = all(cell["status"] == COMPUTED for cell in row_cells if cell)
        if not is_floor:
            stars = ("*" * ("erratum: " in cell.get("note", "")) for cell in row_cells)
            figures = ((cell.get("published") or "-") + star for cell, star in zip(row_cells, stars, strict=True))
            body.append([name, "published", *figures])
        if any(cell.get("reproduced") for cell in row_cells):
            body.append([name * is_floor, _kind(row_cells), *(cell.get("reproduced") or "-" for cell in row_cells)])
    return body


def _kind(cells: Iterable[Row]) -> str:
    """Return the common properties of a line's figures, such as "generated, last epoch, 4 folds"."""
    reproduced = [cell for cell in cells if cell.get("reproduced")]
    origins, seen = ({cell[name] for cell in reproduced} - {""} for name in ("origin", "subject_seen"))
    folds = list(dict.fromkeys(cell["folds"] for cell in reproduced if cell["folds"]))
    details = ["last epoch", f"{' or '.join(folds)} fold{'s' * (folds != ['1'])}"] if folds else ["counted"]
    return ", ".join(
        [
            *["/".join(sorted(origins))] * bool(origins),
            *details,
            *["subject seen in training"] * ("yes" in seen),
            *[kinds.OTHER_METHOD.removesuffix(": ")] * any(kinds.OTHER_METHOD in cell["note"] for cell in reproduced),
        ]
    )


def below(rows: Rows) -> Iterable[str]:
    """Yield the counts of reproduced and missing cells, then every erratum once."""
    rows = [row for row in rows if row["status"] != COMPUTED]
    reproduced = sum(bool(row["reproduced"]) and row["status"] != kinds.BY_CONSTRUCTION for row in rows)
    of = Counter(row["status"] for row in rows)
    counts = f"{reproduced} of {len(rows)} cells reproduced, {of[kinds.PLANNED]} planned, "
    counts += f"{of[kinds.PUBLISHED_ONLY]} published only."
    if of[kinds.BY_CONSTRUCTION]:
        counts += f" {of[kinds.BY_CONSTRUCTION]} are so by construction, since the labels are made from them."
    if any("generated" in row["origin"] for row in rows):
        counts += " Rendered faces, not comparable with published figures."
    if any(row["subject_seen"] == "yes" for row in rows):
        counts += " Training saw other clips of the same subject; never ranked with figures where it did not."
    parts = {kinds.Part: "Parts and parameters are those of networks", kinds.Layer: "Layers are those of a network"}
    for kind, those in parts.items():
        if any(row["metric"] in kind.metrics and row["reproduced"] for row in rows):
            counts += f" {those} built at the paper's size, whatever size was trained."
    yield counts
    notes = (note for row in rows for note in row["note"].split("; "))
    for choices in dict.fromkeys(note for note in notes if kinds.OTHER_METHOD in note):
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
