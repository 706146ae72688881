"""The main table, as CSV, Markdown and in the terminal: reproduced beside published. Formats figures, makes none.

What may not come in: times; they are no result.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from microexpr.evaluation import Row
from microexpr.published import twin

SCOPES = ("full", "smic", "casme2", "samm")
TITLES = {"full": "Full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}
METRICS = ("uf1", "uar")
CELLS = tuple(f"{scope}_{metric}" for scope in SCOPES for metric in METRICS)
INTERVALS = ("full_uf1_low", "full_uf1_high", "full_uar_low", "full_uar_high")
COUNTS = ("folds", "clips", "parameters")
COLUMNS = (
    *("method", "origin", "selection", "seeds"),
    *CELLS,
    *(f"published_{cell}" for cell in CELLS),
    *(f"oracle_{cell}" for cell in CELLS),
    *INTERVALS,
    *COUNTS,
)
TITLE = "MEGC2019 composite, leave-one-subject-out, figures pooled over folds"
CAUTION = "generated faces, not comparable with published figures"


def megc2019(evaluations: Mapping[str, Sequence[Row]]) -> list[dict[str, str]]:
    """One row of text for each method, in the order given, with `COLUMNS`; "" for what is not known.

    `evaluations` are the rows of the evaluate stage by method. Reproduced figures and their intervals are those of
    the last epoch; `oracle_` ones are read at the best test epoch and are never ranked; `published_` ones are from
    the paper that `published.twin` names. Figures have four decimals.
    """
    return [_row(method, rows) for method, rows in evaluations.items()]


def _row(method: str, rows: Sequence[Row]) -> dict[str, str]:
    found = {(row["selection"], f"{row['scope']}_{row['metric']}"): row for row in rows}
    whole = found["last", "full_uf1"]
    published = {f"{dataset}_{metric}": cell for (dataset, metric), cell in twin(method).items()}
    cells: dict[str, Any] = {key: whole[key] for key in ("method", "origin", "selection", "seeds", *COUNTS)}
    for name in CELLS:
        for prefix, selection in (("", "last"), ("oracle_", "oracle_best_test")):
            if (selection, name) in found:
                cells[prefix + name] = found[selection, name]["value"]
        if name in published:
            cells[f"published_{name}"] = float(published[name].value)
    for name in METRICS:
        row = found["last", f"full_{name}"]
        cells[f"full_{name}_low"], cells[f"full_{name}_high"] = row["low"], row["high"]
    return {column: _text(cells.get(column, "")) for column in COLUMNS}


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def to_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """The table as CSV text with "\\n" line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """The table in Markdown: in each cell the reproduced figure, then the published one in brackets."""
    names = ["method", "origin", *(f"{TITLES[scope]} {metric.upper()}" for scope in SCOPES for metric in METRICS)]
    names += ["95 % interval of full UF1", "oracle full UF1", "folds", "seeds"]
    lines = [f"{_title(rows)}. In brackets: published.", "", _line(names), _line(["---"] * len(names))]
    for row in rows:
        cells = [f"{row[cell]} ({row[f'published_{cell}'] or '-'})" if row[cell] else "" for cell in CELLS]
        interval = f"{row['full_uf1_low']} to {row['full_uf1_high']}"
        ends = [interval, row["oracle_full_uf1"], row["folds"], row["seeds"]]
        lines.append(_line([row["method"], row["origin"], *cells, *ends]))
    return "".join(f"{line}\n" for line in lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _title(rows: Sequence[Mapping[str, str]]) -> str:
    return f"{TITLE}: {CAUTION}" if any("generated" in row["origin"] for row in rows) else TITLE


def show(rows: Sequence[Mapping[str, str]], console: Console | None = None) -> None:
    """Print the table, 80 columns wide: under each method a line reproduced, one published, one of the oracle."""
    table = Table(
        title=_title(rows),
        caption="oracle: the best epoch on the test subject, never ranked",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
    )
    table.add_column("")
    for scope in SCOPES:
        title = TITLES[scope].replace(" ", "\n")  # as narrow as a figure
        for metric in METRICS:
            table.add_column(f"{title}\n{metric.upper()}", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(f"[bold]{row['method']}[/]")
        for prefix, kind in (("", row["origin"]), ("published_", "published"), ("oracle_", f"{row['origin']}, oracle")):
            table.add_row(f"  {kind}", *(row[prefix + cell] or "-" for cell in CELLS), end_section=prefix == "oracle_")
    (console or Console()).print(table)
