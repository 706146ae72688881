"""Define the data model that all modules share: clip, long video, fold. No files, no pixels."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from microexpr.core import facs

Origin = Literal["generated", "licensed"]
POPULATION = "population"  # as a data set and a stage: rendered subjects who are in no corpus
# Kinds of its recordings: clips; and scenes, pairs of images that differ only in expression: at rest, with an emotion.
Recording = Literal["micro", "macro", "micro scene", "macro scene"]
Kind = Literal["micro", "macro"]
KINDS: tuple[Kind, ...] = ("micro", "macro")
EventKind = Literal["micro", "macro", "blink", "glance", "speech"]  # of what faces do in a recording
EVENTS: tuple[EventKind, ...] = get_args(EventKind)
OTHER_WORDS: dict[str, EventKind] = {  # for kinds of events, in small letters and without blanks
    "me": "micro", "mae": "macro", "microexpression": "micro", "microexpressions": "micro", "macroexpression": "macro",
    "macroexpressions": "macro", "blinks": "blink", "glances": "glance", "gaze": "glance", "talk": "speech",
}  # fmt: skip
LABELS = ("negative", "positive", "surprise")  # MEGC2019's classes; a label is an index into them


def event_kind(word: str) -> EventKind | None:
    """Return the kind that a word of a tier, behaviour or cell stands for, "Micro-expression"; None if it is none."""
    plain = re.sub(r"[\s_\u2010-\u2015-]+", "", word.lower())  # "micro?" is none
    return next((kind for kind in EVENTS if kind == plain), OTHER_WORDS.get(plain))


@dataclass(frozen=True, slots=True)
class Clip:
    """One annotated clip of a facial expression, as its data set's loader reads it.

    Frame numbers are the data set's own (5562 in SAMM, 658536 in SMIC), not positions. `onset`, `apex` and `offset`
    are None where the data set does not annotate them (SMIC has no apex, MMI none of the three). `label` is MEGC2019's
    class, or None for clips outside of it."""

    dataset: str
    subject: str  # normalised: sub01, 006, s01
    name: str  # normalised: EP02_01f, 006_1_2, s01_ne_01
    origin: Origin
    folder: str  # folder of its frames, relative to the data set's root
    first: int  # number of the first frame on disk
    last: int
    frames: int  # number of frames on disk
    onset: int | None
    apex: int | None
    offset: int | None
    fps: int
    emotion: str  # as annotated
    label: int | None
    objective_class: int | None  # 1..7, AU-based (Davison et al. 2017)
    action_units: str  # as annotated, "R12 or R14"; `parsed_action_units` parses it

    @property
    def id(self) -> str:
        """dataset/subject/name, the key by which all tables are joined."""
        return f"{self.dataset}/{self.subject}/{self.name}"

    @property
    def provenance(self) -> str:
        """origin/dataset/subject/name, an entry of `fitted_on`: a file's list of the clips that it was fitted on."""
        return f"{self.origin}/{self.id}"

    def parsed_action_units(self) -> str:
        """Return the annotated action units that are understood, in one form for all data sets, "4 R10 L12|L14"."""
        return facs.format_units(facs.parse(self.action_units))

    def row(self) -> dict[str, Any]:
        """Return plain values by column name; None for values that are not known."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Clip":
        """Return the clip of a row: the inverse of `row`. Values may also be text, where "" stands for None."""
        types = {f.name: str(f.type) for f in fields(cls)}
        integers = {k: None if v in (None, "") else int(v) for k, v in row.items() if "int" in types[k]}
        return cls(**row | integers)


def subject_provenance(subject: str, dataset: str = POPULATION, origin: str = "generated") -> str:
    """Return origin/dataset/subject/*, the entry of `fitted_on` for all clips of a subject."""
    return f"{origin}/{dataset}/{subject}/*"


def join_origins(origins: Iterable[str]) -> str:
    """Return each origin once, as in licensed+generated; the given ones may be joined in this way already."""
    return "+".join(sorted({part for origin in origins for part in origin.split("+")}, reverse=True))


@dataclass(frozen=True, slots=True)
class Fold:
    """One split of a protocol: ids (`Clip.id`) of the clips to train on and of those to test. A method may be fitted on
    all of `train` and `inner`. If there are `inner` clips, a second training without them chooses the epoch at which
    the first training, on both, is evaluated."""

    name: str  # the held-out unit: casme2/sub01, casme2/sub01/EP02_01, casme2; draw1 of a random split
    train: tuple[str, ...]
    test: tuple[str, ...]
    inner: tuple[str, ...] = ()  # whole subjects taken out of train
    draw: int | None = None  # number, from 0, of the only seed that trains it; None: all seeds do


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
    """A whole video, and the expressions in it in the order of their onsets. They may overlap. `clip` is the video,
    without events, emotion and label."""

    clip: Clip
    expressions: tuple[Expression, ...]
    start: float = 0.0  # seconds at which players show its first frame

    def spans(self, *kinds: Kind) -> list[tuple[int, int]]:
        """Return onset and offset of the expressions of these kinds."""
        return [(e.onset, e.offset) for e in self.expressions if e.kind in kinds]

    def row(self) -> dict[str, Any]:
        """Return plain values, for a job's params."""
        expressions = [{f.name: getattr(e, f.name) for f in fields(e)} for e in self.expressions]
        return {"clip": self.clip.row(), "expressions": expressions, "start": self.start}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "LongVideo":
        """Return the video of a row: the inverse of `row`."""
        expressions = tuple(Expression(**values) for values in row["expressions"])
        return cls(Clip.from_row(row["clip"]), expressions, row["start"])


def long_video(clip: Clip, expressions: Sequence[Expression], start: float = 0.0) -> LongVideo:
    """Return a video with its expressions in order of onset."""
    return LongVideo(clip, tuple(sorted(expressions, key=lambda e: (e.onset, e.offset, e.kind))), start)
