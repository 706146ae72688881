"""Pages of the reference, written from the sources when the site is built: API, command line, params, stage files."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from cyclopts import App, Parameter
from pydantic import BaseModel

import microexpr
from microexpr.cli import config, main
from microexpr.core.schemas import SCHEMAS
from microexpr.models import base, generators, recognisers
from microexpr.reporting import method_list
from microexpr.tasks import described

RESULTS = (  # classes of what the API returns
    "microexpr.api.figures.Evaluation",
    "microexpr.api.applications.PredictedVideo",
    "microexpr.api.applications.ReenactedFace",
    "microexpr.api.stages.Stage",
)
STAGE_FILES = {  # by schema, the files that have it
    "truth": "Ground truth of rendered clips: `data/rendered/truth/`",
    "faces": "Landmarks, head pose and crops: `results/faces/`",
    "apex": "Onset, apex and offset: `results/apex/`",
    "flow": "Optical flow: `results/flow/`",
    "aus": "Action units: `results/aus/`",
    "train": "Predictions of each fold: `results/train/`",
    "synth": "Synthesised faces and clips: `results/train/<method>/<protocol>/faces/`, `results/synthesise/`",
    "measured": "Signals next to the ground truth: `results/signal_benchmark/`",
    "population": "Rendered subjects of no corpus: `results/population/`",
    "portraits": "Single images of further rendered subjects: `results/portraits/`",
    "spot": "Long videos: `results/spot/curves/`, `results/spot/found/`",
    "movement": "Movement in long videos: `results/spot/movement/`",
    "takes": "Long takes of the population: `results/takes/`",
    "answers": "Measurements that answer questions: `results/questions/measured/`",
    "face_table": "Every face in videos and pictures: `microexpr measure`, in HDF5",
}
MODELS = {"methods", "generators", "variants"}  # sections without a model of their own
Row = tuple[str, ...]


def pages() -> dict[str, str]:
    """Return the Markdown of each page by its path in the site."""
    writers = {"api": api, "command-line": command_line, "params": params, "method-params": method_params}
    return {f"reference/{name}.md": page() for name, page in {**writers, "datasets": datasets}.items()}


def api() -> str:
    """Return the page of every public name; mkdocstrings fills in signatures and docstrings."""
    names = sorted(microexpr.MODULES, key=str.lower)
    return "\n\n".join(
        [
            "# Python API",
            "`import microexpr` has these names. [Python](../python.md) shows them at work; `make test` runs the "
            "examples.",
            *(f"::: microexpr.api.{microexpr.MODULES[name]}.{name}" for name in names),
            "## Results",
            *(f"::: {name}\n    options:\n      heading_level: 3" for name in RESULTS),
            "## Errors",
            "::: microexpr.core.errors\n    options:\n      show_root_heading: false\n"
            "      show_root_toc_entry: false\n      heading_level: 3\n      filters: ['Error$']",
        ]
    )


def command_line() -> str:
    """Return the page of every command of `microexpr`, as its help has it."""
    return "\n\n".join(["# Command line", *_command(main.build(), 1)])


def _command(app: App, level: int) -> Iterator[str]:
    """Yield the help of a command and its arguments, then those of the commands below it."""
    text, _, examples = app.help.partition("examples:\n")
    yield text.strip()
    if examples:
        yield f"```bash\n{textwrap.dedent(examples.partition(chr(10) * 2)[0])}\n```"
    if app.default_command:
        arguments = app.assemble_argument_collection(default_parameter=Parameter(negative=()), parse_docstring=True)
        rows = ((f"`{', '.join(argument.names)}`", argument.parameter.help or "") for argument in arguments)
        yield _table(("argument", "meaning"), rows)
    for name in app:
        if not name.startswith("-"):
            yield f"{'#' * (level + 1)} {name}"
            yield from _command(app[name], level + 1)


def params() -> str:
    """Return the page of params.yaml's sections but those of methods."""
    values = config.load("params.yaml")
    sections = described.section_models()
    parts = [
        "# params.yaml",
        "Every value of the pipeline. After an edit, the same command runs exactly the jobs that depend on it; "
        "`make preset PRESET=paper` sets the papers' own scale. [Params of methods](method-params.md) have a page of "
        "their own.",
    ]
    comments = dict(re.findall(r"^(\w+): .*?# (.*)$", Path("params.yaml").read_text(encoding="utf-8"), re.MULTILINE))
    rows = [
        (_code_span(name), _code_span(method_list.text(values[name])), comments[name])
        for name in values
        if name not in MODELS | sections.keys()
    ]
    parts += ["## Top level", _table(("key", "params.yaml", "meaning"), rows)]
    header = ("key", "params.yaml", "default", "allowed", "meaning")
    for name in [name for name in values if name in sections]:
        parts += [f"## {name}", _table(header, _fields(sections[name], values[name]))]
    return "\n\n".join(parts)


