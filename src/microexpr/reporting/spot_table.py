"""The table of long videos: reproduced next to published figures. Formats figures, computes none.

What may not come in: times; they are no result.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr import datasets
from microexpr.core import csv_file, store
from microexpr.core.expression import KINDS, Kind
from microexpr.datasets import LONG
from microexpr.evaluation import spotting
from microexpr.evaluation.metrics import Difference, holm
from microexpr.evaluation.published import long_videos as published
from microexpr.evaluation.spotting import BOTH, ERRORS, FULL, Row
from microexpr.reporting import formats
from microexpr.reporting.main_table import CAUTION
from microexpr.reporting.method_tests import DIFFERENT, Comparison, comparison_cells, comparisons

BASELINE = "mdmd"  # that of the challenge of 2020, with which all others are compared
SCOPES = (*KINDS, BOTH)
COLUMNS = (
    *("method", "origin", "videos", "subjects", "minutes", "micro_true", "macro_true"),
    *(f"{kind}_{figure}" for kind in SCOPES for figure in ("f1", "f1_low", "f1_high", "precision", "recall")),
    *("chance_f1", "p_chance", "false_a_minute", *(f"{event}_ms" for event in ERRORS)),
    *("recognised", "uf1", "uar", "analysis_f1", "strs"),
    *("above_mdmd", "above_mdmd_low", "above_mdmd_high", "p", "p_holm"),
    *(f"{dataset}_{kind}_f1" for dataset in LONG for kind in SCOPES),
    *("published_row", *(f"published_{dataset}_{kind}_f1" for dataset in LONG for kind in SCOPES)),
    *("published_strs", "published_source"),
)
WORDS = ("method", "origin", "published_row", "published_strs", "published_source")
OF_MICRO = ("chance_f1", "p_chance", "false_a_minute", *(f"{event}_ms" for event in ERRORS), "recognised", "uf1", "uar",
            "analysis_f1", "strs")  # fmt: skip
PAIRED_COLUMNS = ("first", "second", "kind", "difference", "low", "high", "p", "p_holm")
NOTE = (
    "Micro-expressions: a spotted interval hits a true one where they share half of their union, each true one once. "
    "chance: the same intervals moved at random within their videos. STRS: F1 of spotting times that of the classes of "
    "hits."
)


def rows(figures: Iterable[Row], differences: Mapping[tuple[str, str], Difference]) -> list[dict[str, str]]:
    """Return a row of text for each method, then one for each published row that no method reproduces; "" if unknown.

    `figures` are the rows of `spotting.rows` of all methods, `differences` those of F1 of micro-expressions."""
    by_method: dict[str, dict[tuple[str, str], Row]] = {}
    for row in figures:
        by_method.setdefault(row["method"], {})[row["scope"], row["kind"]] = row
    tests = _tests(differences)
    table = [_row(name, cells, tests.get(name)) for name, cells in by_method.items()]
    names = {row.get("published_row") for row in table}
    others = dict.fromkeys(line.row for line in published.lines() if line.row not in names)
    table += [_published(name) for name in others]
    return [{column: formats.cell(row.get(column, "")) for column in COLUMNS} for row in table]


def _row(name: str, cells: Mapping[tuple[str, str], Row], test: Comparison | None) -> dict[str, Any]:
    micro = cells[FULL, "micro"]
    row = {column: micro[column] for column in ("method", "origin", "videos", "subjects", "minutes")}
    row |= {"micro_true": micro["true"], "macro_true": cells[FULL, "macro"]["true"]}
    for kind in SCOPES:
        names = ("f1", "f1_low", "f1_high", "precision", "recall")
        row |= {f"{kind}_{figure}": cells[FULL, kind][figure] for figure in names}
        for dataset in LONG:
            if (dataset, kind) in cells and cells[dataset, kind]["true"]:
                row[f"{dataset}_{kind}_f1"] = cells[dataset, kind]["f1"]
    row |= {column: micro[column] for column in OF_MICRO}
    lines = [line.row for line in published.lines() if line.method == name.partition(".")[0]]
    return row | comparison_cells(test, BASELINE) | (_published(lines[0]) if lines else {})


def _tests(differences: Mapping[tuple[str, str], Difference]) -> dict[str, Comparison]:
    """Return, by method, how much higher its F1 of micro-expressions is than the baseline's."""
    pairs = [
        {"first": first, "second": second, "metric": "f1"}
        | {"difference": d.value, "low": d.low, "high": d.high, "p": d.p}
        for (first, second), d in differences.items()
    ]
    return {test.method: test for test in comparisons(BASELINE, pairs, "f1")}


