"""The tables of the papers, cell by cell: what is printed, and what this run reproduces of it. Trains nothing.

What may not come in: a figure that no evaluation or index file holds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from microexpr.core import registry
from microexpr.core.clip import Clip
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.published import Cell, cells
from microexpr.models import generators as generators_of_clips
from microexpr.models import recognisers
from microexpr.protocols import MAIN, PROTOCOLS
from microexpr.reporting.papers import census

TARGETS = {  # what can be asked for, as results/papers/<paper>/<table>.csv
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
FIGURES = {  # of data: by method, or by generator and data set, its targets below results/papers
    "icegan": ("icegan/fig4.png", "icegan/fig5.png", "icegan/fig5.csv"),
    "mtmnet": ("mtmnet/fig1.png",),
    "mtmnet.eidnet": ("mtmnet/fig3.png", "mtmnet/fig3.safetensors"),
    "augacn.nodes": ("augacn/fig4.png", "augacn/fig4.csv", "augacn/fig4.safetensors"),
    "auicgan.casme2": ("augacn/fig3.png", "augacn/fig3.gif"),
    "auicgan.samm": ("augacn/fig5.png",),
    "localregions": tuple(f"localregions/fig{number}.png" for number in (3, 5, 7)),
    "famgan": (  # which prints no table; these are ours
        *("famgan/transfer.csv", "famgan/transfer.md", "famgan/ablation.csv", "famgan/ablation.md"),
        *("famgan/fig2.png", "famgan/fig3.png", "famgan/fig4.png", "famgan/fig5.png"),
    ),
}
MEASURED = {"uf1": "uf1", "f1": "uf1", "uar": "uar", "accuracy": "accuracy"}  # by metric as printed
MADE = {"fid": "fid"}  # the same, of the faces that a generator made
PARTS = ("component", "parameters_m")  # what ICE-GAN's models are made of
LAYERS = ("kernel", "shape")  # what AU-GACN's network is made of
MARKS = ("region_label",)  # what local regions' labels are made of
STUDIES = ("table2", "table3")  # of both papers that a row of ours is added to
OURS = {  # by the method of a printed row, that of ours and its name
    "mtmnet.lcls_only": ("mtmnet.alone", "L_EID / L_cls (ours)"),
    "augacn.auicgan": ("augacn", "AU-GACN alone (ours)"),
}
SOURCES = ("mtmnet.ckplus", "mtmnet.mmi", "mtmnet.oulu_casia")  # rows of MTMNet that differ in the macro set alone
GAINS = {"uf1_gain": "uf1", "uar_gain": "uar"}  # in percent of the figure of the challenge's winner
WINNER = "nmer"
POINTS = {"accuracy_gain": "accuracy", "f1_gain": "uf1"}  # in points over the best other row of the same column
COLUMNS = (
    *("paper", "table", "row", "column", "dataset", "protocol", "classes", "metric", "published", "reproduced"),
    *("low", "high", "origin", "selection", "seeds", "folds", "n", "subject_seen", "status", "note"),
)


Variants = dict[str, dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")], dict[str, Any] | None]]


class Params(BaseModel):
    """Section `papers` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    folds: int = Field(4, ge=0, description="at most so many folds of what the main table does not hold; 0: all")
    together: int = Field(16, ge=1, le=1000, description="rows of a study that one job trains, which begin alike")
    super_resolution: Literal["lanczos", "realsr"] = Field("lanczos", description="of FAMGAN's faces (docs/famgan.md)")
    show_licensed_faces: bool = Field(False, description="in figures that show people; ask your licence")
    variants: Variants = Field({}, description="methods under other params, for these tables alone")


@dataclass(frozen=True, slots=True)
class Run:
    """What a run has for the tables."""

    methods: Collection[str]  # those in its params.yaml and variants of them, without a planted leak
    protocols: Collection[str]  # those that its data sets allow
    folds: int  # Params.folds
    studied: Collection[str] = ()  # those of `methods` that are in no other table: of few folds under any protocol
    evaluations: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # by method and protocol
    clips: Sequence[Clip] = ()  # of the index
    generators: Collection[str] = ()  # those of `methods` whose faces are measured
    makers: Collection[str] = ()  # generators of clips
    made: Mapping[str, census.Made] = field(default_factory=dict)  # what these make to train on
    faces: Mapping[tuple[str, str], Sequence[Row]] = field(default_factory=dict)  # figures of these
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of each of `methods` that a table describes


