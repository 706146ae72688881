"""Variants of methods in params.yaml, and grids of them.

A variant is a method under other params, `<method>.<name>` wherever a method's name is expected. `variants` has those
of the main table, `papers.variants` those of the papers' tables only, both as {method: {name: changed params}}. The
name `grid` has a list of mappings {part of a name: params} instead, and stands for a variant of every combination.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from microexpr.core.errors import ParamsError, nearest

ENDINGS = ("_confusion", "_predictions", "_faces")  # after a method's name, in files of its evaluation


def expand_grids(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with each grid of `papers.variants` replaced by its variants. Raise ParamsError for no grid."""
    papers = values.get("papers")
    variants = papers.get("variants") if isinstance(papers, dict) else None
    if not isinstance(papers, dict) or not isinstance(variants, dict):
        return values  # validation names the section
    expanded = {method: _expanded(method, named) for method, named in variants.items()}
    return values | {"papers": papers | {"variants": expanded}}


def _expanded(method: str, named: Any) -> Any:
    if not isinstance(named, dict) or "grid" not in named:
        return named
    axes, key = named["grid"], f"papers.variants.{method}"
    if not (isinstance(axes, list) and all(isinstance(axis, dict) and _mappings(axis.values()) for axis in axes)):
        raise ParamsError(f"{key}.grid must be a list of mappings from part of a name to params, not {axes!r}")
    variants = {name: params for name, params in named.items() if name != "grid"}
    for combination in itertools.product(*(axis.items() for axis in reversed(axes))):  # the last axis varies slowest
        name = "_".join(part for part, _ in reversed(combination) if part)
        if name in variants:
            raise ParamsError(f"{key}.{name} must stand once, not twice")
        variants[name] = {param: value for _, params in combination for param, value in params.items()}
    return variants


def _mappings(values: Iterable[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


def list_methods(params: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield key in the file, name and params of every method, then of every variant.

    Raises ParamsError if a variant has no method, or its name occurs twice or could be that of another's file."""
    for name, method_params in params.methods.items():
        yield f"methods.{name}", name, method_params or {}
    names: set[str] = set()
    for section, variants in (("variants", params.variants), ("papers.variants", params.papers.variants)):
        for base, changes in variants.items():
            if base not in params.methods:
                near = nearest(base, params.methods)
                raise ParamsError(f"{section}.{base} must be a variant of one of methods{near}")
            for variant, variant_params in changes.items():
                name = f"{base}.{variant}"
                if ending := next(filter(variant.endswith, ENDINGS), ""):
                    raise ParamsError(f"{section}.{name} must not end in {ending}, as files of {base} do")
                if name in names:
                    raise ParamsError(f"{name} must stand once, not in both variants and papers.variants")
                names.add(name)
                yield f"{section}.{name}", name, (params.methods[base] or {}) | (variant_params or {})