def method_params() -> str:
    """Return the page of the params of every method and generator: the paper's values and those of params.yaml."""
    values = config.load("params.yaml")
    units = {name: params for name, params in values["units"]["methods"].items() if name in recognisers.names()}
    chosen = units | values["methods"]  # those of the table of action units alone have no other params
    kinds: dict[str, Any] = {name: recognisers.find(name) for name in chosen}
    kinds |= {name: generators.find(name) for name in values["generators"]}
    parts = [
        "# Params of methods",
        "The paper's value is the default; `params.yaml` has others where its rendered run on a CPU needs them, and "
        "the column `differs_from_paper` of the table names these. `microexpr methods` lists papers, inputs and sizes, "
        "`microexpr methods METHOD` the params of a method or variant in a terminal.",
        "## Every method",
        _table(("key", "default", "allowed", "meaning"), ((row[0], *row[2:]) for row in _fields(base.Params, {}))),
    ]
    header = ("key", "params.yaml", "paper's", "allowed", "meaning")
    common = {name: repr(field) for name, field in base.Params.model_fields.items()}
    for name, kind in kinds.items():
        changed = (chosen | values["generators"])[name] or {}
        inherited = {name for name, field in kind.Params.model_fields.items() if repr(field) == common.get(name)}
        rows = [row for row in _fields(kind.Params, changed) if row[0].strip("`") not in inherited]
        parts += [f"## {name}", f"{kind.paper}.", _table(header, rows) if rows else "No params of its own."]
    return "\n\n".join(parts)


def _fields(model: type[BaseModel], values: Mapping[str, Any]) -> Iterator[Row]:
    """Yield key, value, default, allowed values and meaning of each field, also of nested models."""
    for param in method_list.fields(model, values):
        yield _code_span(param.name), _code_span(param.value), _code_span(param.default), param.allowed, param.meaning


def datasets() -> str:
    """Return the page of the HDF5 files of a run: datasets, types, axes, units."""
    parts = [
        "# Datasets of stage files",
        "A stage writes one HDF5 file per subject, with a group for each clip; each dataset carries axes, unit and "
        "description. `microexpr inspect FILE.h5` prints them, and [`open_stage`](api.md) returns labelled arrays; "
        "[others](../stage-files.md) read the files too.",
    ]
    for name, schema in SCHEMAS.items():
        title, _, folder = STAGE_FILES[name].partition(": ")
        rows = (
            (f"`{key}`", f.dtype, ", ".join(f.axes) or "-", f.units, f.description) for key, f in schema.fields.items()
        )
        parts += [f"## {title}", f"In {folder}.", _table(("dataset", "type", "axes", "unit", "meaning"), rows)]
    return "\n\n".join(parts)


def _code_span(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(header: Row, rows: Iterable[Row]) -> str:
    cells = ([cell if "`" in cell else escape(cell) for cell in row] for row in rows)
    lines = [header, ("---",) * len(header), *([cell.replace("|", "\\|") for cell in row] for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