def built() -> set[str]:
    """Every method and every generator of clips there is, whether or not a run has it."""
    return {*registry.names(recognisers), *registry.names(generators_of_clips)}


def files(methods: Collection[str] = ()) -> set[str]:
    """Every target and its Markdown twin, and the figures of these methods."""
    pictures = {f"results/papers/{file}" for name in methods for file in FIGURES.get(name, ())}
    return pictures | {
        f"results/papers/{paper}/{table}.{ending}"
        for paper, tables in TARGETS.items()
        for table in tables
        for ending in ("csv", "md")
    }


def of(paper: str, table: str) -> list[Cell]:
    """The cells of a target, in the order of the print, then those of a row of ours; of FAMGAN's none are printed."""
    found = [cell for cell in cells() if (cell.paper, cell.table) == (paper, table)]
    if table not in STUDIES:
        return found
    return found + [_ours(cell) for cell in found if cell.method in OURS and not cell.metric.endswith("_gain")]


def _ours(cell: Cell) -> Cell:
    """What the papers' studies leave out: MTMNet's networks without guidance, AU-GACN without synthetic clips."""
    method, row = OURS[cell.method]
    said = {"published": "", "clips": "", "source": "", "erratum": "", "note": "a row of ours"}
    return replace(cell, row=row, method=method, **said)


def needs(paper: str, table: str, run: Run) -> list[tuple[str, str]]:
    """(method, protocol) of every evaluation that a target reads, sorted: of what exists, and no more."""
    found = {*_wanted(paper, table, run, MEASURED | POINTS, run.methods)}
    gaining = _wanted(paper, table, run, GAINS, run.methods) if WINNER in run.methods else []
    return sorted(found | {(name, under) for method, under in gaining for name in (method, WINNER)})


def needs_faces(paper: str, table: str, run: Run) -> list[tuple[str, str]]:
    """The same of every file of figures of made faces."""
    return _wanted(paper, table, run, MADE, run.generators)


def needs_made(paper: str, table: str, makers: Collection[str]) -> list[str]:
    """Which generators' clips a target counts, sorted."""
    return sorted({cell.method for cell in of(paper, table) if census.countable_made(cell)} & {*makers})


def describes(paper: str, table: str, methods: Collection[str]) -> list[str]:
    """Which of these methods' own params a target reads, sorted: those whose parts it prints."""
    return sorted({cell.method for cell in of(paper, table) if cell.metric in PARTS} & {*methods})


def _wanted(
    paper: str, table: str, run: Run, metrics: Collection[str], methods: Collection[str]
) -> list[tuple[str, str]]:
    cells = (cell for cell in of(paper, table) if cell.metric in metrics and status(cell, run.methods) == "built")
    wanted = {(name, cell.runs_under) for cell in cells for name in (cell.method, *_sources(cell))}
    return sorted((method, under) for method, under in wanted if method in methods and under in run.protocols)


def _sources(cell: Cell) -> tuple[str, ...]:
    """The rows of which the best as tested is printed in this cell; ours is of one that was chosen beforehand."""
    return SOURCES if cell.method == "mtmnet" else ()


def expected_units(paper: str, figure: str) -> dict[str, list[str]]:
    """By class, the action units that the text expects to see in a figure."""
    found: dict[str, list[str]] = {}
    for cell in of(paper, figure):
        if cell.metric == "expected_aus":
            found.setdefault(cell.row, []).extend(cell.published.split())
    return found


def generators(methods: Collection[str]) -> dict[str, str]:
    """Which of these ICE-GAN's Table 2 compares as generators, by the letter it gives them."""
    return {cell.row: cell.method for cell in of("icegan", "table2") if cell.method in methods}


def counts(paper: str, table: str) -> bool:
    """Whether a target reads the index."""
    return any(census.countable(cell) for cell in of(paper, table))


def status(cell: Cell, methods: Collection[str]) -> str:
    """built where method, protocol and metric are; published_only where that is not even planned; else planned."""
    if cell.status != "planned" or not (cell.method or census.countable(cell)):
        return "published_only"
    there = cell.method in {*methods, *built()}
    trained = cell.metric in (*MEASURED, *MADE, *GAINS, *POINTS) and cell.runs_under in PROTOCOLS
    made = cell.metric in (*PARTS, *LAYERS, *MARKS) or census.countable_made(cell)
    return "built" if (there and (trained or made)) or census.countable(cell) else "planned"


