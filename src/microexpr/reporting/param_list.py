"""List the params of a method or of a section of params.yaml: value, default, allowed, meaning. Loads no torch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel
from rich.table import Table

BOUNDS = {  # of a JSON schema
    "minimum": "≥ {:g}",
    "exclusiveMinimum": "> {:g}",
    "maximum": "≤ {:g}",
    "exclusiveMaximum": "< {:g}",
    "multipleOf": "multiple of {:g}",
}
TYPES = {"boolean": "true, false", "string": "text", "object": "mapping"}  # others are words already


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


def table(params: Sequence[Param]) -> Table:
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
