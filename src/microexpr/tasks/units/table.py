"""The table of action units: reproduced next to published figures. Formats figures, computes none.

Out of scope: times; they are no result.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from microexpr.core import csv_file
from microexpr.evaluation import FULL, Row, published
from microexpr.protocols import CODED
from microexpr.protocols.classes import UNITS
from microexpr.reporting import initialisation, table
from microexpr.reporting.method_tests import DIFFERENT, comparison_cells, significantly_above
from microexpr.reporting.table import ABOUT, COUNTS, INTERVAL, WIDE, Rows, Shown, Table
from microexpr.tasks.units import TASK
from microexpr.tasks.units import UNITS as CROSS

FLOOR = TASK.floor  # the row that all others must beat: it predicts every unit for every clip
MEANS = ("macro_f1", "macro_f1_of_both", "mean_ap")
SELECTIONS = {  # by column: macro F1 read otherwise than at the last epoch
    "oracle_threshold": "oracle_threshold",
    "oracle_epoch": "oracle_best_test",
    "before_folds": "start",
}


def _of_units(figure: str) -> list[str]:
    return [f"{figure}_{unit}" for unit in UNITS]


COLUMNS = (
    *("method", "origin", "protocol", "learnt_from", "seeds"),
    *(f"{name}{end}" for name in MEANS for end in ("", "_low", "_high")),
    *SELECTIONS,
    *("above_floor", "above_floor_low", "above_floor_high", "p", "p_holm"),
    *_of_units("f1"),
    *_of_units("ap"),
    *_of_units("prevalence"),
    *(f"{dataset}_macro_f1" for dataset in CODED),
    *("published_row", "published_macro_f1", "published_macro_f1_of_both"),
    *(f"published_f1_{unit}" for unit in UNITS),
    *(f"published_{dataset}_macro_f1" for dataset in CODED),
    *COUNTS,
    *("clips_left_out", "initialisation", "differs_from_paper"),
)
WORDS = ("method", "origin", "learnt_from", "published_row", "initialisation", "differs_from_paper")
TITLES = {protocol.name: protocol.title for protocol in TASK.protocols}
DATASET_TITLES = {
    "casme": "CASME", "casme2": "CASME II", "samm": "SAMM", "fourdme": "4DME", "mmew": "MMEW", "casme3": "CAS(ME)^3",
}  # fmt: skip
NOTE = (
    "F1 of the clips that show a unit, mean over twelve units, all clips pooled; intervals are nominally 95 %, from "
    f"resampled subjects. `{FLOOR}` says that every clip shows every unit: no blind answer has a higher F1. oracle: "
    "the threshold of each unit, or the epoch, that is best on the test clips, never ranked."
)


def table_rows(
    evaluations: Iterable[Sequence[Row]], pairs: Sequence[Row], clips_left_out: int, protocol: str
) -> list[dict[str, str]]:
    """Return one row of text for each method, then one for each published row that no method reproduces; "" if unknown.

    `evaluations` are the rows of the evaluate stage, a sequence for each method; `pairs` those of `evaluation.pairs`;
    `clips_left_out` clips have no code. Figures have four decimals; published ones, in per cent there, are shares."""
    tests = comparison_cells(FLOOR, pairs, "macro_f1", "above_floor")
    methods = [_row(evaluation) | {"clips_left_out": clips_left_out} for evaluation in evaluations]
    tested = [row | tests.get(row["method"], {}) for row in methods]
    methods_of = {line["row"]: line["method"] for line in published.read(published.UNITS)}
    printed = {name: _published(name) for name in methods_of} if protocol == CROSS else {}
    return TABLE.rows(tested, printed, {method: name for name, method in reversed(methods_of.items())})


def _row(rows: Sequence[Row]) -> dict[str, Any]:
    by_cell = {(row["selection"], row["scope"], row["metric"]): row for row in rows}
    first = by_cell["last", FULL, "macro_f1"]
    codes = initialisation.parse(first["initialisation"])
    learnt_from = "population and corpus" if {"population", "reader"} & {*codes} else "corpus"
    if "population" in codes and not first["parameters"]:
        learnt_from = "population"
    cells: dict[str, Any] = {name: first[name] for name in ABOUT} | {"learnt_from": learnt_from}
    for name in MEANS:
        row = by_cell["last", FULL, name]
        cells |= {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
    figures = {column: (selection, FULL, "macro_f1") for column, selection in SELECTIONS.items()}
    figures |= {name: ("last", FULL, name) for figure in ("f1", "ap", "prevalence") for name in _of_units(figure)}
    figures |= {f"{dataset}_macro_f1": ("last", dataset, "macro_f1") for dataset in CODED}
    return cells | {column: by_cell[key]["value"] for column, key in figures.items() if key in by_cell}


def _published(name: str) -> dict[str, str]:
    by_metric = {line["metric"]: line for line in published.read(published.UNITS) if line["row"] == name}
    per_cent = {metric: line["mean"] for metric, line in by_metric.items()}
    per_cent |= {f"f1_{unit}": by_metric["macro_f1"][unit] for unit in UNITS}
    per_cent |= {f"{dataset}_macro_f1": by_metric["macro_f1"][dataset] for dataset in CODED}
    shares = {f"published_{column}": f"{float(value) / 100:.3f}" for column, value in per_cent.items()}
    return {"method": "", "protocol": CROSS, "published_row": name} | shares


def below(rows: Rows) -> list[str]:
    """Return sentences on the table: what it counts, which methods beat the floor, what oracles add."""
    sentences = [NOTE]
    if tested := sum(bool(row["p_holm"]) for row in rows):
        count = f"corrected for {tested} method{'s' * (tested > 1)}"
        better = significantly_above(rows, "above_floor")
        sentences.append(f"Above {FLOOR} (macro F1, p < {DIFFERENT}, {count}): {better}.")
    gains = [
        f"{row['method']} {float(row['oracle_threshold']) - float(row['macro_f1']):+.3f}"
        for row in rows
        if row["oracle_threshold"] and row["macro_f1"]
    ]
    if gains:
        sentences.append(f"With thresholds chosen on the test clips macro F1 would be higher by: {', '.join(gains)}.")
    return sentences + initialisation.sentences(rows)


def title(rows: Rows) -> str:
    """Return the protocol of a table, its clips, and a caution where faces are rendered."""
    first = rows[0]
    counts = (
        f"{first['clips']} clips of {first['subjects']} subjects, {first['clips_left_out']} without a code left out"
    )
    return table.caution(f"{TITLES[first['protocol']]}; {counts}", [first["origin"]])


def shown(width: int) -> Shown:
    """Return the columns of a terminal, F1 of each unit where there is room for it."""
    of_units = {unit.removeprefix("AU"): f"f1_{unit}" for unit in UNITS if width >= WIDE}
    means = {"F1": "macro_f1", "low": "macro_f1_low", "high": "macro_f1_high", "AP": "mean_ap"}
    words: Shown = {"method": table.name, "learnt from": itemgetter("learnt_from")}
    return words | table.figures(means | of_units) | table.figures({"published": "published_macro_f1"}, 3)


HEADS = {"macro F1": "macro_f1", INTERVAL: "macro_f1", "mean AP": "mean_ap"}
HEADS |= dict(zip(UNITS, _of_units("f1"), strict=True)) | {DATASET_TITLES[name]: f"{name}_macro_f1" for name in CODED}
TABLE = Table(COLUMNS, WORDS, "macro_f1", HEADS, title, below, shown, kinds={"protocol": csv_file.one_of(TITLES)})
