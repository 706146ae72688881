"""The table of action units: reproduced next to published figures. Formats figures, computes none.

What may not come in: times; they are no result.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import csv_file
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.published import units as published
from microexpr.protocols import CODED, UNITS_LOSO
from microexpr.protocols import UNITS as CROSS
from microexpr.protocols.classes import UNITS
from microexpr.reporting import formats
from microexpr.reporting.main_table import CAUTION
from microexpr.reporting.method_tests import DIFFERENT, Comparison, comparison_cells, comparisons

FLOOR = "prevalence"  # the row that all others must beat: it says that every clip shows every unit
MEANS = ("macro_f1", "macro_f1_of_both", "mean_ap")
COUNTS = ("folds", "subjects", "clips", "training_subjects", "training_clips", "parameters")
SELECTIONS = {  # by column: macro F1 read otherwise than at the last epoch
    "oracle_threshold": "oracle_threshold",
    "oracle_epoch": "oracle_best_test",
    "before_folds": "start",
}
COLUMNS = (
    *("method", "origin", "protocol", "learnt_from", "seeds"),
    *(f"{name}{end}" for name in MEANS for end in ("", "_low", "_high")),
    *SELECTIONS,
    *("above_floor", "above_floor_low", "above_floor_high", "p", "p_holm"),
    *(f"f1_{unit}" for unit in UNITS),
    *(f"ap_{unit}" for unit in UNITS),
    *(f"prevalence_{unit}" for unit in UNITS),
    *(f"{dataset}_macro_f1" for dataset in CODED),
    *("published_row", "published_macro_f1", "published_macro_f1_of_both"),
    *(f"published_f1_{unit}" for unit in UNITS),
    *(f"published_{dataset}_macro_f1" for dataset in CODED),
    *COUNTS,
    *("clips_left_out", "initialisation", "differs_from_paper"),
)
WORDS = ("method", "origin", "learnt_from", "published_row", "initialisation", "differs_from_paper")
ABOUT = ("method", "origin", "protocol", "seeds", "initialisation", "differs_from_paper", *COUNTS)
TITLES = {
    CROSS: "Action units, leaving one data set out",
    UNITS_LOSO: "Action units, leaving subjects of one data set out",
}
DATASET_TITLES = {
    "casme": "CASME", "casme2": "CASME II", "samm": "SAMM", "fourdme": "4DME", "mmew": "MMEW", "casme3": "CAS(ME)^3",
}  # fmt: skip
NOTE = (
    "F1 of the clips that show a unit, mean over twelve units, all clips pooled; intervals are nominally 95 %, from "
    f"resampled subjects. `{FLOOR}` says that every clip shows every unit: no blind answer has a higher F1. oracle: "
    "the threshold of each unit, or the epoch, that is best on the test clips, never ranked."
)


def rows(
    evaluations: Iterable[Sequence[Row]], pairs: Sequence[Row], clips_left_out: int, protocol: str
) -> list[dict[str, str]]:
    """Return one row of text for each method, then one for each published row that no method reproduces; "" if unknown.

    `evaluations` are the rows of the evaluate stage, a sequence for each method; `pairs` those of `evaluation.pairs`;
    `clips_left_out` clips have no code. Figures have four decimals; published ones, in per cent there, are shares."""
    tests = {test.method: test for test in comparisons(FLOOR, pairs, "macro_f1")}
    table = [_row(evaluation, tests, clips_left_out) for evaluation in evaluations]
    reproduced = {row.get("published_row") for row in table}
    others = [line.row for line in published.lines() if line.metric == "macro_f1" and line.row not in reproduced]
    missing = [_published(name) | {"method": "", "protocol": CROSS} for name in others] if protocol == CROSS else []
    return [{column: formats.cell(cells.get(column, "")) for column in COLUMNS} for cells in [*table, *missing]]


def _row(rows: Sequence[Row], tests: Mapping[str, Comparison], clips_left_out: int) -> dict[str, Any]:
    by_cell = {(row["selection"], row["scope"], row["metric"]): row for row in rows}
    first = by_cell["last", FULL, "macro_f1"]
    cells: dict[str, Any] = {name: first[name] for name in ABOUT} | {"clips_left_out": clips_left_out}
    cells["learnt_from"] = _learnt_from(first)
    for name in MEANS:
        row = by_cell["last", FULL, name]
        cells |= {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
    for column, selection in SELECTIONS.items():
        if (selection, FULL, "macro_f1") in by_cell:
            cells[column] = by_cell[selection, FULL, "macro_f1"]["value"]
    for figure in ("f1", "ap", "prevalence"):
        cells |= {f"{figure}_{unit}": by_cell["last", FULL, f"{figure}_{unit}"]["value"] for unit in UNITS}
    for dataset in CODED:
        if ("last", dataset, "macro_f1") in by_cell:
            cells[f"{dataset}_macro_f1"] = by_cell["last", dataset, "macro_f1"]["value"]
    cells |= comparison_cells(tests.get(first["method"]), "floor")
    lines = [line.row for line in published.lines() if line.method == first["method"]]
    return cells | (_published(lines[0]) if lines and first["protocol"] == CROSS else {})


def _learnt_from(row: Row) -> str:
    """Return in words whose clips a method has learnt from."""
    if row["initialisation"].startswith("from ") and not row["parameters"]:
        return "population"
    return "population and corpus" if "of the population" in row["initialisation"] else "corpus"


def _published(name: str) -> dict[str, Any]:
    """Return the cells of a published row."""
    by_metric = {line.metric: line for line in published.lines() if line.row == name}
    line = by_metric["macro_f1"]
    return {
        "published_row": name,
        "published_macro_f1": _share(line.mean),
        "published_macro_f1_of_both": _share(by_metric["macro_f1_of_both"].mean),
        **{f"published_f1_{unit}": _share(value) for unit, value in line.units.items()},
        **{f"published_{dataset}_macro_f1": _share(value) for dataset, value in line.datasets.items()},
    }


def _share(per_cent: str) -> str:
    return f"{float(per_cent) / 100:.3f}"


def read(path: str | Path) -> list[dict[str, str]]:
    """Read the rows of a table CSV. Raises StoreError for one without rows, of other columns, or of other cells."""
    kinds = dict.fromkeys({*COLUMNS} - {*WORDS}, csv_file.figure_if_any)
    return formats.read(path, COLUMNS, kinds | {"protocol": csv_file.one_of(TITLES)})


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the table in Markdown: means of each method, F1 of each unit; published figures in lines of their own."""
    return "\n".join([f"{title(rows)}.", "", *formats.markdown(lines(rows)), "", *below(rows), ""])


