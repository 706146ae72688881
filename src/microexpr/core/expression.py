"""Define a long video with several expressions, as its data set's loader reads it. No files, no pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from microexpr.core.clip import Clip

Kind = Literal["micro", "macro"]
KINDS: tuple[Kind, ...] = ("micro", "macro")


@dataclass(frozen=True, slots=True)
class Expression:
    """One annotated expression of a long video; frame numbers are the data set's own, the last one included."""

    kind: Kind
    onset: int
    apex: int | None
    offset: int
    emotion: str  # as annotated, "" if it is not
    label: int | None  # MEGC2019's class, or None
    action_units: str  # as annotated


@dataclass(frozen=True, slots=True)
class LongVideo:
    """A whole video, and the expressions in it in the order of their onsets. They may overlap.

    `clip` is the video, without events, emotion and label."""

    clip: Clip
    expressions: tuple[Expression, ...]

    def spans(self, *kinds: Kind) -> list[tuple[int, int]]:
        """Return onset and offset of the expressions of these kinds."""
        return [(e.onset, e.offset) for e in self.expressions if e.kind in kinds]

    def row(self) -> dict[str, Any]:
        """Return plain values, for a job's params."""
        expressions = [{f.name: getattr(e, f.name) for f in fields(e)} for e in self.expressions]
        return {"clip": self.clip.row(), "expressions": expressions}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "LongVideo":
        """Return the video of a row: the inverse of `row`."""
        return cls(Clip.from_row(row["clip"]), tuple(Expression(**values) for values in row["expressions"]))


def long_video(clip: Clip, expressions: Sequence[Expression]) -> LongVideo:
    """Return a video with its expressions in order of onset."""
    return LongVideo(clip, tuple(sorted(expressions, key=lambda e: (e.onset, e.offset, e.kind))))