def rows(paper: str, table: str, run: Run) -> list[dict[str, str]]:
    """One row of text for each printed cell, with `COLUMNS`; "" for what is not known.

    Reproduced figures are those of the last epoch, pooled over the folds there are; the oracle's stands in the note.
    Raises KeyError for an evaluation that `needs` or `needs_faces` names and `run` lacks.
    """
    return [_row(cell, run) for cell in of(paper, table)]


def _row(cell: Cell, run: Run) -> dict[str, str]:
    about = {name: getattr(cell, name) for name in ("paper", "table", "row", "column", "dataset", "classes", "metric")}
    row = dict.fromkeys(COLUMNS, "") | about | {"protocol": cell.runs_under or cell.protocol}
    row |= {"published": cell.published, "status": status(cell, run.methods)}
    notes: list[str] = []
    if census.countable(cell):
        row |= census.counted(cell, run.clips)
    elif census.countable_made(cell):
        row |= census.counted_made(cell, run.made[cell.method]) if cell.method in run.makers else {}
        notes.append(census.OF_A_GROUP if cell.method in run.makers else f"no {cell.method} in this run")
    elif row["status"] == "built" and (reason := _missing(cell, run)):
        notes.append(reason)
    elif row["status"] == "built" and cell.metric in PARTS:
        from microexpr.reporting.papers import parts  # torch comes with it

        row |= parts.counted(cell, run.params[cell.method])
        notes.append("of networks built at the paper's size")
    elif row["status"] == "built" and cell.metric in LAYERS:
        from microexpr.reporting.papers import layers  # the same

        row |= layers.counted(cell)
        notes.append("of a network built at the paper's size")
    elif row["status"] == "built" and cell.metric in MARKS:
        row |= census.marked(cell)
        notes.append("as its labels are made")
    elif row["status"] == "built" and cell.metric in GAINS | POINTS:
        figures, reason = _gained(cell, run) if cell.metric in GAINS else _ahead(cell, run)
        row |= figures
        notes.append(reason)
    elif row["status"] == "built" and cell.metric in MADE:
        figures, reason = _made(cell, run.faces[cell.method, cell.runs_under])
        row |= figures
        notes.append(reason)
    elif row["status"] == "built":
        found = run.evaluations[cell.method, cell.runs_under]
        row |= _reproduced(cell, found)
        notes += _beside(cell, found, run)
    return row | {"note": "; ".join([*notes, *_as_printed(cell)])}


def _missing(cell: Cell, run: Run) -> str:
    """Why a run has no figure for a cell that could have one."""
    if cell.method not in run.methods:
        return f"no {cell.method} in this run"
    if cell.metric in (*PARTS, *LAYERS, *MARKS):
        return ""
    if cell.runs_under not in run.protocols:
        return f"a data set of {cell.runs_under} is not here"
    if cell.metric in GAINS and WINNER not in run.methods:
        return f"no {WINNER} in this run"
    return f"{cell.method} makes no faces" if cell.metric in MADE and cell.method not in run.generators else ""


def _find(cell: Cell, found: Sequence[Row], selection: str = "last", pooling: str = "pooled") -> Row | None:
    """The row of an evaluation that measures the same, or what a gain is one of."""
    key = (selection, pooling, _scope(cell), (MEASURED | GAINS | POINTS)[cell.metric])
    rows = (row for row in found if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key)
    return next(rows, None)


def _scope(cell: Cell) -> str:
    datasets = PROTOCOLS[cell.runs_under].datasets
    return cell.dataset if len(datasets) > 1 and cell.dataset in datasets else FULL


def _reproduced(cell: Cell, found: Sequence[Row]) -> dict[str, str]:
    row = _find(cell, found)
    if row is None:  # a composite without this data set
        return {}
    same = {name: str(row[name]) for name in ("origin", "selection", "seeds", "folds", "subject_seen")}
    low, high = (decimals(row[name]) for name in ("low", "high"))
    return same | {"reproduced": decimals(row["value"]), "low": low, "high": high, "n": str(row["clips"])}


