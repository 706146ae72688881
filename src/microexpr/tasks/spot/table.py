"""The table of long videos: reproduced next to published figures. Formats figures, computes none.

Out of scope: times; they are no result.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from microexpr import datasets
from microexpr.core.clip import KINDS
from microexpr.datasets import LONG
from microexpr.evaluation import published
from microexpr.evaluation.spotting import BOTH, ERRORS, FULL, Row
from microexpr.reporting import table
from microexpr.reporting.method_tests import DIFFERENT, comparison_cells, significantly_above
from microexpr.reporting.table import INTERVAL, WIDE, Rows, Shown, Table

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
NOTE = (
    "Micro-expressions: a spotted interval hits a true one where they share half of their union, each true one once. "
    "chance: the same intervals moved at random within their videos. STRS: F1 of spotting times that of the classes of "
    "hits."
)


def rows(figures: Iterable[Row], pairs: Sequence[Row]) -> list[dict[str, str]]:
    """Return a row of text for each method, then one for each published row that no method reproduces; "" if unknown.

    `figures` are the rows of `spotting.rows` of all methods, `pairs` those of `spotting.differences`."""
    by_method: dict[str, dict[tuple[str, str], Row]] = {}
    for row in figures:
        by_method.setdefault(row["method"], {})[row["scope"], row["kind"]] = row
    tests = comparison_cells(BASELINE, pairs, "micro_f1", f"above_{BASELINE}")
    rows = [_row(cells) | tests.get(name, {}) for name, cells in by_method.items()]
    lines = published.read(published.LONG_VIDEOS)
    names = {line["method"]: line["row"] for line in reversed(lines)}
    printed = {line["row"]: _published(line["row"]) for line in lines}
    return TABLE.rows(rows, printed, {name: names.get(name.partition(".")[0], "") for name in by_method})


def _row(cells: Mapping[tuple[str, str], Row]) -> dict[str, Any]:
    micro = cells[FULL, "micro"]
    row = {column: micro[column] for column in ("method", "origin", "videos", "subjects", "minutes", *OF_MICRO)}
    row |= {"micro_true": micro["true"], "macro_true": cells[FULL, "macro"]["true"]}
    for kind in SCOPES:
        names = ("f1", "f1_low", "f1_high", "precision", "recall")
        row |= {f"{kind}_{figure}": cells[FULL, kind][figure] for figure in names}
        for dataset in LONG:
            if (dataset, kind) in cells and cells[dataset, kind]["true"]:
                row[f"{dataset}_{kind}_f1"] = cells[dataset, kind]["f1"]
    return row


def _published(name: str) -> dict[str, Any]:
    lines = [line for line in published.read(published.LONG_VIDEOS) if line["row"] == name]
    cells: dict[str, Any] = {f"published_{line['dataset']}_{line['kind']}_f1": _decimal(line["f1"]) for line in lines}
    scores = ", ".join(f"{short_title(line['dataset'])} {_decimal(line['strs'])}" for line in lines if line["strs"])
    about = {"method": "", "published_row": name, "published_strs": scores, "published_source": lines[0]["source"]}
    return cells | about


def short_title(dataset: str) -> str:
    """Return a data set's name without the additions of its long title."""
    return datasets.LAYOUTS[dataset].title.partition(",")[0] if dataset in LONG else dataset


def _decimal(text: str) -> str:
    return f"0{text}" if text.startswith(".") else text


def title(rows: Rows) -> str:
    """Return the counts of videos and expressions, and a caution where faces are rendered."""
    first = rows[0]
    counts = (
        f"Long videos: {first['videos']} of {first['subjects']} subjects, {float(first['minutes'] or 0):.1f} min, "
        f"{first['micro_true']} micro- and {first['macro_true']} macro-expressions"
    )
    return table.caution(counts, [first["origin"]])


def below(rows: Rows) -> list[str]:
    """Return sentences on the table: what it counts, and which methods beat the baseline and chance."""
    guess = [row["method"] for row in rows if row["method"] and float(row["p_chance"] or 0) >= DIFFERENT]
    scores = [f"{row['published_row']}: {row['published_strs']}" for row in rows if row["published_strs"]]
    sentences = [NOTE, *([f"Published STRS: {'; '.join(scores)}."] if scores else [])]
    if any(row["p_holm"] for row in rows):
        better = significantly_above(rows, f"above_{BASELINE}")
        sentences.append(f"Above {BASELINE} (F1 of micro-expressions, p < {DIFFERENT}): {better}.")
    return [*sentences, *([f"Not above chance: {', '.join(guess)}."] * bool(guess))]


def shown(width: int) -> Shown:
    """Return the columns of a terminal, those of data sets where there is room."""
    figures = {
        "micro": "micro_f1", "low": "micro_f1_low", "high": "micro_f1_high", "macro": "macro_f1", "both": "both_f1",
        "chance": "chance_f1", "false": "false_a_minute", "STRS": "strs",
    }  # fmt: skip
    sets = {short_title(name): partial(_with_published, f"{name}_micro_f1") for name in LONG if width >= WIDE}
    return {"method": table.name, **table.figures(figures), **sets}


def _with_published(column: str, row: table.Row) -> str:
    figure, printed = (table.rounded(row[name], 2) for name in (column, f"published_{column}"))
    return f"{figure} {f'({printed})' if printed else '':6}"


def legend(width: int) -> list[str]:
    """Return what the columns of a terminal are."""
    of_sets = "data sets: F1 of micro-expressions, in brackets as published of recorded faces"
    figures = "micro, macro, both: F1; low, high: 95 % interval; false: false micro-expressions in a minute"
    return [figures, *[of_sets] * (width >= WIDE)]


HEADS = {
    "micro F1": "micro_f1", INTERVAL: "micro_f1", "macro F1": "macro_f1", "both": "both_f1", "chance": "chance_f1",
    "false/min": "false_a_minute", "STRS": "strs",
    **{f"{short_title(name)} micro": f"{name}_micro_f1" for name in LONG},
}  # fmt: skip
TABLE = Table(
    COLUMNS, WORDS, "micro_f1", HEADS, title, below, shown, legend, clips=partial(table.tested, noun="videos")
)
