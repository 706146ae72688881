"""Methods: lists of them with their sizes, of params with value, default, range and meaning, and of papers.

`method_sizes` counts networks; this loads no torch. Papers are in `references.bib`; its entries name methods in
`keywords`; a DOI or page that is not certain is left out there.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from pydantic import BaseModel
from rich.table import Table

SHAPE = re.compile(r" \d+(x\d+)*(?=,|$)")
BOUNDS = {  # of a JSON schema
    "minimum": "≥ {:g}",
    "exclusiveMinimum": "> {:g}",
    "maximum": "≤ {:g}",
    "exclusiveMaximum": "< {:g}",
    "multipleOf": "multiple of {:g}",
}
TYPES = {"boolean": "true, false", "string": "text", "object": "mapping"}  # others are words already
ENTRY = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
VENUES = ("journal", "booktitle", "howpublished")


class Row(TypedDict):
    """A method or variant. Numbers are of trained weights, 0 for a classical method, None where nothing is known."""

    method: str  # the name, or <method>.<variant>
    in_table: bool  # False for a variant of the papers' tables alone
    parameters: int | None  # by params.yaml
    parameters_in_paper: int | None  # by the defaults, which are the paper's; None for a variant
    inputs: str  # by params.yaml, else by the paper: names and shapes of one clip
    protocols: str
    paper: str


def table(rows: Sequence[Row], every: bool = False) -> Table:
    """Return the rows as a table for the terminal, one line each; only if `every`, those of the papers' tables too."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    rows = [row for row in rows if every or row["in_table"]]
    table.add_column("method", no_wrap=True, min_width=max(len(row["method"]) for row in rows))
    for title in ("parameters", "in paper"):
        table.add_column(title, no_wrap=True, justify="right", min_width=len("219,833,339"))
    for title in ("inputs", "paper"):
        table.add_column(title, no_wrap=True, ratio=1)
    for row in rows:
        paper = row["paper"] if "." not in row["method"] else ""
        counts = (row["parameters"], row["parameters_in_paper"])
        sizes = ("" if count is None else f"{count:,}" for count in counts)
        table.add_row(row["method"], *sizes, SHAPE.sub("", row["inputs"]), paper)
    return table


class Param(NamedTuple):
    """One param as text; values are as params.yaml may have them."""

    name: str  # <mapping>.<key> within a mapping
    value: str  # "" where the mapping of values lacks it
    default: str  # of a method, its paper's value; "" where a value is required
    allowed: str
    meaning: str
    on_pictures: str = ""  # value on precomputed flow pictures, where it is another


def fields(
    model: type[BaseModel], values: Mapping[str, Any], on_pictures: Mapping[str, Any] | None = None, prefix: str = ""
) -> Iterator[Param]:
    """Yield the params of a model, those of nested models too, with their values, and those on precomputed flow."""
    properties = model.model_json_schema()
    definitions = properties.get("$defs", {})
    for name, field in model.model_fields.items():
        schema = properties["properties"][name]
        nested = schema.get("$ref", "").rpartition("/")[2]
        if definitions.get(nested, {}).get("properties"):
            yield from fields(field.annotation, values.get(name, {}), prefix=f"{prefix}{name}.")  # type: ignore[arg-type]
            continue
        default = "" if field.is_required() else text(schema.get("default"))
        actual = text(values[name]) if name in values else ""
        other = text(on_pictures[name]) if on_pictures and on_pictures[name] != values[name] else ""
        allowed, meaning = _allowed(schema, definitions), field.description or ""
        yield Param(f"{prefix}{name}", actual, default, allowed, meaning, other)


def text(value: Any) -> str:
    """Return a value as params.yaml may have it."""
    return value if isinstance(value, str) and value else json.dumps(value)


def _allowed(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Describe type, choices and bounds of a field of a JSON schema."""
    if reference := schema.get("$ref"):
        return _allowed(definitions[reference.rpartition("/")[2]], definitions)
    if choices := schema.get("anyOf"):
        return " or ".join(_allowed(choice, definitions) for choice in choices)
    if "enum" in schema or "const" in schema:
        return ", ".join(text(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_allowed(schema.get('items', {}), definitions)}"
    bounds = [bound.format(schema[key]) for key, bound in BOUNDS.items() if key in schema]
    kind = schema.get("type", "any")
    return ", ".join([TYPES.get(kind, kind), *bounds])


def params_table(params: Sequence[Param]) -> Table:
    """Return a method's params as a table for the terminal. Its paper's value is shown only where another is used."""
    has_values = any(param.value for param in params)
    widths = {"here": 26} if has_values else {}
    lines = Table(box=None, pad_edge=False, header_style="bold")
    lines.add_column("param", no_wrap=True)
    for title, width in (widths | {"paper's": 16, "allowed": 26}).items():
        lines.add_column(title, max_width=width, overflow="fold")
    lines.add_column("meaning")
    for param in params:
        pictured = f"\n{param.on_pictures} on flow pictures" if param.on_pictures else ""
        cells = [in_lines(param.value) + pictured] if has_values else []
        paper = param.default if param.value != param.default else ""
        lines.add_row(param.name, *cells, paper, param.allowed, param.meaning)
    return lines


def in_lines(value: str) -> str:
    """Return a value with a line for each key of a mapping."""
    if not value.startswith("{"):
        return value
    return "\n".join(f"{key}: {text(inner)}" for key, inner in json.loads(value).items()) or value


class Reference(NamedTuple):
    """One paper."""

    key: str  # of BibTeX
    authors: list[str]  # given name first
    title: str
    venue: str
    year: str
    link: str  # of its DOI, else of arXiv; "" where neither is known
    bibtex: str

    @property
    def identifier(self) -> str:
        """The DOI or arXiv number, with its kind; "" where neither is known."""
        host, _, number = self.link.removeprefix("https://").partition("/")
        return {"doi.org": f"DOI {number}", "arxiv.org": f"arXiv {number.removeprefix('abs/')}"}.get(host, "")

    @property
    def text(self) -> str:
        """Authors, title, venue and year on one line."""
        return f"{', '.join(self.authors)}: {self.title}. {self.venue}, {self.year}"


def find_reference(method: str) -> Reference | None:
    """Return the paper of a method, of a variant's method, or of a generator; None for one without a paper."""
    return _by_method().get(method.partition(".")[0])


@cache
def _by_method() -> dict[str, Reference]:
    text = Path(__file__).with_name("references.bib").read_text(encoding="utf-8")
    by_method: dict[str, Reference] = {}
    for entry in ENTRY.finditer(text):
        fields = dict(FIELD.findall(entry[2]))
        names = ["et al." if name == "others" else name for name in fields["author"].split(" and ")]
        authors = [" ".join(reversed(name.split(", "))) for name in names]
        venue = next(fields[name] for name in VENUES if name in fields)
        link = f"https://doi.org/{fields['doi']}" if "doi" in fields else ""
        if not link and "eprint" in fields:
            link = f"https://arxiv.org/abs/{fields['eprint']}"
        reference = Reference(entry[1], authors, fields["title"], venue, fields["year"], link, entry[0])
        by_method |= dict.fromkeys(fields["keywords"].split(", "), reference)
    return by_method
