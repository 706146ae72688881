"""Write MMEW's layout: names, its workbook and its published census."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native, Share

NUMBERS = dict(
    zip(("happiness", "surprise", "disgust", "others", "fear", "sadness", "anger"), range(1, 8), strict=True)
)
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "others", "happiness", "surprise", "fear", "sadness"),
    people=36,
    shares=(
        Share("surprise", None, 89),
        Share("disgust", None, 72),
        Share("others", None, 66),
        Share("happiness", None, 36),
        Share("fear", None, 16),
        Share("sadness", None, 13),
        Share("anger", None, 8),
    ),
)


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"S{person:02d}"
    name = f"{subject}-{NUMBERS[emotion]:02d}-{number:03d}"
    return ClipName(subject, name, f"Micro_Expression/{subject}/{emotion}/{name}", "{}.jpg", 1)


def _rows(path: Path, clips: list[Clip]) -> None:
    header = (
        "Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion", "remarks",
    )  # fmt: skip
    rows = ((int(c.subject[1:]), c.name, c.onset, c.apex, c.offset, c.action_units, c.emotion, "") for c in clips)
    workbook.write(path, "Sheet1", (header, *rows))


NATIVE = Native(
    dataset="mmew",
    folders=("Micro_Expression/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    code=coder.casme2,
    rest=4,
    codes_classes=False,
    annotations={"MMEW_Micro_Exp.xlsx": _rows},
)
