"""MMEW as the generator writes it: names, its workbook and its published census."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, Named, Native, Share

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


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    subject = f"S{person:02d}"
    name = f"{subject}-{NUMBERS[emotion]:02d}-{number:03d}"
    return Named(subject, name, f"Micro_Expression/{subject}/{emotion}/{name}", "{}.jpg", 1)


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
    named=named,
    code=coder.casme2,
    rest=4,
    codes_classes=False,
    annotations={"MMEW_Micro_Exp.xlsx": _rows},
)