def lines(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the table as lines of cells, titles first: methods by macro F1, each with its published line below."""
    titles = ["method", "figures", "macro F1", "95 % interval", "mean AP", *UNITS, *(DATASET_TITLES[d] for d in CODED)]
    table = [titles]
    for row in formats.by_figure(rows, "macro_f1"):
        if row["method"]:
            interval = f"{row['macro_f1_low']} to {row['macro_f1_high']}"
            cells = [row["method"], row["origin"], row["macro_f1"], interval, row["mean_ap"]]
            table.append([*cells, *_by_unit_and_dataset(row, "")])
        if row["published_row"]:
            name = f"{row['published_row']}, published"
            cells = ["" if row["method"] else "-", name, row["published_macro_f1"], "", ""]
            table.append([*cells, *_by_unit_and_dataset(row, "published_")])
    return formats.dashed(table)


def below(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return sentences on the table: what it counts, which methods beat the floor, what oracles add."""
    tested = [row for row in rows if row["p_holm"]]
    better = [
        row["method"] for row in tested if float(row["p_holm"]) < DIFFERENT and float(row["above_floor"] or 0) > 0
    ]
    sentences = [NOTE]
    if tested:
        count = f"corrected for {len(tested)} method{'s' * (len(tested) > 1)}"
        sentences.append(f"Above {FLOOR} (macro F1, p < {DIFFERENT}, {count}): {', '.join(better) or 'none'}.")
    gains = [
        f"{row['method']} {float(row['oracle_threshold']) - float(row['macro_f1']):+.3f}"
        for row in rows
        if row["oracle_threshold"] and row["macro_f1"]
    ]
    if gains:
        sentences.append(f"With thresholds chosen on the test clips macro F1 would be higher by: {', '.join(gains)}.")
    return sentences + [f"{row['method']}: trained {row['initialisation']}." for row in rows if row["initialisation"]]


def title(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the protocol of a table, its clips, and a caution where faces are rendered."""
    first = rows[0]
    counts = (
        f"{first['clips']} clips of {first['subjects']} subjects, {first['clips_left_out']} without a code left out"
    )
    words = f"{TITLES[first['protocol']]}; {counts}"
    return f"{words}: {CAUTION}" if "generated" in first["origin"] else words


def _by_unit_and_dataset(row: Mapping[str, str], prefix: str) -> list[str]:
    names = [*(f"f1_{unit}" for unit in UNITS), *(f"{dataset}_macro_f1" for dataset in CODED)]
    return [row[f"{prefix}{name}"] for name in names]
