"""The report: all results of a run on one page that needs no network. Trains nothing and computes no figure.

`page` builds it; this module has what a run must know beforehand, its section of params.yaml and what to show, and what
all pages share: templates, styles and scripts next to it, and files as addresses.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import ParamsError, nearest
from microexpr.reporting.table import Table

HERE = Path(__file__).parent
HEAD = "head.jinja"  # the start of each page, which its template includes


class Params(BaseModel):
    """Section `report` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    clips: tuple[str, ...] = Field((), description="clips to show, as dataset/subject/name; none: one of each data set")
    show_licensed_faces: bool = Field(False, description="in its images; ask your licence")


@dataclass(frozen=True, slots=True)
class PageInputs:
    """The results that a page shows. Files are where their stages write them."""

    protocol: str
    shards: Mapping[str, Sequence[str]]  # files of each method's training
    synthesising: Mapping[str, Sequence[str]]  # by method that synthesises faces, the files of these
    clips: Sequence[str]  # ids
    clips_are_named: bool  # by params.yaml; otherwise one of each data set
    show_licensed_faces: bool
    papers: Sequence[str] = ()  # tables that exist
    benchmarks: Mapping[str, str] = field(default_factory=dict)  # existing CSVs of the signal benchmark, by stage


@dataclass(frozen=True, slots=True)
class Section:
    """A task's part of the page."""

    name: str
    title: str
    about: str  # a sentence
    target: str  # the file of its first table
    tables: Sequence[tuple[str, Table]]  # that exist, by file
    words: str = ""  # a sentence on the plots
    plots: Sequence[tuple[Mapping[str, Any], str]] = ()  # charts, each with its caption


def choose_clips(clips: Iterable[Clip], names: Sequence[str]) -> list[Clip]:
    """Return the clips of these names; without names one clip of each data set, chosen by annotation only.

    That is the first clip of a class, with a different class for each data set in turn. Raises ParamsError for a name
    that is no clip."""
    by_id = {clip.id: clip for clip in clips}
    for name in names:
        if name not in by_id:
            near = nearest(name, by_id)
            raise ParamsError(f"params.yaml: report.clips must name clips of this run, not {name}{near}")
    if names:
        return [by_id[name] for name in dict.fromkeys(names)]
    chosen = []
    for i, dataset in enumerate(dict.fromkeys(clip.dataset for clip in by_id.values())):
        of_dataset = [clip for clip in by_id.values() if clip.dataset == dataset]
        of_class = [clip for clip in of_dataset if clip.label == i % len(LABELS)]
        chosen.append((of_class or of_dataset)[0])
    return chosen


def render(files: Sequence[str], library: str | None = None, /, **values: Any) -> str:
    """Return a page. `files` are its template, which escapes its values, then its .css and .js files in any order.

    Names of files need not be UTF-8: other bytes are written with backslashes. The template also gets
    `style`, `script`, `library`, a script that runs first, and `hashes` of both: a browser runs no other script."""

    def writable(value: object) -> object:
        return type(value)(value.encode("utf-8", "backslashreplace").decode()) if isinstance(value, str) else value

    style, script = (
        "\n".join((HERE / name).read_text(encoding="utf-8") for name in files if name.endswith(end))
        for end in (".css", ".js")
    )
    running = [script] if library is None else [library, script]
    hashes = [b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in running]
    values |= {"style": Markup(style), "script": Markup(script), "library": Markup(library or "")}
    environment = Environment(
        loader=FileSystemLoader((HERE, HERE.parent)), autoescape=True, undefined=StrictUndefined, finalize=writable,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(files[0]).render(values, hashes=" ".join(f"'sha256-{part}'" for part in hashes))


def data_url(media_type: str, content: bytes) -> str:
    """Return a file as an address that needs no file."""
    return f"data:{media_type};base64,{b64encode(content).decode()}"
