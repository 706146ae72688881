"""The main table as CSV, Markdown and text: reproduced next to published figures. Formats figures, computes none.

Out of scope: times; they are no result.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from microexpr.core import csv_file, store
from microexpr.core.errors import ParamsError, StoreError, nearest
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.duplicate_subjects import PAIR
from microexpr.evaluation.published import published_counterparts
from microexpr.protocols import FLOW_PROTOCOLS, PROTOCOLS, TrainingSet
from microexpr.reporting import initialisation, table
from microexpr.reporting.table import Rows

SCOPES = ("full", "smic", "casme2", "samm")
TITLES = {"full": "Full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}
METRICS = ("uf1", "uar")
CELLS = tuple(f"{scope}_{metric}" for scope in SCOPES for metric in METRICS)
INTERVALS = ("full_uf1_low", "full_uf1_high", "full_uar_low", "full_uar_high")
COUNTS = ("folds", "subjects", "clips", "training_subjects", "training_clips", "parameters")
POPULATION = ("population_subjects", "population_clips")  # learnt from the population, directly or through a reader
COLUMNS = (
    *("method", "origin", "selection", "seeds"),
    *CELLS,
    *(f"published_{cell}" for cell in CELLS),
    *(f"oracle_{cell}" for cell in CELLS),
    *INTERVALS,
    *COUNTS,
    "published_erratum",
    "initialisation",
    "differs_from_paper",
    "protocol",
    "start_full_uf1",
    "training",
    *POPULATION,
    "reason",
)
ABOUT = ("method", "origin", "selection", "seeds", "initialisation", "differs_from_paper", "protocol", *COUNTS)
FIGURES = {*COLUMNS} - {*ABOUT, "published_erratum", "training", "reason"} | {*COUNTS, "seeds"}
PROTOCOL_TITLES = {protocol.name: protocol.title for protocol in PROTOCOLS.values() if protocol.title}
PROTOCOL_TITLES["megc2019_population"] = "The same clips, read by weights of the population alone"
LEARNT_FROM: dict[str, tuple[TrainingSet, str]] = {  # by name in column `protocol`: set, and selection of scores
    "megc2019_corpus": ("corpus", "last"),
    "megc2019_population": ("both", "start"),
    "megc2019_both": ("both", "last"),
}
NOTE = (
    "Intervals are nominally 95 %, from resampled subjects (docs/measured.md has their measured coverage); "
    "oracle is the best epoch on the test subject and is never ranked"
)
FACE_KINDS = {  # kinds of faces that measures of synthesised faces compare
    "made": "synthesised",
    "made_twice": "change doubled",
    "mean_flow": "mean training flow",
    "true": "true faces",
    "neutral": "unchanged",
}
SHOWN = {  # by measure of synthesised faces: its name, and the kinds of faces to compare with
    "class_uar": ("target class recognised, UAR", ("made_twice", "mean_flow", "true", "neutral")),
    "au_error": ("AU error", ("mean_flow", "neutral")),
    "au_error_nearest": ("of the nearest display", ("true",)),
    "belief_auc": ("told from true faces, AUC", ("made_twice", "mean_flow", "neutral", "true")),
}
TRUE_FACES = {"au_error_nearest": "as many true ones of others", "belief_auc": "true from true"}  # of these measures
TEACHES = 0.01  # UF1 that the training of folds must add to first weights that were trained elsewhere


def megc2019(evaluations: Iterable[Sequence[Row]], reasons: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """Return one row of text for each method and protocol, in the same order, with `COLUMNS`; "" for unknown values.

    `evaluations` are the rows of the evaluate stage, a sequence for each method under a protocol; `reasons` are, by
    method, why its row is not in the main table. Reproduced figures
    and their intervals are those of the last epoch; `oracle_` ones are read at the best test epoch and are never
    ranked; `published_` ones are from the paper that `published.published_counterparts` names. Figures have four
    decimals.
    """
    rows = (_row(evaluation) for evaluation in evaluations)
    return check_clips([row | {"reason": (reasons or {}).get(row["method"], "")} for row in rows])


def training_sets(evaluations: Mapping[str, Mapping[TrainingSet, Sequence[Row]]]) -> list[dict[str, str]]:
    """Return rows with `COLUMNS` of all methods that learnt from the corpus, from the population alone, then from both.

    `evaluations` are, by method and what it learnt from, the rows of the evaluate stage. Scores of `both` before any
    step are those of the population's weights. Column `protocol` names the set that a row learnt from."""
    rows = []
    for name, (training, selection) in LEARNT_FROM.items():
        for by_training in evaluations.values():
            if training in by_training:
                rows.append(_row(by_training[training], selection) | {"protocol": name})
    return check_clips(rows)


