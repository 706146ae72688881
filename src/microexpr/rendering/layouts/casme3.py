"""Write the layout of CAS(ME)^3, part A: clips in the frames of videos, its workbook, its published classes.

The frames between the clips of a video are not rendered.
"""

import string
from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native, Share

VIDEOS = string.ascii_lowercase[:13]
SPACING = 700  # frames between the earliest possible starts of two clips in a video
CENSUS = Census(
    balanced=("happy", "surprise", "disgust", "others", "fear", "surprise", "anger", "sad"),
    people=100,
    shares=(  # the three classes and others as published; how negative ones divide is our choice
        Share("disgust", None, 250),
        Share("fear", None, 86),
        Share("anger", None, 64),
        Share("sad", None, 57),
        Share("happy", None, 55),
        Share("surprise", None, 187),
        Share("others", None, 161),
    ),
)


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name two clips of each video in turn; after the last video two more of the first."""
    subject, i = f"spNO.{person}", number - 1
    video, slot = VIDEOS[i // 2 % len(VIDEOS)], 2 * (i // (2 * len(VIDEOS))) + i % 2
    first = SPACING * slot + int(rng.integers(1, SPACING - 200))
    return ClipName(subject, f"{video}_{first}", f"ME_A/{subject}/{video}/color", "{}.jpg", first)


def _rows(path: Path, clips: list[Clip]) -> None:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
    rows = (
        (c.subject, c.name[0], c.onset, c.apex, c.offset, c.action_units, c.objective_class, c.emotion) for c in clips
    )
    workbook.write(path, "label", (header, *rows))


NATIVE = Native(
    dataset="casme3",
    folders=("ME_A/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    code=coder.casme2,
    displays={"happy": ("happiness",), "sad": ("sadness",)},
    annotations={"cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx": _rows},
)
