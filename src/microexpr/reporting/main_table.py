"""The main table, as CSV, Markdown and in the terminal: reproduced beside published. Formats figures, makes none.

What may not come in: times; they are no result.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import store
from microexpr.core.errors import ParamsError, nearest
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.metrics import min_attainable_p
from microexpr.evaluation.published import published_counterparts

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
    "published_erratum",
    "initialisation",
    "protocol",
)
ABOUT = ("method", "origin", "selection", "seeds", "initialisation", "protocol", *COUNTS)
PROTOCOL_TITLES = {
    "megc2019": "MEGC2019 composite, leave-one-subject-out, figures pooled over folds",
    "flow_folders": "MEGC2019 composite from precomputed flow, leave-one-subject-out, figures pooled over folds",
}
NOTE = (
    "Intervals are nominally 95 %, from resampled subjects (docs/measured.md tells how often such hold); "
    "oracle is the best epoch on the test subject and never ranked"
)
DIFFERENT = 0.05  # corrected p below which two methods count as told apart
CAUTION = "generated faces, not comparable with published figures"


def megc2019(evaluations: Mapping[str, Sequence[Row]]) -> list[dict[str, str]]:
    """One row of text for each method, in the order given, with `COLUMNS`; "" for what is not known.

    `evaluations` are the rows of the evaluate stage by method. Reproduced figures and their intervals are those of
    the last epoch; `oracle_` ones are read at the best test epoch and are never ranked; `published_` ones are from
    the paper that `published.published_counterparts` names. Figures have four decimals.
    """
    return [_row(method, rows) for method, rows in evaluations.items()]


def _row(method: str, rows: Sequence[Row]) -> dict[str, str]:
    pooled = [row for row in rows if row["pooling"] == "pooled"]
    found = {(row["selection"], f"{row['scope']}_{row['metric']}"): row for row in pooled}
    whole = found["last", "full_uf1"]
    published = {f"{dataset}_{metric}": cell for (dataset, metric), cell in published_counterparts(method).items()}
    cells: dict[str, Any] = {key: whole[key] for key in ABOUT}
    for name in CELLS:
        for prefix, selection in (("", "last"), ("oracle_", "oracle_best_test")):
            if (selection, name) in found:
                cells[prefix + name] = found[selection, name]["value"]
        if name in published:
            cells[f"published_{name}"] = float(published[name].published)
    errata = [f"{name}: {cell.erratum}" for name, cell in published.items() if name in CELLS and cell.erratum]
    cells["published_erratum"] = "; ".join(errata)
    for name in METRICS:
        row = found["last", f"full_{name}"]
        cells[f"full_{name}_low"], cells[f"full_{name}_high"] = row["low"], row["high"]
    return {column: _text(cells.get(column, "")) for column in COLUMNS}


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def to_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """The table as CSV text with "\\n" line ends."""
    return store.csv_text(COLUMNS, rows)


def read(path: str | Path) -> list[dict[str, str]]:
    """The rows of a table CSV. Raises StoreError when it is missing or of another version's columns."""
    return store.read_csv(path, COLUMNS, f"`snakemake --cores all {path}` makes it")


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """The table in Markdown, legible in a terminal too: for each method what was reproduced, published, and the oracle.

    Each line says its origin, so that no generated figure stands beside a published one without that word."""
    names = ["method", "figures", *(f"{TITLES[scope]} {metric.upper()}" for scope in SCOPES for metric in METRICS)]
    lines = [names]
    for row in rows:
        interval = f"{row['origin']}, full UF1 {row['full_uf1_low'][:5]} to {row['full_uf1_high'][:5]}"
        kinds = (("", interval), ("published_", "published"), ("oracle_", f"{row['origin']}, oracle"))
        for prefix, kind in kinds:
            if any(row[prefix + cell] for cell in CELLS):
                name = row["method"] if prefix == "" else ""
                marks = {cell for cell in CELLS if prefix == "published_" and f"{cell}: " in row["published_erratum"]}
                lines.append([name, kind, *((row[prefix + c] or "-") + "*" * (c in marks) for c in CELLS)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(names))]
    rule = ["-" * width for width in widths[:2]] + ["-" * (width - 1) + ":" for width in widths[2:]]
    body = [_line(line, widths) for line in (lines[0], rule, *lines[1:])]
    errata = [
        f"\\* {row['method']}, as published: {row['published_erratum']}." for row in rows if row["published_erratum"]
    ]
    initialisations = [f"{row['method']}: trained {row['initialisation']}." for row in rows if row["initialisation"]]
    return "\n".join([f"{_title(rows)}.", "", *body, "", f"{NOTE}.", *initialisations, *errata, ""])


