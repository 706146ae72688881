"""The papers' tables, cell by cell: the printed figures and this run's. Trains nothing.

What may not come in: a figure that no evaluation or index file holds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from microexpr.core import registry
from microexpr.core.clip import POPULATION, Clip
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.published import Cell, cells
from microexpr.models import generators as generators_of_clips
from microexpr.models import recognisers
from microexpr.protocols import ABLATION, MAIN, PROTOCOLS
from microexpr.reporting import formats
from microexpr.reporting.papers import census, floor

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
# Kinds of cells by their metric as printed. A mapping has the metric of an evaluation that a figure is made of.
MEASURED = {"uf1": "uf1", "f1": "uf1", "uar": "uar", "accuracy": "accuracy"}
GAINS = {"uf1_gain": "uf1", "uar_gain": "uar"}  # gains in percent of the figure of the challenge's winner
WINNER = "nmer"
POINTS = {"accuracy_gain": "accuracy", "f1_gain": "uf1"}  # gains in points over the best other row of the same column
EVALUATED = MEASURED | GAINS | POINTS
SYNTHESISED = ("fid",)  # metrics of synthesised faces
TESTED = (*EVALUATED, *SYNTHESISED)  # metrics of tested subjects
PARTS = ("component", "parameters_m")  # metrics of ICE-GAN's models themselves
LAYERS = ("kernel", "shape")  # metrics of the layers of AU-GACN's network
MARKS = ("region_label",)  # metrics of the labels of local regions
OURS = {  # by paper and method of a printed row: the tables that get a row of ours, its method, its name
    ("mtmnet", "mtmnet.lcls_only"): (("table2", "table3"), "mtmnet.alone", "L_EID / L_cls (ours)"),
    ("augacn", "augacn.auicgan"): (("table2", "table3"), "augacn", "AU-GACN alone (ours)"),
    ("augacn", "augacn"): (("table4",), "augacn.auicgan", "AU-GACN + AU-ICGAN (ours)"),
}
# Tables that compare parts or losses of one method: where rendered clips are tested, their rows train from scratch.
ABLATIONS = {"icegan": ("table2", "table3"), "mtmnet": ("table3",), "localregions": ("table5", "table6", "table7")}
COMPUTED = "computed"  # status of chance and majority, which are no cells of a paper
BY_CONSTRUCTION = "by_construction"  # status of a cell from which the labels are made, so that it cannot differ
SUBJECTS = "subjects tested"  # after their number, in notes
OTHER_METHOD = "not the paper's method: "  # before the choices of a run that its paper does not make, in notes
SOURCES = ("mtmnet.ckplus", "mtmnet.mmi", "mtmnet.oulu_casia")  # rows of MTMNet that differ only in the macro set
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
    together: int = Field(
        16, ge=1, le=1000, description="rows of a study that one job trains, which share their first phases"
    )
    super_resolution: Literal["lanczos", "realsr"] = Field("lanczos", description="of FAMGAN's faces (docs/famgan.md)")
    show_licensed_faces: bool = Field(False, description="in figures that show faces; ask your licence")
    variants: Variants = Field({}, description="methods under other params, for these tables only")


@dataclass(frozen=True, slots=True)
class Run:
    """The results and settings of a run that the tables need."""

    methods: Collection[str]  # those in its params.yaml and variants of them, without a planted leak
    protocols: Collection[str]  # those that its data sets allow
    folds: int  # Params.folds
    groups: int = 0  # of rendered subjects, held out in turn by the main table's folds; 0: each subject
    ablates: bool = False  # whether tables of `ABLATIONS` train on rendered subjects alone
    study_methods: Collection[str] = ()  # those of `methods` that only papers' tables have: few folds everywhere
    evaluations: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # by method and protocol
    clips: Sequence[Clip] = ()  # of the index
    seed: int = 0  # the root seed, which draws random splits
    draws: int = 1  # Params.draws
    other_choices: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by method, where it leaves its paper
    ablation_choices: Mapping[str, Sequence[str]] = field(default_factory=dict)  # the same in tables of `ABLATIONS`
    generators: Collection[str] = ()  # those of `methods` whose synthesised faces are measured
    clip_generators: Collection[str] = ()  # generators of clips
    synthetic_clips: Mapping[str, census.SyntheticClips] = field(default_factory=dict)  # by clip generator
    faces: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # figures of synthesised faces
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each of `methods` that a table describes


FloorOf = Callable[[str, bool], floor.Floor | None]  # of a protocol; whether of few folds
Reproduction = tuple[dict[str, str], Iterable[str]]  # values of a row, notes


def available_methods() -> set[str]:
    """Return every method and every generator of clips that is implemented, whether or not a run has it."""
    return {*registry.names(recognisers), *registry.names(generators_of_clips)}


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
    printed = [cell for cell in cells() if (cell.paper, cell.table) == (paper, table)]
    return printed + [
        _our_cell(cell)
        for cell in printed
        if table in OURS.get((paper, cell.method), ((),))[0] and not cell.metric.endswith("_gain")
    ]


def _cells_of(paper: str, table: str, run: Run) -> list[Cell]:
    """Return `target_cells`, of a run that ablates under the protocol that trains all rows of a table from scratch."""
    cells, metrics = target_cells(paper, table), {*MEASURED, *SYNTHESISED}
    if not (run.ablates and table in ABLATIONS.get(paper, ())):
        return cells
    return [replace(c, protocol=ABLATION) if c.metric in metrics and c.runs_under in PROTOCOLS else c for c in cells]


def index_sets(paper: str, table: str, run: Run, micro_sets: Sequence[str]) -> list[str]:
    """Return the data sets whose index a target reads to count clips or tested subjects, [] if it does neither.

    They are a run's sets of micro-expressions, and the population where rows are trained on it from scratch."""
    cells = _cells_of(paper, table, run)
    if not any(census.counts_recorded_clips(cell) or cell.metric in TESTED for cell in cells):
        return []
    added = [POPULATION] if any(cell.runs_under == ABLATION for cell in cells) else []
    return [*micro_sets, *added]


