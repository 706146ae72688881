"""The main table as CSV, Markdown and text: reproduced next to published figures. Formats figures, computes none.

Out of scope: times; they are no result.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from microexpr.core import csv_file, store
from microexpr.core.errors import StoreError
from microexpr.evaluation import FULL, Row
from microexpr.evaluation.duplicate_subjects import PAIR
from microexpr.evaluation.published import published_counterparts
from microexpr.protocols import FLOW_PROTOCOLS, PROTOCOLS, TrainingSet
from microexpr.reporting import initialisation, table
from microexpr.reporting.table import ABOUT, COUNTS, NARROW, WIDE, Rows, Shown, Table

SCOPES = ("full", "smic", "casme2", "samm")
TITLES = {"full": "Full", "smic": "SMIC", "casme2": "CASME II", "samm": "SAMM"}
METRICS = ("uf1", "uar")
CELLS = tuple(f"{scope}_{metric}" for scope in SCOPES for metric in METRICS)
INTERVALS = ("full_uf1_low", "full_uf1_high", "full_uar_low", "full_uar_high")
COLUMNS = (
    *("method", "origin", "selection", "seeds"),
    *CELLS,
    *(f"published_{cell}" for cell in CELLS),
    *(f"oracle_{cell}" for cell in CELLS),
    *INTERVALS,
    *COUNTS,
    *("published_erratum", "initialisation", "differs_from_paper", "protocol"),
    *("start_full_uf1", "training", "population_subjects", "population_clips", "reason"),
)
WORDS = ("method", "origin", "selection", "published_erratum", "initialisation", "differs_from_paper", "protocol",
         "training", "reason")  # fmt: skip
POPULATION_ALONE = "megc2019_population"  # in column `protocol`, of scores before any step
LEARNT_FROM: dict[str, tuple[TrainingSet, str]] = {  # by name in column `protocol`: set, and selection of scores
    "megc2019_corpus": ("corpus", "last"),
    POPULATION_ALONE: ("both", "start"),
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
RESEMBLANCE = {"FID": "fid", "Fréchet distance of face embeddings": "face_frechet", "SSIM": "ssim"}
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
    return TABLE.rows((row | {"reason": (reasons or {}).get(row["method"])} for row in rows), {}, {})


def training_sets(evaluations: Mapping[str, Mapping[TrainingSet, Sequence[Row]]]) -> list[dict[str, str]]:
    """Return rows with `COLUMNS` of all methods that learnt from the corpus, from the population alone, then from both.

    `evaluations` are, by method and what it learnt from, the rows of the evaluate stage. Scores of `both` before any
    step are those of the population's weights. Column `protocol` names the set that a row learnt from."""
    rows = []
    for name, (training, selection) in LEARNT_FROM.items():
        for by_training in evaluations.values():
            if training in by_training:
                rows.append(_row(by_training[training], selection) | {"protocol": name})
    return TABLE.rows(rows, {}, {})


def _clips(row: Mapping[str, str]) -> str:
    seeds = f"{row['seeds']} seed{'s' * (row['seeds'] != '1')}"
    return f"{table.tested(row)}, {row['folds']} folds ({', '.join(datasets([row]))}), {seeds}"


def _row(rows: Sequence[Row], selection: str = "last") -> dict[str, Any]:
    cells = {(row["selection"], f"{row['scope']}_{row['metric']}"): row for row in rows if row["pooling"] == "pooled"}
    full = {f"full_{metric}": cells.get((selection, f"full_{metric}"), {}) for metric in METRICS}
    if any(row.get("protocol") not in PROTOCOLS for row in full.values()):
        raise StoreError(
            f"an evaluation must have UF1 and UAR of all clips, selection {selection}, of a known protocol"
        )
    first, is_last = full["full_uf1"], selection == "last"
    row = {key: first[key] for key in (*ABOUT, "selection")} | _learnt_from(first, ("start", "full_uf1") in cells)
    for name, ends in full.items():
        row |= {f"{name}_low": ends["low"], f"{name}_high": ends["high"]}
    figures = {name: (selection, name) for name in CELLS}
    if is_last:
        figures |= {f"oracle_{name}": ("oracle_best_test", name) for name in CELLS}
        figures |= {"start_full_uf1": ("start", "full_uf1")}
    row |= {column: cells[key]["value"] for column, key in figures.items() if key in cells}
    if is_last and not PROTOCOLS[first["protocol"]].uses_population:  # papers train on recorded subjects alone
        counterparts = published_counterparts(first["method"])
        printed = {f"{scope}_{metric}": cell for (scope, metric), cell in counterparts.items()}
        row |= {f"published_{name}": float(printed[name].published) for name in CELLS if name in printed}
        errata = [f"{name}: {cell.erratum}" for name, cell in printed.items() if name in CELLS and cell.erratum]
        row["published_erratum"] = "; ".join(errata)
    return row


def _learnt_from(row: Row, has_start: bool) -> dict[str, Any]:
    """Return the columns on a row's training; `has_start` is whether it starts from the population's weights."""
    codes = initialisation.parse(row["initialisation"])
    counts = codes.get("population") or codes.get("reader") or {}  # directly, or through a reader
    cells = {f"population_{name}": count for name, count in counts.items()}
    if row["selection"] == "start":
        return cells | {"training": "population", "training_subjects": 0, "training_clips": 0}
    return cells | {"training": "both" if has_start else "corpus"}


def numbers(row: Mapping[str, str]) -> dict[str, str | float | None]:
    """Return a row with its figures as numbers, None where there is none."""
    return {
        name: (int(text) if text.isdecimal() else float(text)) if name in TABLE.figures and text else text or None
        for name, text in row.items()
    }


