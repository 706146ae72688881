"""Values of section `flow_folders` that other sections exclude."""

from collections.abc import Iterator, Mapping
from typing import Any

from microexpr.core.errors import nearest
from microexpr.models import base, recognisers
from microexpr.tasks.rows import unknown
from microexpr.training.checked import Row


def refusals(params: Any, rows: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    """Yield a line for a method that there is none of, or a param that it has not or shares with all tables."""
    method_names = recognisers.names()
    for name, changes in params.flow_folders.methods.items():
        key = f"flow_folders.methods.{name}"
        if name not in method_names:
            yield f"{key} must be a method{nearest(name, method_names)}"
        for param in sorted(base.Params.model_fields.keys() & {*(changes or {})}):
            yield f"{key} must not have {param}, which is the same in all tables"
        yield from unknown(name, changes or {}, key)