def _our_cell(cell: Cell) -> Cell:
    """Return the cell of a row that the print lacks: MTMNet's networks unguided, AU-GACN with or without AU-ICGAN."""
    _, method, row = OURS[cell.paper, cell.method]
    blank = {"published": "", "clips": "", "source": "", "erratum": "", "note": "a row of ours"}
    return replace(cell, row=row, method=method, **blank)


def needs(paper: str, table: str, run: Run) -> list[tuple[str, str]]:
    """Return (method, protocol) of every evaluation that a target reads and a run can make, sorted."""
    return _evaluations(paper, table, run, EVALUATED)


def needs_faces(paper: str, table: str, run: Run) -> list[tuple[str, str]]:
    """Return (method, protocol) of every file of figures of synthesised faces that a target reads, sorted."""
    return _evaluations(paper, table, run, SYNTHESISED)


def needs_made(paper: str, table: str, clip_generators: Collection[str]) -> list[str]:
    """Return the generators whose synthetic clips a target counts, sorted."""
    counted = {cell.method for cell in target_cells(paper, table) if census.counts_synthetic_clips(cell)}
    return sorted(counted & {*clip_generators})


def describes(paper: str, table: str, methods: Collection[str]) -> list[str]:
    """Return the methods whose params a target reads, since it prints their parts, sorted."""
    return sorted({cell.method for cell in target_cells(paper, table) if cell.metric in PARTS} & {*methods})


def _evaluations(paper: str, table: str, run: Run, metrics: Collection[str]) -> list[tuple[str, str]]:
    pairs = set()
    for cell in _cells_of(paper, table, run):
        if cell.metric in metrics and status(cell, run.methods) == "built" and not _missing_reason(cell, run):
            pairs |= {(name, cell.runs_under) for name in (cell.method, *_compared(cell)) if name in run.methods}
    return sorted(pairs)


def _compared(cell: Cell) -> tuple[str, ...]:
    """Return the methods that a cell is compared with: the winner, or rows of which the paper prints the best one."""
    return (WINNER,) if cell.metric in GAINS else SOURCES if cell.method == "mtmnet" else ()


def expected_units(paper: str, figure: str) -> dict[str, list[str]]:
    """Return, by class, the action units that the text expects to see in a figure."""
    units: dict[str, list[str]] = {}
    for cell in target_cells(paper, figure):
        if cell.metric == "expected_aus":
            units.setdefault(cell.row, []).extend(cell.published.split())
    return units


