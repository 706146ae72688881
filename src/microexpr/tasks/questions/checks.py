"""Values of section `questions` that other sections exclude."""

from collections.abc import Collection, Iterator
from typing import Any

from microexpr.core.errors import nearest
from microexpr.models import recognisers, spotters


def refusals(params: Any, methods: Collection[str]) -> Iterator[str]:
    """Yield a line for a row that there is none of, and for a program with another row's name."""
    for key, section in (("units", "units"), ("spotters", "spot")):
        rows = getattr(params, section).methods
        for name in getattr(params.questions, key):
            if name not in rows:
                expected = f"rows of {section}.methods: {', '.join(rows)}"
                yield f"questions.{key} must be {expected}, not {name}{nearest(name, rows)}"
    if params.questions.programs:
        from microexpr.evaluation.questions import answerers  # a fifth of a second

        for name in params.questions.programs:
            if name in {*answerers.ROWS, *methods, *recognisers.names(), *spotters.names()}:
                yield f"questions.programs.{name} must have another name: that is another row's"