def title(rows: Rows) -> str:
    """Return what the figures of one protocol are, and a caution where faces are rendered."""
    return table.caution(table_title(rows), [row["origin"] for row in rows if row["protocol"] not in FLOW_PROTOCOLS])


def below(rows: Rows) -> list[str]:
    """Return sentences on the table: what it counts, what rows start from, params other than the paper's, errata."""
    gains = [f"{row['method']}: {gain(row)}." for row in rows if row["start_full_uf1"]]
    counts = {row["method"]: len(other_params(row)) for row in rows if row["differs_from_paper"]}
    differences = ", ".join(f"{name} {count}" for name, count in counts.items())
    other = f"Params other than the paper's: {differences}; `microexpr methods METHOD` lists them."
    errata = [
        f"\\* {row['method']}, as published: {row['published_erratum']}." for row in rows if row["published_erratum"]
    ]
    starts = dict.fromkeys([*initialisation.sentences(rows), *gains])
    return [f"{NOTE}.", *starts, *(textwrap.wrap(other, 100) if counts else ()), *errata]


def shown(width: int) -> Shown:
    """Return the columns of a terminal; each of published figures has the origin of reproduced ones next to it."""
    figures = {"UF1": "full_uf1", "low": "full_uf1_low", "high": "full_uf1_high", "UAR": "full_uar"}
    if width >= WIDE:
        figures |= {TITLES[scope]: f"{scope}_uf1" for scope in SCOPES[1:]} | {"oracle": "oracle_full_uf1"}
    columns: Shown = {"method": table.name, **table.figures(figures, 3)}
    columns["also"] = lambda row: row["population_subjects"] and f"+{row['population_subjects']}"
    return columns | ({"origin": itemgetter("origin"), "published": _published} if width >= NARROW else {})


def _published(row: table.Row) -> str:
    mark = "*" if table.has_erratum(row, "full_uf1") else " "
    return table.rounded(row["published_full_uf1"]) + mark * bool(row["published_full_uf1"])


def _figures_of(row: Mapping[str, str]) -> dict[str, str]:
    """Return what the figures of a row are, with its origin, so that no figure of rendered faces lacks that word."""
    interval = f"{row['origin']}, full UF1 {table.interval(row, 'full_uf1')}"
    kinds = {"": interval, "published_": "published", "oracle_": f"{row['origin']}, oracle"}
    return {prefix: kind for prefix, kind in kinds.items() if any(row[prefix + cell] for cell in CELLS)}


def other_params(row: Mapping[str, str]) -> list[str]:
    """Return the names of a row's params that have other values than its paper's."""
    return row["differs_from_paper"].split(", ") if row["differs_from_paper"] else []


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
    if count := len(other_params(row)):
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
    cells = {(row["metric"], row["faces"]): row for row in rows if row["scope"] == FULL and row["value"] is not None}
    texts = {key: f"{row['value']:.3f}" for key, row in cells.items()}
    compared = [
        *((name, (metric, "made"), (metric, "neutral"), "unchanged") for name, metric in RESEMBLANCE.items()),
        ("identity", ("identity_cosine", "made"), ("identity_cosine_to_others", "made"), "to others"),
    ]
    figures = [
        f"{name} {texts[ours]} ({texts[other]} {words})"
        for name, ours, other, words in compared
        if {ours, other} <= texts.keys()
    ]
    lines = [f"faces of held-out subjects by {rows[0]['method']}, {rows[0]['origin']}: {', '.join(figures)}"]
    comparisons = []
    for metric, (name, kinds) in SHOWN.items():
        if values := cells.get((metric, "made")):
            interval = "" if values["low"] is None else f", {values['low']:.3f} to {values['high']:.3f}"
            labels = FACE_KINDS | ({"true": TRUE_FACES[metric]} if metric in TRUE_FACES else {})
            references = (f"{labels[kind]} {texts[metric, kind]}" for kind in kinds if (metric, kind) in texts)
            comparisons.append(f"{name} {texts[metric, 'made']}{interval} ({', '.join(references)})")
    if comparisons:
        lines.append(f"what they show: {'; '.join(comparisons)}")
    return "\n".join(lines) + f"; see {path}"


def datasets(rows: Rows) -> list[str]:
    """Return the data sets that the figures of a table's rows are of."""
    return [scope for scope in SCOPES[1:] if any(row[f"{scope}_uf1"] for row in rows)]


def table_title(rows: Rows) -> str:
    """Return the protocol of the table's figures, and how subjects were held out, as a title."""
    return "; ".join(dict.fromkeys(protocol_titles()[row["protocol"]].format(held_out=held_out(row)) for row in rows))


def protocol_titles() -> dict[str, str]:
    """Return the title of the rows of each protocol in a table; tasks add to the protocols."""
    titles = {protocol.name: protocol.title for protocol in PROTOCOLS.values() if protocol.title}
    return titles | {POPULATION_ALONE: "The same clips, read by weights of the population alone"}


def known_protocol(name: str) -> str:
    """Return the name of a protocol with a title. Raises ValueError for another."""
    return csv_file.one_of(protocol_titles())(name)


def held_out(row: Mapping[str, str]) -> str:
    """Describe how a row's subjects were held out: one at a time, or in groups."""
    alone = row["folds"] == row["subjects"]
    return "leave-one-subject-out" if alone else f"{row['folds']} folds of whole subjects"


HEADS = {f"{TITLES[scope]} {metric.upper()}": f"{scope}_{metric}" for scope in SCOPES for metric in METRICS}
KINDS = {"full_uf1": csv_file.figure, "protocol": known_protocol}
TABLE = Table(COLUMNS, WORDS, "", HEADS, title, below, shown, figures_of=_figures_of, kinds=KINDS, clips=_clips,
              aligned=True)  # fmt: skip
