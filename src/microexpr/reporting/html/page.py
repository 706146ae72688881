"""The page: results of the stages, laid out by a template that escapes every word. Formats figures, computes none.

What may not come in: a date, so that the same results give the same bytes; a word that the template does not escape.
"""

import hashlib
import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich.console import Console

from microexpr.core.clip import Clip
from microexpr.datasets import index
from microexpr.evaluation import pairs
from microexpr.evaluation.rows import read_faces
from microexpr.reporting import inspect, main_table
from microexpr.reporting.html import PageInputs, charts, clips, pictures, results, times
from microexpr.reporting.papers import page as papers
from microexpr.reporting.signal_benchmark import charts as benchmark_charts
from microexpr.reporting.signal_benchmark import page as benchmark_page
from microexpr.reporting.signal_benchmark import pool

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = "page.jinja", "page.css", "page.js"
PACKAGES = (
    *("torch", "numpy", "numba", "opencv-python", "scikit-image", "scikit-learn", "h5py", "safetensors", "pydantic"),
    *("dlib-bin", "face-recognition", "matplotlib", "plotly", "Jinja2", "snakemake", "dvc"),
)
WIDE = 160  # characters of a line of provenance


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a paper."""

    path: str
    title: str
    lines: list[list[str]]
    below: list[str]
    origin: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The signal benchmark of one stage."""

    name: str
    section: benchmark_page.Section
    lines: list[tuple[str, list[str]]]
    picture: str


def html(inputs: PageInputs, folder: Path, benchmarks: Path, library: str | None = None) -> str:
    """Return the page of results below a folder and of Snakemake's benchmark files below another.

    `library` is plotly's JavaScript. Raises StoreError for a file that is missing or cannot be read."""
    rows = main_table.read(folder / "megc2019_table.csv")
    compared = pairs.read(folder / "megc2019_paired.csv")
    methods = [results.read(folder / "evaluate" / inputs.protocol, name) for name in inputs.methods]
    clip_views, left_out = _clips(inputs, folder, methods)
    jobs = times.jobs(benchmarks)
    figures: dict[str, charts.Chart] = {}

    def chart(name: str, figure: charts.Chart) -> str:
        """Add a chart to the figures of the page's script; return its name."""
        figures[name] = figure
        return name

    origin = _origins(row["origin"] for row in rows)
    library = plotly() if library is None else library
    script = (HERE / SCRIPT).read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    films = {
        str(i): {"frames": clip.film, "numbers": clip.numbers} for i, clip in enumerate(clip_views, 1) if clip.film
    }
    return environment.get_template(TEMPLATE).render(
        inputs=inputs,
        rows=rows,
        origin=origin,
        title=main_table.table_title(rows),
        note=main_table.NOTE,
        indistinguishable=main_table.better_than_floor(compared)
        + main_table.indistinguishable_from_best(rows, compared),
        compared=[pair for pair in compared if pair["metric"] == "uf1"],
        synthesis_summaries=[_synthesis_summary(folder, inputs.protocol, name) for name in inputs.synthesising],
        scopes=main_table.SCOPES[1:],
        titles=main_table.TITLES,
        methods=methods,
        full="full",
        selections={"last epoch": results.LAST, "oracle": results.ORACLE},
        papers=[_paper(path) for path in inputs.papers],
        clips=clip_views,
        left_out=left_out,
        wheel=pictures.wheel(),
        benchmarks=[
            _benchmark(name, inputs.benchmarks[name]) for name in benchmark_page.SECTIONS if name in inputs.benchmarks
        ],
        chains={name: _chains(paths) for name, paths in inputs.shards.items()},
        params={name: yaml.safe_dump(value, sort_keys=False, width=100) for name, value in inputs.params.items()},
        versions=_versions(),
        times=[(stage, name, len(group), *_sums(group)) for stage, name, group in times.by_name(jobs)],
        charts=charts,
        chart=chart,
        published=_published,
        differences_from_paper=main_table.differences_from_paper,
        origin_label=charts.origin_label,
        figures=figures,
        films=films,
        script=Markup(script),
        library=Markup(library),
        style=Markup((HERE / STYLE).read_text(encoding="utf-8")),
        hashes=" ".join(f"'sha256-{_hash(text)}'" for text in (library, script)),
    )


def plotly() -> str:
    """Return plotly's JavaScript, so that the page needs no network."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


def _hash(text: str) -> str:
    """Return the hash of a script that the page lets a browser run, and no other."""
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _origins(names: Any) -> str:
    parts = {part for name in names for part in name.split("+")}
    return "+".join(sorted(parts, reverse=True))  # licensed+generated


def _clips(
    inputs: PageInputs, folder: Path, methods: Sequence[results.Method]
) -> tuple[list[clips.ClipView], list[str]]:
    """Return the clips to show, and the reasons why others were left out."""
    views, reasons = [], []
    for name in inputs.clips:
        path = folder / "index" / f"{name.split('/')[0]}.csv"
        by_id: dict[str, Clip] = {clip.id: clip for clip in index.read(path)}
        if name not in by_id:
            reasons.append(index.exclusions(path).get(name, f"{name} is not in {path}"))
            continue
        predictions = [method.predictions_of(name) for method in methods]
        true_class = next(filter(None, (method.true_class(name) for method in methods)), "")
        visible = inputs.show_licensed_faces or by_id[name].origin == "generated"
        views.append(clips.view(by_id[name], folder, inputs.synthesising, predictions, true_class, visible))
    return views, reasons


def _synthesis_summary(folder: Path, protocol: str, name: str) -> str:
    path = folder / "evaluate" / protocol / f"{name}_faces.csv"
    return main_table.synthesis_summary(read_faces(path), path)


def _paper(path: str) -> Table:
    paper, table = Path(path).parent.name, Path(path).stem
    rows = papers.read(path)
    below = [line.removeprefix("\\") for line in papers.below(rows)]
    origin = _origins(row["origin"] for row in rows if row["origin"])
    return Table(path, papers.title(paper, table), papers.lines(rows), below, origin)


def _benchmark(name: str, path: str) -> Benchmark:
    rows = pool.read_csv(path)
    section = benchmark_page.SECTIONS[name]
    picture = b64encode(benchmark_charts.CHARTS[name](rows)).decode()
    return Benchmark(name, section, benchmark_page.lines(section, rows), f"data:image/svg+xml;base64,{picture}")


def _chains(paths: Sequence[str]) -> str:
    """Return the provenance of each fold, as `microexpr inspect --chain` prints it."""
    text = io.StringIO()
    console = Console(file=text, width=WIDE, color_system=None, force_terminal=False, highlight=False)
    for path in paths:
        console.print(inspect.chain(path))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def _versions() -> list[tuple[str, str]]:
    installed = {
        distribution.metadata["Name"].lower(): distribution.version for distribution in metadata.distributions()
    }
    return [(name, installed.get(name.lower(), "not installed")) for name in ("microexpr", *PACKAGES)]


def _sums(jobs: Sequence[times.Job]) -> tuple[float, float, float]:
    """Return seconds, core-seconds, and the largest job's memory in MB."""
    return sum(job.seconds for job in jobs), sum(job.cpu_seconds for job in jobs), max(job.max_rss for job in jobs)


def _published(row: Mapping[str, str], cell: str) -> str:
    """Return a published figure, with a star if it is an erratum."""
    return row[f"published_{cell}"] + "*" * (f"{cell}: " in row["published_erratum"])