def table2_generators(methods: Collection[str]) -> dict[str, str]:
    """Return those of these methods that ICE-GAN's Table 2 compares as generators, by the letter it gives them."""
    return {cell.row: cell.method for cell in target_cells("icegan", "table2") if cell.method in methods}


def status(cell: Cell, methods: Collection[str]) -> str:
    """Return built if method, protocol and metric exist, published_only if they are not planned, else planned.

    A cell that is by construction what the code makes labels from is neither."""
    if cell.status != "planned" or not (cell.method or census.counts_recorded_clips(cell)):
        return "published_only"
    if cell.metric in MARKS:
        return BY_CONSTRUCTION
    exists = cell.method in {*methods, *available_methods()}
    trained = cell.metric in TESTED and cell.runs_under in PROTOCOLS
    untrained = cell.metric in (*PARTS, *LAYERS) or census.counts_synthetic_clips(cell)
    return "built" if (exists and (trained or untrained)) or census.counts_recorded_clips(cell) else "planned"


def rows(paper: str, table: str, run: Run) -> list[dict[str, str]]:
    """Return one row of text for each printed cell, with `COLUMNS`; "" for unknown values; then the table's floor.

    Reproduced figures are those of the last epoch, pooled over the folds of the run; the note has the oracle's. Raises
    KeyError for an evaluation that `needs` or `needs_faces` names and `run` lacks.
    """

    @cache
    def floor_of(protocol_name: str, few: bool) -> floor.Floor | None:
        """Return the floor of all folds, or of as few as the run trains for these tables alone; None without index."""
        if not run.clips:
            return None
        protocol, limit = PROTOCOLS[protocol_name], run.folds if few else 0
        folds = protocol.folds(run.clips, run.seed, seeds=run.draws, limit=limit, groups=run.groups)
        return floor.measure(protocol, run.clips, folds)

    cells = _cells_of(paper, table, run)
    printed = [_row(cell, run, floor_of) for cell in cells]
    return printed + _floor_rows(cells, printed, run, floor_of)


def _has_few_folds(cell: Cell, run: Run) -> bool:
    return cell.runs_under not in MAIN or cell.method in run.study_methods


def _floor_rows(
    cells: Sequence[Cell], printed: Sequence[dict[str, str]], run: Run, floor_of: FloorOf
) -> list[dict[str, str]]:
    """Return rows of chance and majority for each figure that a table reproduces: a line or a column of their own."""

    def figure(cell: Cell) -> tuple[str, str, str]:
        return cell.dataset, cell.runs_under, MEASURED[cell.metric]

    pairs = zip(cells, printed, strict=True)
    measured = [cell for cell, row in pairs if cell.metric in MEASURED and row["reproduced"]]
    by_column, by_row = (
        all(len({figure(cell) for cell in measured if getattr(cell, axis) == name}) == 1 for name in names)
        for axis, names in (("column", {cell.column for cell in measured}), ("row", {cell.row for cell in measured}))
    )
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for guess in (floor.CHANCE, floor.MAJORITY):
        for cell in measured:
            name = f"{guess} (ours)"
            row, column = (name, cell.column) if by_column else (cell.row, name if by_row else f"{cell.column}, {name}")
            same = [other for other in measured if figure(other) == figure(cell)]
            measure = floor_of(cell.runs_under, all(_has_few_folds(other, run) for other in same))
            if measure and (row, column) not in rows:
                copied = {key: getattr(cell, key) for key in ("paper", "table", "dataset", "classes", "metric")}
                value = measure.figures[guess, _scope(cell), MEASURED[cell.metric]]
                copied |= {"row": row, "column": column, "protocol": cell.runs_under, "reproduced": formats.cell(value)}
                origin = next(clip.origin for clip in run.clips if clip.dataset in PROTOCOLS[cell.runs_under].datasets)
                rows[row, column] = dict.fromkeys(COLUMNS, "") | copied | {"origin": origin, "status": COMPUTED}
    return list(rows.values())


def _row(cell: Cell, run: Run, floor_of: FloorOf) -> dict[str, str]:
    copied = {name: getattr(cell, name) for name in ("paper", "table", "row", "column", "dataset", "classes", "metric")}
    row = dict.fromkeys(COLUMNS, "") | copied | {"protocol": cell.runs_under or cell.protocol}
    row |= {"published": cell.published, "status": status(cell, run.methods)}
    values, reasons = _reproduce(cell, run) if row["status"] in ("built", BY_CONSTRUCTION) else ({}, ())
    row, notes = row | values, list(reasons)
    if row["reproduced"] and cell.metric in TESTED and (least := floor_of(cell.runs_under, _has_few_folds(cell, run))):
        notes.append(f"{least.subjects[_scope(cell)]} {SUBJECTS}")
    return row | {"note": "; ".join(filter(None, [*notes, *_printed_notes(cell)]))}


