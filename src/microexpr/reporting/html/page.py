"""The page: results of the stages, laid out by a template that escapes every word. Formats figures, computes none.

Out of scope: a clock, so that the same results give the same bytes; a word that the template does not escape.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from microexpr.core.clip import join_origins
from microexpr.datasets import index
from microexpr.evaluation import FULL, pairs
from microexpr.evaluation.rows import FACE_COLUMNS, read
from microexpr.reporting import main_table, method_list, method_tests, papers
from microexpr.reporting.html import PageInputs, Section, charts, clips, data_url, render, results
from microexpr.reporting.plots.clips import MAGNIFIED
from microexpr.reporting.signal_benchmark import page as benchmark_page
from microexpr.reporting.signal_benchmark import pool
from microexpr.reporting.table import has_erratum

# the first template includes the others
FILES = ("page.jinja", "leaderboard.jinja", "macros.jinja", "page.css", "report.css", "page.js", "tables.js")
SECTIONS = {
    "results": "Leaderboard",
    "tests": "Tests",
    "learning": "Curves",
    "subjects": "Subjects",
    "methods": "Methods",
}
LAST = {"papers": "Papers", "clips": "Clips", "truth": "Signals"}  # after those of tasks
REPORT = "report"  # folder of the page, below that of the results; links to files start there
MEASURES = {
    "class_uar": "target class recognised, UAR",
    "au_error": "AU error",
    "au_error_nearest": "AU error of the nearest display",
    "display_distance": "distance between displays, AUs",
    "belief_auc": "told from true faces, AUC",
    "belief_auc_eyes": "the same by brows and eyes",
    "belief_auc_cheeks": "the same by nose and cheeks",
    "belief_auc_mouth": "the same by mouth and chin",
    "grey_change": "grey levels changed",
    "identity_cosine": "identity, cosine to the subject",
    "identity_cosine_to_others": "identity, cosine to other subjects",
    "identity_distance": "identity, distance to the subject",
    "face_frechet": "Fréchet distance of face embeddings",
    "face_kernel": "kernel distance of face embeddings",
    "fid": "FID",
    "kid": "KID",
    "ssim": "SSIM",
    "psnr": "PSNR, dB",
}


def sections(parts: Sequence[Section]) -> dict[str, str]:
    """Return the titles of the page's sections by name, with those of tasks."""
    return SECTIONS | {part.name: part.title for part in parts} | LAST


def html(inputs: PageInputs, folder: Path, library: str | None = None, parts: Sequence[Section] = ()) -> str:
    """Return the page of results below a folder. `library` is plotly's JavaScript, `parts` are those of other tasks.
    Raises StoreError for a file that is missing or cannot be read."""
    rows = main_table.TABLE.read(folder / "megc2019_table.csv")
    compared = read(folder / "megc2019_paired.csv", pairs.COLUMNS)
    evaluated = folder / "evaluate" / inputs.protocol
    standings = results.standings(rows, compared)
    names = [standing.name for standing in standings]
    methods = [results.read(evaluated, name) for name in names]
    clip_views, left_out = _clips(inputs, folder, methods)
    tables = {part.name: [_table(path, table) for path, table in part.tables] for part in parts}
    tables = {"papers": [_table(path, papers) for path in inputs.papers], **tables}
    scopes = main_table.datasets(rows[:1])
    figures: dict[str, charts.Chart] = {}

    def chart(name: str, figure: charts.Chart) -> str:
        """Add a chart to the figures of the page's script; return its name."""
        figures[name] = figure
        return name

    return render(
        FILES,
        plotly() if library is None else library,
        inputs=inputs,
        sections=sections(parts),
        standings=standings,
        tiles=results.tiles(standings, len(scopes)),
        leaderboard=results,
        main_table=main_table,
        method_tests=method_tests,
        tested_floor=sum(standing.against_floor is not None for standing in standings),
        tested_best=sum(standing.against_best is not None for standing in standings),
        published_any=any(row["published_full_uf1"] for row in rows),
        downloads={
            name: data_url("text/csv", (folder / f"megc2019_{name}.csv").read_bytes()) for name in ("table", "paired")
        },
        method_files={name: _method_files(inputs, evaluated, name) for name in names},
        link=lambda path: Path(os.path.relpath(path, folder / REPORT)).as_posix(),
        rows={row["method"]: row for row in rows},
        origin=join_origins(row["origin"] for row in rows),
        clip_origin=join_origins(view["clip"].origin for view in clip_views),
        title=main_table.table_title(rows),
        all_pairs=method_tests.indistinguishable_from_best(rows, compared),
        compared=[pair for pair in compared if pair["metric"] == "uf1"],
        synthesised=[_synthesised_faces(evaluated, name) for name in inputs.synthesising],
        scopes_shown=scopes,
        methods=methods,
        small_curves={method.name: charts.small_curve(method.curve) for method in methods},
        selections={"last epoch": results.LAST, "oracle": results.ORACLE},
        parts=parts,
        tables=tables,
        table_origins={name: join_origins(table["origin"] for table in of_kind) for name, of_kind in tables.items()},
        clips=clip_views,
        farther=clips.FARTHER,
        in_lines=method_list.in_lines,
        backgrounds={
            row["method"]: results.background(row["method"], row, inputs.shards[row["method"]]) for row in rows
        },
        left_out=left_out,
        wheel=clips.wheel(),
        magnified=MAGNIFIED,
        benchmarks=[
            _benchmark(name, inputs.benchmarks[name]) for name in benchmark_page.SECTIONS if name in inputs.benchmarks
        ],
        charts=charts,
        chart=chart,
        published=lambda row, cell: row[f"published_{cell}"] + "*" * has_erratum(row, cell),
        origin_label=charts.origin_label,
        figures=figures,
        films={
            str(i): {name: view[name] for name in ("numbers", "times")}
            | {"frames": view["film"], "timed": view["clip"].fps > 0}
            for i, view in enumerate(clip_views, 1)
            if view["film"]
        },
    )