def summary(rows: Sequence[Mapping[str, str]], methods: Sequence[str] = ()) -> str:
    """Return a short table in Markdown: a line for each of the methods, in the order of `rows`; without any, for all.

    Raise ParamsError for a method without a row."""
    names = [row["method"] for row in rows]
    for name in methods:
        if name not in names:
            raise ParamsError(f"{name} must be a row of the table{nearest(name, names)}")
    lines = ["| method | UF1 | 95 % interval | UAR | UF1, best test epoch |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        if not methods or row["method"] in methods:
            interval = f"{row['full_uf1_low']} to {row['full_uf1_high']}"
            cells = (row["full_uf1"], interval, row["full_uar"], row["oracle_full_uf1"])
            lines.append(f"| `{row['method']}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def told_apart(rows: Sequence[Mapping[str, str]], pairs: Sequence[Row]) -> str:
    """A line on which methods that of highest UF1 (the first of equals) is not told apart from; "" without any pair.

    `rows` are those of the table, `pairs` those of `evaluation.pairs` on the same evaluations.
    """
    pairs = [pair for pair in pairs if pair["metric"] == "uf1"]
    if not pairs:
        return ""
    best = max(rows, key=lambda row: float(row["full_uf1"]))["method"]
    people, least = pairs[0]["subjects"], min(len(pairs) * min_attainable_p(pairs[0]["subjects"]), 1)
    count = f"{len(pairs)} pair{'s' * (len(pairs) > 1)}"
    if least >= DIFFERENT:
        cannot = f"{people} people cannot tell any of {count} of methods apart"
        return f"{best} has the highest UF1. {cannot}: p, corrected for so many, is at least {least:.2g}.\n"
    own = {
        ({pair["first"], pair["second"]} - {best}).pop(): pair
        for pair in pairs
        if best in (pair["first"], pair["second"])
    }
    alike = [f"{name} (p {pair['p_holm']:.2g})" for name, pair in own.items() if pair["p_holm"] >= DIFFERENT]
    how = f"{people} people, p corrected for {count}"
    return f"{best} has the highest UF1. Not told apart from it: {', '.join(alike) or 'none'} ({how}).\n"


def look_alikes(path: str | Path) -> str:
    """What a file of pairs of subjects says, as one line; "" where there is none, or no such file."""
    try:
        rows = list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        return ""
    if not rows:
        return ""
    first = rows[0]
    nearest = f"{first['dataset_a']}/{first['subject_a']} and {first['dataset_b']}/{first['subject_b']}"
    count = f"{len(rows)} pairs of subjects look" if len(rows) > 1 else "a pair of subjects looks"
    return f"{count} like one person ({first['origin']}): {nearest}, at distance {first['distance']}; see {path}"


def made_faces(rows: Sequence[Row], place: str | Path) -> str:
    """One line on a generator's faces of held-out people, and what it would be had they been left unchanged."""
    found = {(row["faces"], row["metric"]): row["value"] for row in rows if row["scope"] == FULL}
    said = []
    for name, metric in (("FID", "fid"), ("Fréchet distance of face embeddings", "face_frechet"), ("SSIM", "ssim")):
        made, unchanged = (found.get((faces, metric)) for faces in ("made", "neutral"))
        if made is not None and unchanged is not None:
            said.append(f"{name} {made:.3f} ({unchanged:.3f} unchanged)")
    own, others = (found.get(("made", f"identity_cosine{end}")) for end in ("", "_to_others"))
    if own is not None and others is not None:
        said.append(f"identity {own:.3f} ({others:.3f} to others)")
    whole = [row for row in rows if (row["scope"], row["metric"]) == (FULL, "class_uar")]
    kinds = {row["faces"]: row for row in whole}
    if kinds:
        values = {kind: f"{row['value']:.3f}" for kind, row in kinds.items()}
        low, high = (f"{kinds['made'][end]:.3f}" for end in ("low", "high"))
        near = f"chance {values['neutral']}, true faces {values['true']}"
        said.append(f"class asked for recognised {values['made']}, {low} to {high} ({near})")
    about = f"faces of {rows[0]['method']}, {rows[0]['origin']}, made of held-out people"
    return f"{about}: {', '.join(said)}; see {place}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    padded = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(pairs)]
    return f"| {' | '.join(padded)} |"


def _title(rows: Sequence[Mapping[str, str]]) -> str:
    title = title_of(rows)
    return f"{title}: {CAUTION}" if any("generated" in row["origin"] for row in rows) else title


def title_of(rows: Sequence[Mapping[str, str]]) -> str:
    """What the figures are of."""
    return "; ".join(dict.fromkeys(PROTOCOL_TITLES[row["protocol"]] for row in rows))
