"""The page: what stages wrote, laid out by a template that escapes every word. Formats figures, makes none.

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
from microexpr.reporting.html import Asked, charts, clips, pictures, results, times
from microexpr.reporting.papers import page as papers
from microexpr.reporting.signal_benchmark import charts as truth_charts
from microexpr.reporting.signal_benchmark import page as truth
from microexpr.reporting.signal_benchmark import pool

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = "page.jinja", "page.css", "page.js"
PACKAGES = (
    *("torch", "numpy", "numba", "opencv-python", "scikit-image", "scikit-learn", "h5py", "safetensors", "pydantic"),
    *("face-recognition", "matplotlib", "plotly", "Jinja2", "snakemake", "dvc"),
)
WIDE = 160  # letters of a chain of provenance


@dataclass(frozen=True, slots=True)
class Table:
    """Of a paper."""

    path: str
    title: str
    lines: list[list[str]]
    below: list[str]
    origin: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one stage."""

    name: str
    about: truth.Section
    lines: list[tuple[str, list[str]]]
    picture: str


def html(asked: Asked, folder: Path, clocked: Path, library: str | None = None) -> str:
    """The page of results below a folder and of benchmark files below another; `library` is plotly's JavaScript.

    Raises StoreError for a file that is missing or cannot be read."""
    rows = main_table.read(folder / "megc2019_table.csv")
    compared = pairs.read(folder / "megc2019_paired.csv")
    found = [results.read(folder / "evaluate" / asked.protocol, name) for name in asked.methods]
    shown, left_out = _clips(asked, folder, found)
    jobs = times.jobs(clocked)
    figures: dict[str, charts.Chart] = {}

    def chart(name: str, made: charts.Chart) -> str:
        """Keeps a chart for the page's script; its name."""
        figures[name] = made
        return name

    origin = _origins(row["origin"] for row in rows)
    library = plotly() if library is None else library
    script = (HERE / SCRIPT).read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(TEMPLATE).render(
        asked=asked,
        rows=rows,
        origin=origin,
        title=main_table.title_of(rows),
        note=main_table.NOTE,
        told_apart=main_table.told_apart(rows, compared),
        compared=[pair for pair in compared if pair["metric"] == "uf1"],
        made_faces=[_made_faces(folder, asked.protocol, name) for name in asked.synthesising],
        scopes=main_table.SCOPES[1:],
        titles=main_table.TITLES,
        methods=found,
        full="full",
        selections={"last epoch": results.LAST, "oracle": results.ORACLE},
        papers=[_paper(path) for path in asked.papers],
        clips=shown,
        left_out=left_out,
        wheel=pictures.wheel(),
        truth=[_truth(name, asked.truth[name]) for name in truth.SECTIONS if name in asked.truth],
        chains={name: _chains(paths) for name, paths in asked.shards.items()},
        params={name: yaml.safe_dump(value, sort_keys=False, width=100) for name, value in asked.params.items()},
        versions=_versions(),
        times=[(stage, name, len(own), *_sums(own)) for stage, name, own in times.by_name(jobs)],
        charts=charts,
        chart=chart,
        published=_published,
        word=charts.word,
        figures=figures,
        films={str(n): {"frames": one.film, "numbers": one.numbers} for n, one in enumerate(shown, 1) if one.film},
        script=Markup(script),
        library=Markup(library),
        style=Markup((HERE / STYLE).read_text(encoding="utf-8")),
        hashes=" ".join(f"'sha256-{_hash(text)}'" for text in (library, script)),
    )


def plotly() -> str:
    """Its JavaScript, which the page then has within."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


def _hash(text: str) -> str:
    """By which the page lets a browser run this script of its own, and no other."""
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _origins(names: Any) -> str:
    parts = {part for name in names for part in name.split("+")}
    return "+".join(sorted(parts, reverse=True))  # licensed+generated


def _clips(asked: Asked, folder: Path, found: Sequence[results.Method]) -> tuple[list[clips.Shown], list[str]]:
    """The clips asked for, and of those that went no further why."""
    shown, reasons = [], []
    for name in asked.clips:
        path = folder / "index" / f"{name.split('/')[0]}.csv"
        known: dict[str, Clip] = {clip.id: clip for clip in index.read(path)}
        if name not in known:
            reasons.append(index.left_out(path).get(name, f"{name} is not in {path}"))
            continue
        said = [method.said(name) for method in found]
        true = next(filter(None, (method.truth(name) for method in found)), "")
        visible = asked.show_licensed_faces or known[name].origin == "generated"
        shown.append(clips.shown(known[name], folder, asked.synthesising, said, true, visible))
    return shown, reasons


def _made_faces(folder: Path, protocol: str, name: str) -> str:
    path = folder / "evaluate" / protocol / f"{name}_faces.csv"
    return main_table.made_faces(read_faces(path), path)


def _paper(path: str) -> Table:
    paper, table = Path(path).parent.name, Path(path).stem
    rows = papers.read(path)
    below = [line.removeprefix("\\") for line in papers.below(rows)]
    origin = _origins(row["origin"] for row in rows if row["origin"])
    return Table(path, papers.title(paper, table), papers.lines(rows), below, origin)


def _truth(name: str, path: str) -> Truth:
    rows = pool.of_csv(path)
    about = truth.SECTIONS[name]
    picture = b64encode(truth_charts.CHARTS[name](rows)).decode()
    return Truth(name, about, truth.lines(about, rows), f"data:image/svg+xml;base64,{picture}")


def _chains(paths: Sequence[str]) -> str:
    """What each fold was fitted on, as `microexpr inspect --chain` says it."""
    made = io.StringIO()
    console = Console(file=made, width=WIDE, color_system=None, force_terminal=False, highlight=False)
    for path in paths:
        console.print(inspect.chain(path))
    return "\n".join(line.rstrip() for line in made.getvalue().splitlines())


def _versions() -> list[tuple[str, str]]:
    found = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    return [(name, found.get(name.lower(), "not installed")) for name in ("microexpr", *PACKAGES)]


def _sums(jobs: Sequence[times.Job]) -> tuple[float, float, float]:
    """Seconds, core-seconds, and the largest job's memory, MB."""
    return sum(job.seconds for job in jobs), sum(job.cpu_seconds for job in jobs), max(job.max_rss for job in jobs)


def _published(row: Mapping[str, str], cell: str) -> str:
    """A published figure, with a star where it cannot be."""
    return row[f"published_{cell}"] + "*" * (f"{cell}: " in row["published_erratum"])