def plotly() -> str:
    """Return plotly's JavaScript, so that the page needs no network."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


def _clips(
    inputs: PageInputs, folder: Path, methods: Sequence[results.Method]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the clips to show, and the reasons why others were left out."""
    views, reasons = [], []
    for name in inputs.clips:
        path = folder / "index" / f"{name.split('/')[0]}.csv"
        clip = next((clip for clip in index.read(path) if clip.id == name), None)
        if clip is None:
            reasons.append(index.exclusions(path).get(name, f"{name} is not in {path}"))
            continue
        view = clips.view(clip, folder, inputs.synthesising, inputs.show_licensed_faces or clip.origin == "generated")
        view["predictions"] = [method.predictions_of(name) for method in methods]
        view["true_class"] = next(filter(None, (method.true_class(name) for method in methods)), "")
        views.append(view)
    return views, reasons


def _method_files(inputs: PageInputs, base: Path, name: str) -> dict[str, str | Path]:
    return {
        "predictions (CSV)": base / f"{name}_predictions.csv",
        "confusion (CSV)": base / f"{name}_confusion.csv",
        "curve (CSV)": base / "curves" / f"{name}.csv",
        **{f"training {Path(path).stem} (HDF5)": path for path in inputs.shards[name]},
        **{f"synthesised faces {Path(path).stem} (HDF5)": path for path in inputs.synthesising.get(name, ())},
    }


def _synthesised_faces(base: Path, method: str) -> dict[str, Any]:
    """Return figures of the faces of a method: a line for each measure, a column for each kind of face."""
    rows = [row for row in read(base / f"{method}_faces.csv", FACE_COLUMNS) if row["scope"] == FULL]
    kinds, measures = (list(dict.fromkeys(row[column] for row in rows)) for column in ("faces", "metric"))
    cells = {}
    for row in (row for row in rows if row["value"] is not None):
        interval = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
        cells[row["metric"], row["faces"]] = f"{row['value']:.3f}{interval}"
    lines = [(MEASURES.get(name, name), [cells.get((name, kind), "") for kind in kinds]) for name in measures]
    titles = [main_table.FACE_KINDS.get(kind, kind.replace("_", " ")) for kind in kinds]
    return {"method": method, "kinds": titles, "lines": lines}


def _table(path: str, kind: Any) -> dict[str, Any]:
    """Return a table of a paper, of action units, long videos or questions; `kind` reads and words it."""
    rows = kind.read(path)
    below = [line.removeprefix("\\") for line in kind.below(rows)]
    origin = join_origins(row["origin"] for row in rows if row["origin"])
    title = papers.title(Path(path).parent.name, Path(path).stem) if kind is papers else kind.title(rows)
    return {"path": path, "title": title, "lines": kind.lines(rows), "below": below, "origin": origin}


def _benchmark(name: str, path: str) -> dict[str, Any]:
    rows, section = pool.read_csv(path), benchmark_page.SECTIONS[name]
    picture = data_url("image/svg+xml", benchmark_page.CHARTS[name](rows))
    return {"section": section, "lines": benchmark_page.lines(section, rows), "picture": picture, "path": path}