def check_clips(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows. Raises StoreError where two of one protocol are of other clips or numbers of seeds, since one
    title would be of both, or of one method."""
    first: dict[str, tuple[str, str]] = {}  # method and clips by protocol
    names = [(row["method"], row["protocol"]) for row in rows]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise StoreError(f"a table must have one row of {' of '.join(twice)}, not {names.count(twice)}")
    for row in rows:
        datasets = ", ".join(scope for scope in SCOPES[1:] if row[f"{scope}_uf1"])
        tested = "licensed" if "licensed" in row["origin"].split("+") else "generated"  # others may be trained on
        clips = f"{row['clips']} {tested} clips of {row['subjects']} subjects, {row['folds']} folds ({datasets})"
        clips += f", {row['seeds']} seed{'s' * (row['seeds'] != '1')}"
        method, expected = first.setdefault(row["protocol"], (row["method"], clips))
        if clips != expected:
            raise StoreError(
                f"rows of {row['protocol']} must be of the same clips and seeds, not {method} of {expected} and "
                f"{row['method']} of {clips}; a run with one params.yaml evaluates both"
            )
    return rows


def _row(rows: Sequence[Row], selection: str = "last") -> dict[str, str]:
    pooled = [row for row in rows if row["pooling"] == "pooled"]
    by_cell = {(row["selection"], f"{row['scope']}_{row['metric']}"): row for row in pooled}
    figures = [by_cell.get((selection, f"full_{name}"), {}) for name in METRICS]
    if any(row.get("protocol") not in PROTOCOLS for row in figures):
        raise StoreError(
            f"an evaluation must have UF1 and UAR of all clips, selection {selection}, of a known protocol"
        )
    full_uf1 = figures[0]
    cells: dict[str, Any] = {key: full_uf1[key] for key in ABOUT} | _learnt_from(
        full_uf1, ("start", "full_uf1") in by_cell
    )
    # published figures are of training on recorded subjects alone
    is_other_training = PROTOCOLS[full_uf1["protocol"]].uses_population or selection != "last"
    counterparts = {} if is_other_training else published_counterparts(full_uf1["method"])
    published = {f"{dataset}_{metric}": cell for (dataset, metric), cell in counterparts.items()}
    for name in CELLS:
        for prefix, chosen in (("", selection), ("oracle_", "oracle_best_test")):
            if (chosen, name) in by_cell and (selection == "last" or not prefix):
                cells[prefix + name] = by_cell[chosen, name]["value"]
        if name in published:
            cells[f"published_{name}"] = float(published[name].published)
    errata = [f"{name}: {cell.erratum}" for name, cell in published.items() if name in CELLS and cell.erratum]
    cells["published_erratum"] = "; ".join(errata)
    if (start := by_cell.get(("start", "full_uf1"))) and selection == "last":
        cells["start_full_uf1"] = start["value"]
    for name in METRICS:
        row = by_cell[selection, f"full_{name}"]
        cells[f"full_{name}_low"], cells[f"full_{name}_high"] = row["low"], row["high"]
    return {column: table.cell_text(cells.get(column)) for column in COLUMNS}


def _learnt_from(row: Row, has_start: bool) -> dict[str, Any]:
    """Return the columns on a row's training; `has_start` is whether it starts from the population's weights."""
    training = "population" if row["selection"] == "start" else "both" if has_start else "corpus"
    cells: dict[str, Any] = {"training": training}
    if training == "population":
        cells |= {"training_subjects": 0, "training_clips": 0}
    codes = initialisation.parse(row["initialisation"])
    counts = codes.get("population") or codes.get("reader") or {}
    return cells | {f"population_{name}": count for name, count in counts.items()}


def numbers(row: Mapping[str, str]) -> dict[str, str | float | None]:
    """Return a row with its figures as numbers, None where there is none."""
    return {
        name: (int(text) if text.isdecimal() else float(text)) if name in FIGURES and text else text or None
        for name, text in row.items()
    }


def read(path: str | Path) -> list[dict[str, str]]:
    """Read the rows of a table CSV. Raises StoreError for one without rows, of other columns, or of other cells."""
    kinds = {"full_uf1": csv_file.figure, "protocol": csv_file.one_of(PROTOCOL_TITLES)}
    return check_clips(table.read(path, COLUMNS, dict.fromkeys(FIGURES, csv_file.figure_if_any) | kinds))


def markdown(rows: Rows) -> str:
    """Return the table in Markdown, legible in a terminal too: reproduced, published and oracle figures of each method.

    Each line has its origin, so that no figure of rendered faces is next to a published one without that word.
    """
    errata = [
        f"\\* {row['method']}, as published: {row['published_erratum']}." for row in rows if row["published_erratum"]
    ]
    initialisations = [
        f"{row['method']}: trained {initialisation.words(row['initialisation'])}."
        for row in rows
        if row["initialisation"]
    ]
    initialisations += [f"{row['method']}: {gain(row)}." for row in rows if row["start_full_uf1"]]
    counts = {row["method"]: len(_other_params(row)) for row in rows if row["differs_from_paper"]}
    differences = ", ".join(f"{name} {count}" for name, count in counts.items())
    other = f"Params other than the paper's: {differences}; `microexpr methods METHOD` lists them."
    notes = [f"{NOTE}.", *dict.fromkeys(initialisations), *(textwrap.wrap(other, 100) if counts else ()), *errata]
    return "\n".join([*(line for part in by_protocol(rows) for line in _part(part)), *notes, ""])


def by_protocol(rows: Rows) -> list[Rows]:
    """Return the rows of each protocol, in the order of the first ones."""
    return [[row for row in rows if row["protocol"] == name] for name in dict.fromkeys(row["protocol"] for row in rows)]


def _part(rows: Rows) -> list[str]:
    """Return the lines of one protocol's rows: a title, then a table."""
    names = ["method", "figures", *(f"{TITLES[scope]} {metric.upper()}" for scope in SCOPES for metric in METRICS)]
    lines = [names]
    for row in rows:
        interval = f"{row['origin']}, full UF1 {row['full_uf1_low']} to {row['full_uf1_high']}"
        kinds = (("", interval), ("published_", "published"), ("oracle_", f"{row['origin']}, oracle"))
        for prefix, kind in kinds:
            if any(row[prefix + cell] for cell in CELLS):
                name = row["method"] if prefix == "" else ""
                marks = {cell for cell in CELLS if prefix == "published_" and f"{cell}: " in row["published_erratum"]}
                lines.append([name, kind, *((row[prefix + c] or "-") + "*" * (c in marks) for c in CELLS)])
    origins = [row["origin"] for row in rows if row["protocol"] not in FLOW_PROTOCOLS]
    return [f"{table.caution(table_title(rows), origins)}.", "", *table.markdown(lines, aligned=True), ""]


def _other_params(row: Mapping[str, str]) -> list[str]:
    """Return the names of a row's params that have other values than its paper's."""
    return row["differs_from_paper"].split(", ") if row["differs_from_paper"] else []


def summary(rows: Rows, methods: Sequence[str] = ()) -> str:
    """Return a short table in Markdown: a line for each of the methods, in the order of `rows`; without any, for all.

    Raise ParamsError for a method without a row."""
    names = [row["method"] for row in rows]
    for name in methods:
        if name not in names:
            raise ParamsError(f"{name} must be a row of the table{nearest(name, names)}")
    figures = ("UF1", "95 % interval", "UAR", "UF1, best test epoch")
    columns = ("method", "learnt from", *figures, "params other than the paper's")
    lines: list[Sequence[str]] = [columns]
    for row in rows:
        if not methods or row["method"] in methods:
            interval = f"{row['full_uf1_low']} to {row['full_uf1_high']}"
            other = str(len(_other_params(row)) or "-")
            cells = (learnt_from(row), row["full_uf1"], interval, row["full_uar"], row["oracle_full_uf1"], other)
            lines.append([f"`{row['method']}`", *cells])
    return "\n".join(table.markdown(lines, words=len(columns))) + "\n"


def learnt_from(row: Mapping[str, str]) -> str:
    """Describe the clips that a row has learnt from."""
    population = f"{row['population_subjects']} other subjects" if row["population_subjects"] else ""
    corpus = f"{row['training_subjects']} subjects" if row["training"] != "population" else ""
    return ", ".join(filter(None, (corpus, population)))


def gain(row: Mapping[str, str]) -> str:
    """Describe the UF1 of a row's first weights, and what the training of its folds adds to it."""
    added = float(row["full_uf1"]) - float(row["start_full_uf1"])
    words = f"first weights alone have UF1 {row['start_full_uf1']}, the folds add {added:+.3f}"
    return words if added >= TEACHES else f"{words}, so the row measures its first weights"


def notes(row: Mapping[str, str]) -> list[str]:
    """Return sentences on a method's row: its initialisation, params other than the paper's, published errata."""
    sentences = [f"It is not in the main table: {row['reason']}."] if row["reason"] else []
    if row["initialisation"]:
        sentences.append(f"It is trained {initialisation.words(row['initialisation'])}.")
    if row["start_full_uf1"]:
        sentences.append(f"Its {gain(row)}.")
    if count := len(_other_params(row)):
        sentences.append(f"It differs from the paper in {count} param{'s' * (count > 1)}.")
    cells: dict[str, list[str]] = {}  # by erratum, since two figures may share one
    for erratum in re.split(rf"; (?=(?:{'|'.join(CELLS)}): )", row["published_erratum"] or ""):
        cell, _, text = erratum.partition(": ")
        if cell in CELLS:
            scope, metric = cell.split("_")
            cells.setdefault(text, []).append(f"{metric.upper()} of {TITLES[scope] if scope != FULL else 'all clips'}")
    sentences += [f"Erratum of the published {' and '.join(names)}: {text}." for text, names in cells.items()]
    return sentences


def duplicate_subjects(path: str | Path) -> str:
    """Return a line on a file of pairs of subjects that may be one person; "" if it has none or does not exist."""
    rows = store.read_csv(path, PAIR) if Path(path).exists() else []
    if not rows:
        return ""
    first = rows[0]
    nearest = f"{first['dataset_a']}/{first['subject_a']} and {first['dataset_b']}/{first['subject_b']}"
    count = f"{len(rows)} pairs of subjects look" if len(rows) > 1 else "a pair of subjects looks"
    return f"{count} like one person ({first['origin']}): {nearest}, at distance {first['distance']}; see {path}"


def synthesis_summary(rows: Sequence[Row], path: str | Path) -> str:
    """Return up to two lines on a generator's faces of held-out subjects: what they resemble, and what they show.

    Figures of unchanged faces, of faces moved by the mean flow of their class in training, and of true faces are next
    to them. `path` is the file of the rows."""
    values = {(row["metric"], row["faces"]): row["value"] for row in rows if row["scope"] == FULL}
    intervals = {(row["metric"], row["faces"]): (row["low"], row["high"]) for row in rows if row["scope"] == FULL}
    figures = []
    for name, metric in (("FID", "fid"), ("Fréchet distance of face embeddings", "face_frechet"), ("SSIM", "ssim")):
        synthesised, unchanged = (values.get((metric, faces)) for faces in ("made", "neutral"))
        if synthesised is not None and unchanged is not None:
            figures.append(f"{name} {synthesised:.3f} ({unchanged:.3f} unchanged)")
    same, others = (values.get((f"identity_cosine{end}", "made")) for end in ("", "_to_others"))
    if same is not None and others is not None:
        figures.append(f"identity {same:.3f} ({others:.3f} to others)")
    lines = [f"faces of held-out subjects by {rows[0]['method']}, {rows[0]['origin']}: {', '.join(figures)}"]
    comparisons = []
    for metric, (name, kinds) in SHOWN.items():
        if (metric, "made") in values:
            low, high = intervals[metric, "made"]
            interval = "" if low is None else f", {low:.3f} to {high:.3f}"
            labels = FACE_KINDS | ({"true": TRUE_FACES[metric]} if metric in TRUE_FACES else {})
            references = ", ".join(
                f"{labels[kind]} {values[metric, kind]:.3f}" for kind in kinds if (metric, kind) in values
            )
            comparisons.append(f"{name} {values[metric, 'made']:.3f}{interval} ({references})")
    if comparisons:
        lines.append(f"what they show: {'; '.join(comparisons)}")
    return "\n".join(lines) + f"; see {path}"


def table_title(rows: Rows) -> str:
    """Return the protocol of the table's figures, and how subjects were held out, as a title."""
    return "; ".join(dict.fromkeys(PROTOCOL_TITLES[row["protocol"]].format(held_out=held_out(row)) for row in rows))


def held_out(row: Mapping[str, str]) -> str:
    """Describe how a row's subjects were held out: one at a time, or in groups."""
    alone = row["folds"] == row["subjects"]
    return "leave-one-subject-out" if alone else f"{row['folds']} folds of whole subjects"