def _gained(cell: Cell, run: Run) -> tuple[dict[str, str], str]:
    """By how much, in percent, a figure is above the winner's; and which those are."""
    own, winners = (_find(cell, run.evaluations[name, cell.runs_under]) for name in (cell.method, WINNER))
    if own is None or winners is None or not winners["value"]:
        return {}, f"no clips of {cell.dataset}"
    same = {name: str(own[name]) for name in ("origin", "selection", "seeds", "folds", "subject_seen")}
    gain = f"{100 * (own['value'] / winners['value'] - 1):.1f}"
    of_what = f"{decimals(own['value'])} against {decimals(winners['value'])} of {WINNER}"
    return same | {"reproduced": gain, "n": str(own["clips"])}, of_what


def _ahead(cell: Cell, run: Run) -> tuple[dict[str, str], str]:
    """By how many points a figure is above the best other row of its column; and which that is."""
    own = _find(cell, run.evaluations[cell.method, cell.runs_under])
    beside = {one.method for one in of(cell.paper, cell.table) if one.runs_under == cell.runs_under and one.published}
    there = sorted(name for name in beside - {cell.method} if (name, cell.runs_under) in run.evaluations)
    others = {name: row for name in there if (row := _find(cell, run.evaluations[name, cell.runs_under]))}
    if own is None or not others:
        return {}, "nothing to compare with"
    best = max(others, key=lambda name: others[name]["value"])
    same = {name: str(own[name]) for name in ("origin", "selection", "seeds", "folds", "subject_seen")}
    gain = f"{100 * (own['value'] - others[best]['value']):+.1f}"
    return same | {"reproduced": gain, "n": str(own["clips"])}, f"over {decimals(others[best]['value'])} of {best}"


def _made(cell: Cell, found: Sequence[Row]) -> tuple[dict[str, str], str]:
    """What is reproduced of a figure of made faces; and why nothing is, or how many images are behind it."""
    key = (_scope(cell), "made", MADE[cell.metric])
    row = next((row for row in found if (row["scope"], row["faces"], row["metric"]) == key), None)
    if row is None or row["value"] is None:
        return {}, row["note"] if row else f"no faces of {cell.dataset}"
    same = {name: str(row[name]) for name in ("origin", "folds", "subject_seen")}
    figures = {"reproduced": decimals(row["value"]), "n": str(row["made"]), "selection": "last", "seeds": "1"}
    return same | figures, f"{row['made']} made against {row['true']} true; only equal numbers compare"


def _beside(cell: Cell, found: Sequence[Row], run: Run) -> Iterator[str]:
    """What else is known of a reproduced figure."""
    last = _find(cell, found)
    if last is None:
        yield f"no clips of {cell.dataset}"
        return
    if last["initialisation"]:
        yield last["initialisation"]
    if oracle := _find(cell, found, selection="oracle_best_test"):
        yield f"oracle {decimals(oracle['value'])}"
    if chosen := _best_source(cell, run):
        yield chosen
    if last["deviation"] is not None:
        yield f"deviation over seeds {decimals(last['deviation'])}"
    if cell.protocol == "loso" and (mean := _find(cell, found, pooling="per_subject_mean")):
        yield f"mean over subjects {decimals(mean['value'])}"
    few = cell.runs_under not in MAIN or cell.method in run.studied
    if run.folds and few and PROTOCOLS[cell.runs_under].share is None:
        yield f"at most {run.folds} folds (papers.folds)"


def _best_source(cell: Cell, run: Run) -> str:
    """Which macro set is best by the test clips, "" where there is nothing to choose from: an oracle too."""
    asked = (name for name in _sources(cell) if (name, cell.runs_under) in run.evaluations)
    rows = {name: _find(cell, run.evaluations[name, cell.runs_under]) for name in asked}
    found = {name: row for name, row in rows.items() if row}
    if len(found) < 2:
        return ""
    best = max(found, key=lambda name: found[name]["value"])
    about = f"{best}, {found[best]['folds']} folds"
    return f"oracle over {len(found)} macro sets {decimals(found[best]['value'])} ({about})"


def _as_printed(cell: Cell) -> Iterator[str]:
    """What is known of a printed one."""
    if cell.erratum:
        yield f"erratum: {cell.erratum}"
    if cell.selection:
        yield f"published selection: {cell.selection}"
    if cell.note:
        yield cell.note


def decimals(figure: float | None) -> str:
    """Four of them, as in the main table."""
    return "" if figure is None else f"{figure:.4f}"
