"""What the generator must know of a native layout: names, files, timing, and who shows what. Renders nothing."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from microexpr.core.clip import Clip
from microexpr.datasets.layout import label_of
from microexpr.rendering.display import Displays

# As annotated in CASME II, SAMM and SMIC together: what a data set has of which nothing is known
SECONDS, USUAL, RISE = (0.11, 0.505), (-1.11, 0.32), (0.49, 0.16)


@dataclass(frozen=True, slots=True)
class Planned:
    """One clip to be rendered. `clip` is what the loader will read from the files."""

    clip: Clip
    weights: dict[str, float]  # of the action units shown, "AU12L"
    onset: int  # frame number of the true one, whatever the annotation says or leaves out
    apex: int  # of the largest intensity
    offset: int
    file: str  # format of a frame's file name; "" where one file holds the clip

    def row(self) -> dict[str, Any]:
        """Plain values, for a job's params."""
        return asdict(self)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Planned":
        """The inverse of `row`."""
        return cls(**{**row, "clip": Clip.of(row["clip"])})

    def path(self, number: int) -> PurePosixPath:
        """Of a frame, relative to the data set's root; of the whole file where one holds the clip."""
        return PurePosixPath(self.clip.folder) / self.file.format(number)


@dataclass(frozen=True, slots=True)
class Named:
    """How a data set calls one clip."""

    subject: str
    name: str
    folder: str  # of its frames, or the file that holds them; relative to the data set's root
    file: str  # as in Planned
    first: int  # number of its first frame
    fps: int | None = None  # None: as its layout says


@dataclass(frozen=True, slots=True)
class Share:
    """So many clips of a published data set show this emotion and have this AU-based class."""

    emotion: str
    objective_class: int | None  # None where the data set codes no action units
    clips: int


@dataclass(frozen=True, slots=True)
class Census:
    """Who shows what: in a small balanced corpus, and as the data set was published."""

    balanced: tuple[str, ...]  # emotions in the order in which each person of a small corpus shows them
    people: int
    shares: tuple[Share, ...] = ()  # none: everyone shows each of `balanced` once
    outside: tuple[str, ...] = ()  # emotions that MEGC2019 leaves out
    aside: tuple[int, ...] = ()  # people, counted from 1, who show only such

    @property
    def once(self) -> bool:
        """Whether each person shows each emotion once: then that is the whole census."""
        return not self.shares


Timing = Literal[
    "whole", "to apex", "picture"
]  # onset to offset; onset to apex, as acted expressions are cut; one frame


@dataclass(frozen=True, slots=True)
class Native:
    """One data set's layout, as the generator writes it."""

    dataset: str
    folders: tuple[str, ...]  # formats of those that hold all of a person's files and nobody else's, below the root
    census: Census
    named: Callable[[int, int, str, np.random.Generator], Named]  # of person, number of the clip, emotion
    code: Callable[[Mapping[str, float], int, np.random.Generator], str]  # of weights and AU-based class: as annotated
    timing: Timing = "whole"
    seconds: tuple[float, float] = SECONDS  # from onset to the last event: the shortest, the longest
    usual: tuple[float, float] | None = USUAL  # mean and deviation of the logarithm of these; None: all alike
    rise: tuple[float, float] = RISE  # mean and deviation of the share of them until the apex
    rest: int = 0  # frames before the onset and after the offset
    apex_annotated: bool = True
    ends_annotated: bool = True  # whether its annotation has onset and offset
    codes_classes: bool = True  # whether its annotation has AU-based classes
    grey: bool = False
    intensity: tuple[float, float] | None = None  # of a full display; None: as the difficulty says of micro-expressions
    label: Callable[[str], int | None] = label_of
    displays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # annotated word -> emotions shown for it
    shown: Mapping[str, Displays] = field(default_factory=dict)  # own displays of an annotated word, before `displays`
    one_sided: float = 0.0  # share of displays, besides those always so, that one side of the face makes alone
    # the clips of a published census with the annotator's slips put in
    slips: Callable[[list[Planned]], list[Planned]] = list
    # annotation of the whole corpus: file below the root -> how it is written there
    annotations: Mapping[str, Callable[[Path, list[Clip]], None]] = field(default_factory=dict)
    # annotation of one clip in files of its own: path below the root -> text
    beside: Callable[[Planned], dict[str, str]] = lambda _: {}


def uncoded(weights: Mapping[str, float], objective_class: int, rng: np.random.Generator) -> str:
    """What a data set without action units says of them."""
    return ""