def _published(name: str) -> dict[str, Any]:
    """Return the cells of a published row."""
    lines = [line for line in published.lines() if line.row == name]
    cells: dict[str, Any] = {f"published_{line.dataset}_{line.kind}_f1": _decimal(line.f1) for line in lines}
    scores = ", ".join(f"{short_title(line.dataset)} {_decimal(line.strs)}" for line in lines if line.strs)
    return cells | {"published_row": name, "published_strs": scores, "published_source": lines[0].source}


def short_title(dataset: str) -> str:
    """Return a data set's name without what its long title adds."""
    return datasets.LAYOUTS[dataset].title.partition(",")[0] if dataset in LONG else dataset


def _decimal(text: str) -> str:
    return f"0{text}" if text.startswith(".") else text


def read(path: str | Path) -> list[dict[str, str]]:
    """Read the rows of a table CSV. Raises StoreError for one without rows, of other columns, or of other cells."""
    return formats.read(path, COLUMNS, dict.fromkeys({*COLUMNS} - {*WORDS}, csv_file.figure_if_any))


def figures_csv(figures: Iterable[Row]) -> str:
    """Return all figures, of each scope and kind, as CSV text."""
    rows = [{name: formats.cell(row.get(name)) for name in spotting.COLUMNS} for row in figures]
    return store.csv_text(spotting.COLUMNS, rows)


def paired_csv(differences: Mapping[Kind, Mapping[tuple[str, str], Difference]]) -> str:
    """Return the differences of F1 of each two methods, by kind, as CSV text; p is corrected within a kind."""
    lines = []
    for kind, pairs in differences.items():
        corrected = holm([d.p for d in pairs.values()] or [1.0])
        for ((first, second), d), p_holm in zip(pairs.items(), corrected, strict=False):
            figures = {"difference": d.value, "low": d.low, "high": d.high}
            lines.append(
                {"first": first, "second": second, "kind": kind, "p": f"{d.p:.4g}", "p_holm": f"{p_holm:.4g}"}
                | {name: f"{value:.6f}" for name, value in figures.items()}
            )
    return store.csv_text(PAIRED_COLUMNS, lines)


def title(table: Sequence[Mapping[str, str]]) -> str:
    """Return what the table counts, and a caution where faces are rendered."""
    first = table[0]
    counts = (
        f"Long videos: {first['videos']} of {first['subjects']} subjects, {float(first['minutes'] or 0):.1f} min, "
        f"{first['micro_true']} micro- and {first['macro_true']} macro-expressions"
    )
    return f"{counts}: {CAUTION}" if "generated" in first["origin"] else counts


def lines(table: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the table as lines of cells, titles first: methods by F1 of micro-expressions, each with its published
    line below."""
    titles = ["method", "figures", "micro F1", "95 % interval", "macro F1", "both", "chance", "false/min", "STRS"]
    result = [[*titles, *(f"{short_title(name)} micro" for name in LONG)]]
    for row in formats.by_figure(table, "micro_f1"):
        if row["method"]:
            interval = f"{row['micro_f1_low']} to {row['micro_f1_high']}"
            cells = [row["method"], row["origin"], row["micro_f1"], interval, row["macro_f1"], row["both_f1"]]
            cells += [row["chance_f1"], row["false_a_minute"], row["strs"]]
            result.append([*cells, *(row[f"{name}_micro_f1"] for name in LONG)])
        if row["published_row"]:
            cells = ["" if row["method"] else "-", f"{row['published_row']}, published", "", "", "", "", "", ""]
            micro = [row[f"published_{name}_micro_f1"] for name in LONG]
            result.append([*cells, "", *micro])
    return formats.dashed(result)


def below(table: Sequence[Mapping[str, str]]) -> list[str]:
    """Return sentences on the table: what it counts, and which methods beat the baseline and chance."""
    compared_rows = [row for row in table if row["p_holm"]]
    winners = [
        row["method"] for row in compared_rows if float(row["p_holm"]) < DIFFERENT and float(row["above_mdmd"] or 0) > 0
    ]
    guess = [row["method"] for row in table if row["method"] and float(row["p_chance"] or 0) >= DIFFERENT]
    scores = [f"{row['published_row']}: {row['published_strs']}" for row in table if row["published_strs"]]
    sentences = [NOTE, *([f"Published STRS: {'; '.join(scores)}."] if scores else [])]
    if compared_rows:
        sentences.append(
            f"Above {BASELINE} (F1 of micro-expressions, p < {DIFFERENT}): {', '.join(winners) or 'none'}."
        )
    return [*sentences, *([f"Not above chance: {', '.join(guess)}."] * bool(guess))]


def markdown(table: Sequence[Mapping[str, str]]) -> str:
    """Return the table in Markdown."""
    return "\n".join([f"{title(table)}.", "", *formats.markdown(lines(table)), "", *below(table), ""])
