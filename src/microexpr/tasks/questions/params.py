"""Section `questions`: data sets, rows that answer, and outside programs."""

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from microexpr.core.errors import ParamsError, nearest
from microexpr.models import recognisers, spotters
from microexpr.protocols import CODED
from microexpr.training.checked import MethodSpec

FILES = ("{questions}", "{videos}", "{answers}")  # of an outside program's command


def _command(text: str) -> str:
    """Raises ValueError for a command that cannot be split into words, or lacks one of `FILES`."""
    words = shlex.split(text)
    if missing := [part for part in FILES if not any(part in word for word in words)]:
        raise ValueError(f"must have {' and '.join(missing)}")
    if unknown := {part for part in re.findall(r"(?<!\$){[a-z_]+}", text) if part not in FILES}:
        raise ValueError(f"must have {', '.join(FILES)} alone, not {', '.join(sorted(unknown))}")
    return text


class Params(BaseModel):
    """Section `questions` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    datasets: list[Literal[CODED]] = Field(  # type: ignore[valid-type]
        default=["casme2", "samm"],
        min_length=1,
        description="data sets with action units on whose clips questions are asked",
    )
    units: list[str] = Field(default=[], description="rows of `units.methods` that answer")
    spotters: list[str] = Field(default=["predict"], description="rows of `spot.methods` that answer on long videos")
    programs: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Annotated[str, AfterValidator(_command)]] = (
        Field(
            default={},
            description="commands of outside programs that read {questions} and {videos} and write {answers}",
        )
    )


def checked_rows(params: Any, rows: Mapping[str, Mapping[str, MethodSpec]]) -> dict[str, MethodSpec]:
    """Return no rows: those of other tasks answer.

    Raises ParamsError for a row that there is none of, and for a program with another row's name."""
    for key, section in (("units", "units"), ("spotters", "spot")):
        named = getattr(params, section).methods
        for name in getattr(params.questions, key):
            if name not in named:
                expected = f"rows of {section}.methods: {', '.join(named)}"
                raise ParamsError(f"questions.{key} must be {expected}, not {name}{nearest(name, named)}")
    if params.questions.programs:
        from microexpr.evaluation.questions import answerers  # a fifth of a second

        for name in params.questions.programs:
            if name in {*answerers.ROWS, *rows["emotion"], *recognisers.names(), *spotters.names()}:
                raise ParamsError(f"questions.programs.{name} must have another name: that is another row's")
    return {}
