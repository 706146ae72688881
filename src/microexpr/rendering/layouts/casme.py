"""Write CASME's layout: names, its workbook with two columns for the apex, its number of clips."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native, Share

CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "repression", "disgust", "surprise", "tense", "happiness"),
    people=19,
    shares=(  # in the proportions of the published workbook, which has six clips fewer
        Share("tense", None, 71),
        Share("disgust", None, 46),
        Share("repression", None, 39),
        Share("surprise", None, 21),
        Share("happiness", None, 9),
        Share("sadness", None, 6),
        Share("fear", None, 2),
        Share("contempt", None, 1),
    ),
)


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 18):02d}_{number}"
    file = f"{name}-{{:03d}}.jpg" if person % 2 else f"{name}-{{}}.jpg"
    return ClipName(subject, name, f"CASME_raw_selected/{subject}/{name}", file, int(rng.integers(1, 300)))


def _rows(path: Path, clips: list[Clip]) -> None:
    header = ("Subject", "Filename", "", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "", "AU", "Emotion")
    rows = (
        (
            int(c.subject[3:]), c.name, "", c.onset, c.apex, min((c.apex or 0) + 1, c.offset or 0), c.offset, "",
            c.action_units, c.emotion,
        )
        for c in clips
    )  # fmt: skip
    workbook.write(path, "Sheet1", (header, *rows))


NATIVE = Native(
    dataset="casme",
    folders=("CASME_raw_selected/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    code=coder.casme2,
    codes_classes=False,
    displays={"tense": ("others",)},
    annotations={"CASME.xlsx": _rows},
)
