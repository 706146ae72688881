"""The table of answerers of questions: reproduced next to published figures. Formats figures, computes none."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from microexpr.evaluation import published
from microexpr.evaluation.questions.answerers import GUESSES, TASKS, TESTED
from microexpr.evaluation.rows import Row
from microexpr.reporting import table
from microexpr.reporting.method_tests import DIFFERENT
from microexpr.reporting.table import INTERVAL, WIDE, Rows, Shown, Table

# questions and figure by column, of figures that are tested and have an interval
INTERVALS = dict(zip(("coarse_uf1", "fine_uf1", "units_f1", "times_f1", "classes_f1"), TESTED, strict=True))
PLAIN = {
    "coarse_uar": ("coarse class", "UAR"), "fine_uar": ("fine class", "UAR"),
    "calibration_error": ("coarse class", "calibration error"), "shown_right": ("shown or not", "right"),
    "side_right": ("left or right", "right"), "all_right": ("all at once", "right"),
    "no_contradiction": ("of a clip", "no contradiction"), "bleu": ("all as words", "BLEU"),
    "rouge1_recall": ("all as words", "ROUGE-1 recall"),
    "micro_count_error": ("number of micro-expressions", "mean error"),
    "macro_count_error": ("number of macro-expressions", "mean error"),
}  # fmt: skip
P = [f"{p}_{guess}" for guess in GUESSES for p in ("p", "p_holm")]
OF_LONG = ("times_f1", "classes_f1", "micro_count_error", "macro_count_error")
PUBLISHED = ("coarse_uf1", "coarse_uar", "fine_uf1", "fine_uar")
COLUMNS = (
    *("method", "origin", "learnt_from", "clips", "subjects"),
    *(f"{name}{end}" for name in INTERVALS for end in ("", "_low", "_high", "_shuffled", *(f"_{p}" for p in P))),
    *PLAIN,
    *("videos", "published_row", *(f"published_{name}" for name in PUBLISHED), "published_source"),
)
WORDS = ("method", "origin", "learnt_from", "published_row", "published_source")
NOTE = (
    "Coarse and fine classes: UF1 over all clips; units: F1 over clips and units; times: F1 of intervals that share "
    "half of their union with a true one, classes: of those with the right class. shuffled, in the CSV: with answers "
    "of other clips, which answers that vary have without a look at a face. Published figures are of 24 recorded clips "
    "whose answers are not public."
)


def rows(figures: Iterable[Row]) -> list[dict[str, str]]:
    """Return a row of text for each answerer, then one for each published row; "" if unknown.

    `figures` are the rows of `Answerers.rows`."""
    by_method: dict[str, dict[tuple[str, str, str], Row]] = {}
    for row in figures:
        by_method.setdefault(str(row["method"]), {})[row["task"], row["questions"], row["figure"]] = row
    printed = {line["row"]: _published(line) for line in published.read(published.QUESTIONS)}
    return TABLE.rows([_row(name, cells) for name, cells in by_method.items()], printed, {})


def _row(name: str, cells: dict[tuple[str, str, str], Row]) -> dict[str, Any]:
    clips, videos = TASKS
    first = next(iter(cells.values()))
    row: dict[str, Any] = {"method": name, **{key: first[key] for key in ("origin", "learnt_from")}}
    for task, count in ((clips, "clips"), (videos, "videos")):
        of_task = [cell for (kind, _, _), cell in cells.items() if kind == task]
        row |= {count: of_task[0]["clips"]} if of_task else {}
        row |= {"subjects": of_task[0]["subjects"]} if of_task and task == clips else {}
    for column, key in (INTERVALS | PLAIN).items():
        cell = cells.get((videos if column in OF_LONG else clips, *key))
        if not cell:
            continue
        row[column] = cell["value"]
        ends = {"_low": "low", "_high": "high", "_shuffled": "shuffled"} if column in INTERVALS else {}
        row |= {f"{column}{end}": cell.get(figure) for end, figure in ends.items()}
        row |= {f"{column}_{p}": cell[p] for p in P if p in cell}
    return row


def _published(line: Any) -> dict[str, Any]:
    cells = {f"published_{name}": f"{float(line[name]):.3f}" for name in PUBLISHED}
    return {"method": "", "published_row": line["row"], **cells, "published_source": line["source"]}


def title(rows: Rows) -> str:
    """Return the counts of clips and videos, and a caution where faces are rendered."""
    first = rows[0]
    long = f", {first['videos']} long videos" if first["videos"] else ""
    return table.caution(
        f"Questions on {first['clips']} clips of {first['subjects']} subjects{long}", [first["origin"]]
    )


def below(rows: Rows) -> list[str]:
    """Return sentences on the table: what it counts, and which answerers beat both guesses."""
    sentences = [NOTE]
    for column, words in (("coarse_uf1", "coarse classes"), ("fine_uf1", "fine classes"), ("units_f1", "action units")):
        corrected = [f"{column}_p_holm_{guess}" for guess in GUESSES]
        tested = [row for row in rows if all(row[name] for name in corrected)]
        floors = {row["method"]: float(row[column]) for row in rows if row["method"] in GUESSES}
        better = [
            row["method"]
            for row in table.by_figure(tested, column)
            if float(row[column]) > max(floors.values(), default=1.0)
            and all(float(row[name]) < DIFFERENT for name in corrected)
        ]
        if tested:
            names = ", ".join(better) or "none"
            count = f"p < {DIFFERENT}, corrected for {len(tested)}"
            sentences.append(f"Above {' and '.join(GUESSES)} in {words} ({count}): {names}.")
    return sentences


def shown(width: int) -> Shown:
    """Return the columns of a terminal, reproduced or else published, with words and long videos if there is room."""
    figures = {"coarse": "coarse_uf1", "low": "coarse_uf1_low", "high": "coarse_uf1_high", "fine": "fine_uf1",
               "units": "units_f1", "agree": "no_contradiction"}  # fmt: skip
    if width >= WIDE:
        figures |= {"BLEU": "bleu", "calibration": "calibration_error", "times": "times_f1", "classes": "classes_f1"}
    return {"answered by": table.name, **{head: partial(_either, column) for head, column in figures.items()}}


def _either(column: str, row: table.Row) -> str:
    return table.rounded(row[column] or row.get(f"published_{column}", ""), 2)


HEADS = {
    "coarse UF1": "coarse_uf1", INTERVAL: "coarse_uf1", "fine UF1": "fine_uf1", "units F1": "units_f1",
    "shown": "shown_right", "no contradiction": "no_contradiction", "BLEU": "bleu", "calibration": "calibration_error",
    "times F1": "times_f1", "classes F1": "classes_f1",
}  # fmt: skip
TABLE = Table(COLUMNS, WORDS, "coarse_uf1", HEADS, title, below, shown)