def _reproduce(cell: Cell, run: Run) -> Reproduction:
    """Return the values of a row, and notes on them or on why there are none, for a cell of any kind."""
    if reason := _missing_reason(cell, run):
        return {}, [reason]
    if census.counts_recorded_clips(cell):
        return census.count_recorded_clips(cell, run.clips), []
    if census.counts_synthetic_clips(cell):
        return census.count_synthetic_clips(cell, run.synthetic_clips[cell.method]), [census.OF_A_GROUP]
    if cell.metric in MARKS:
        return census.region_mark(cell), ["the labels are made from it"]
    if cell.metric in PARTS:
        from microexpr.reporting.papers import parts  # imports torch

        return parts.describe(cell, run.params[cell.method]), ["of networks built at the paper's size"]
    if cell.metric in LAYERS:
        from microexpr.reporting.papers import layers  # imports torch

        return layers.describe(cell), ["of a network built at the paper's size"]
    if cell.metric in SYNTHESISED:
        return _face_figure(cell, run.faces[cell.method, cell.runs_under])
    if cell.metric in GAINS:
        return _gain_over_winner(cell, run)
    return _lead_over_best(cell, run) if cell.metric in POINTS else _evaluated_figure(cell, run)


def _missing_reason(cell: Cell, run: Run) -> str:
    """Return why a run has no figure for a cell that could have one."""
    if census.counts_recorded_clips(cell):
        return ""
    if cell.method not in (run.clip_generators if census.counts_synthetic_clips(cell) else run.methods):
        return f"no {cell.method} in this run"
    if cell.metric not in TESTED:
        return ""
    if cell.runs_under not in run.protocols:
        return f"a data set of {cell.runs_under} is not here"
    if cell.metric in SYNTHESISED and cell.runs_under == ABLATION:  # what they are compared with has no files there
        return "faces are measured with papers.ablation_subjects: 0"
    if cell.metric in GAINS and WINNER not in run.methods:
        return f"no {WINNER} in this run"
    return f"{cell.method} makes no faces" if cell.metric in SYNTHESISED and cell.method not in run.generators else ""


def _find_row(cell: Cell, evaluation: Sequence[Row], selection: str = "last", pooling: str = "pooled") -> Row | None:
    """Return the row of an evaluation with a cell's metric, or with the metric that its gain is based on."""
    key = (selection, pooling, _scope(cell), EVALUATED[cell.metric])
    rows = (row for row in evaluation if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key)
    return next(rows, None)


def _scope(cell: Cell) -> str:
    datasets = PROTOCOLS[cell.runs_under].datasets
    return cell.dataset if len(datasets) > 1 and cell.dataset in datasets else FULL


def _values(row: Row, reproduced: str) -> dict[str, str]:
    """Return the values of a row of a table for a figure that is made of a row of an evaluation."""
    copied = {name: str(row[name]) for name in ("origin", "selection", "seeds", "folds", "subject_seen")}
    return copied | {"reproduced": reproduced, "n": str(row["clips"])}


def _evaluated_figure(cell: Cell, run: Run) -> Reproduction:
    evaluation = run.evaluations[cell.method, cell.runs_under]
    row = _find_row(cell, evaluation)
    if row is None:  # the composite lacks this data set
        return {}, [f"no clips of {cell.dataset}"]
    interval = {end: formats.cell(row[end]) for end in ("low", "high")}
    return _values(row, formats.cell(row["value"])) | interval, _notes(cell, row, evaluation, run)


def _gain_over_winner(cell: Cell, run: Run) -> Reproduction:
    """Return by how much, in percent, a figure is above the winner's; and a note with both figures."""
    row, winner_row = (_find_row(cell, run.evaluations[name, cell.runs_under]) for name in (cell.method, WINNER))
    if row is None or winner_row is None or not winner_row["value"]:
        return {}, [f"no clips of {cell.dataset}"]
    gain = f"{100 * (row['value'] / winner_row['value'] - 1):.1f}"
    return _values(row, gain), [f"{formats.cell(row['value'])} against {formats.cell(winner_row['value'])} of {WINNER}"]


