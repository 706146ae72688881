"""Values of section `questions` that other sections exclude."""

from collections.abc import Iterator, Mapping
from typing import Any

from microexpr.core.errors import nearest
from microexpr.models import recognisers, spotters
from microexpr.training.checked import Row


def refusals(params: Any, rows: Mapping[str, Mapping[str, Row]]) -> Iterator[str]:
    """Yield a line for a row that there is none of, and for a program with another row's name."""
    for key, section in (("units", "units"), ("spotters", "spot")):
        named = getattr(params, section).methods
        for name in getattr(params.questions, key):
            if name not in named:
                expected = f"rows of {section}.methods: {', '.join(named)}"
                yield f"questions.{key} must be {expected}, not {name}{nearest(name, named)}"
    if params.questions.programs:
        from microexpr.evaluation.questions import answerers  # a fifth of a second

        for name in params.questions.programs:
            if name in {*answerers.ROWS, *rows["emotion"], *recognisers.names(), *spotters.names()}:
                yield f"questions.programs.{name} must have another name: that is another row's"
