"""Define the renderer's part of a native layout: names, files, timing, and who shows which expression."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict

from microexpr.core.clip import Clip
from microexpr.datasets.layout import label_of
from microexpr.rendering import coder

# Durations as annotated in CASME II, SAMM and SMIC together, for data sets without known durations:
# range of seconds; mean and deviation of their logarithm; mean and deviation of the share of the rise
SECONDS, LOG_SECONDS, RISE = (0.11, 0.505), (-1.11, 0.32), (0.49, 0.16)
FROM_FACTS = ConfigDict(extra="forbid", coerce_numbers_to_str=True)  # for validated parts of facts


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One clip to be rendered. `clip` is as the loader will read it from the files."""

    clip: Clip
    weights: dict[str, float]  # by sided action unit, "AU12L"
    onset: int  # true frame number, whatever the annotation says or leaves out
    apex: int  # true frame number of the largest intensity
    offset: int  # true frame number
    file: str  # format of a frame's file name; "" if one file holds the clip

    def row(self) -> dict[str, Any]:
        """Return plain values, for a job's params."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "PlannedClip":
        """Return the planned clip of a row: the inverse of `row`."""
        return cls(**{**row, "clip": Clip.from_row(row["clip"])})

    def path(self, number: int) -> PurePosixPath:
        """Return the path of a frame, or of the file that holds the clip, relative to the data set's root."""
        return PurePosixPath(self.clip.folder) / self.file.format(number)


@dataclass(frozen=True, slots=True)
class ClipName:
    """The name of one clip in a data set."""

    subject: str
    name: str
    folder: str  # of its frames, or the file that holds them, relative to the data set's root
    file: str  # as in PlannedClip
    first: int  # number of its first frame
    fps: int | None = None  # None: the rate of its layout


@dataclass(frozen=True, slots=True)
class Census:
    """The number of clips by subject, emotion and class, in a small balanced corpus and in the published data set."""

    __pydantic_config__ = FROM_FACTS
    balanced: tuple[str, ...]  # emotions in the order in which each subject of a small corpus shows them
    people: int  # subjects of the published data set
    # clips of each emotion, or of each of its AU-based classes; {}: each subject shows each of `balanced` once
    shares: Mapping[str, int | Mapping[int, int]] = field(default_factory=dict)
    emotions_outside: tuple[str, ...] = ()  # emotions that MEGC2019 leaves out
    subjects_outside: tuple[int, ...] = ()  # subjects, counted from 1, who show only these emotions


# onset to offset; onset to apex, as acted expressions are cut; one frame
Timing = Literal["whole", "to apex", "picture"]


@dataclass(frozen=True, slots=True)
class Native:
    """One data set's native layout, as the renderer writes it; most fields are facts of `datasets.layouts`."""

    __pydantic_config__ = FROM_FACTS
    dataset: str
    folders: tuple[str, ...]  # formats of the folders, below the root, that hold all files of one subject and no others
    census: Census
    name_clip: Callable[[int, int, str, np.random.Generator], ClipName]  # of subject and clip numbers, emotion
    # annotated code of weights and AU-based class
    code: Callable[[Mapping[str, float], int, np.random.Generator], str] = coder.casme2
    timing: Timing = "whole"
    acted: bool = False  # whether expressions are strong at every difficulty, and of all durations equally often
    seconds: tuple[float, float] = SECONDS  # shortest and longest, from onset to the last event
    log_seconds: tuple[float, float] = LOG_SECONDS  # mean and deviation of their logarithm
    rise: tuple[float, float] = RISE  # mean and deviation of the share of the time until the apex
    rest: int = 0  # frames before the onset and after the offset
    apex_annotated: bool = True
    ends_annotated: bool = True  # whether the annotation has onset and offset
    codes_classes: bool = False  # whether the annotation has AU-based classes
    grey: bool = False
    label: Callable[[str], int | None] = label_of
    displays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # annotated word -> emotions shown
    # annotated word -> action units as coded in the data set -> clips, which replace `displays`
    coded: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    one_sided: float = 0.0  # probability that a display that is not unilateral is on one side
    # probability that the coders leave out a unit that is not a clip's strongest: half of what two coders do not agree
    # on; their reliability is 0.82 to 0.85 where it is published (CASME, CASME II, SAMM)
    missed: float = 0.0
    # returns the clips of a published census with the annotators' slips
    add_slips: Callable[[list[PlannedClip]], list[PlannedClip]] = list
    # annotation of the whole corpus: file below the root -> function that writes it
    annotations: Mapping[str, Callable[[Path, list[Clip]], None]] = field(default_factory=dict)
    # annotation files of a single clip: path below the root -> text
    clip_files: Callable[[PlannedClip], dict[str, str]] = lambda _: {}