def _lead_over_best(cell: Cell, run: Run) -> Reproduction:
    """Return by how many points a figure is above the best other row of its column; and a note with that row."""
    row = _find_row(cell, run.evaluations[cell.method, cell.runs_under])
    printed = {
        other.method
        for other in target_cells(cell.paper, cell.table)
        if other.runs_under == cell.runs_under and other.published
    }
    others = _rows_of(cell, run, sorted(printed - {cell.method}))
    if row is None or not others:
        return {}, ["nothing to compare with"]
    best = max(others, key=lambda name: others[name]["value"])
    gain = f"{100 * (row['value'] - others[best]['value']):+.1f}"
    return _values(row, gain), [f"over {formats.cell(others[best]['value'])} of {best}"]


def _rows_of(cell: Cell, run: Run, methods: Iterable[str]) -> dict[str, Row]:
    """Return, by method, the rows of a cell's metric in the evaluations that a run has of these methods."""
    rows = {name: _find_row(cell, run.evaluations.get((name, cell.runs_under), ())) for name in methods}
    return {name: row for name, row in rows.items() if row}


def _face_figure(cell: Cell, evaluation: Sequence[Row]) -> Reproduction:
    """Return the figure of synthesised faces; and a note on the number of images, or on why there is no figure."""
    key = (_scope(cell), "made", cell.metric)
    row = next((row for row in evaluation if (row["scope"], row["faces"], row["metric"]) == key), None)
    if row is None or row["value"] is None:
        return {}, [row["note"] if row else f"no faces of {cell.dataset}"]
    draws = row["folds"] if PROTOCOLS[cell.runs_under].share is not None else 1
    values = {name: str(row[name]) for name in ("origin", "folds", "subject_seen")}
    values |= {"reproduced": formats.cell(row["value"]), "n": str(row["made"]), "seeds": str(draws)}
    note = f"{row['made']} made against {row['true']} true; only equal numbers compare"
    return values | {"selection": "last"}, [note]


def _notes(cell: Cell, last: Row, evaluation: Sequence[Row], run: Run) -> Iterator[str]:
    """Yield notes on a reproduced figure, that of `last` in an evaluation."""
    if last["initialisation"]:
        yield last["initialisation"]
    if oracle := _find_row(cell, evaluation, selection="oracle_best_test"):
        yield f"oracle {formats.cell(oracle['value'])}"
    if best_source := _best_source(cell, run):
        yield best_source
    if last["deviation"] is not None:
        yield f"deviation over seeds {formats.cell(last['deviation'])}"
    if cell.protocol == "loso" and (mean := _find_row(cell, evaluation, pooling="per_subject_mean")):
        yield f"mean over subjects {formats.cell(mean['value'])}"
    if cell.runs_under == ABLATION:
        counts = f"{last['training_clips']} clips of {last['training_subjects']} rendered subjects of no corpus"
        yield f"trained from scratch on {counts}"
        yield last["learning"]
    one_fold = PROTOCOLS[cell.runs_under].share is not None or PROTOCOLS[cell.runs_under].unit == "dataset"
    if run.folds and _has_few_folds(cell, run) and not one_fold:
        yield f"at most {run.folds} folds (papers.folds)"
    by_method = run.ablation_choices if cell.runs_under == ABLATION else run.other_choices
    if choices := by_method.get(cell.method.partition(".")[0]):
        yield f"{OTHER_METHOD}{', '.join(choices)}"


def _best_source(cell: Cell, run: Run) -> str:
    """Return a note on the macro set that is best on the test clips, an oracle; "" without at least two sets."""
    rows = _rows_of(cell, run, _compared(cell))
    if len(rows) < 2:
        return ""
    best = max(rows, key=lambda name: rows[name]["value"])
    details = f"{best}, {rows[best]['folds']} folds"
    return f"oracle over {len(rows)} macro sets {formats.cell(rows[best]['value'])} ({details})"


def _printed_notes(cell: Cell) -> Iterator[str]:
    """Yield notes on a printed figure."""
    if cell.erratum:
        yield f"erratum: {cell.erratum}"
    if cell.selection:
        yield f"published selection: {cell.selection}"
    if cell.note:
        yield cell.note
