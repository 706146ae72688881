"""Write DFME's layout: names, its workbook with a rate in each row, its published numbers."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.datasets.layouts.dfme import EMOTIONS, RATES
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native, Share

CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "contempt", "fear", "anger", "sadness"),
    people=176,
    shares=(  # their sum is published; how it divides is our choice
        Share("disgust", None, 600),
        Share("surprise", None, 360),
        Share("fear", None, 260),
        Share("happiness", None, 226),
        Share("sadness", None, 210),
        Share("anger", None, 120),
        Share("contempt", None, 80),
    ),
)


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"sub{person:03d}"
    name = f"{subject}_{number:02d}"
    fps = RATES[(person + number) % len(RATES)]
    return ClipName(subject, name, f"DFME/{subject}/{name}", "{}.jpg", int(rng.integers(1, 300)), fps)


def _rows(path: Path, clips: list[Clip]) -> None:
    header = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId", "Fps", "AU")
    rows = (
        (
            c.subject, c.name, c.onset, c.apex, c.offset, c.emotion.title(), EMOTIONS.index(c.emotion), c.fps,
            c.action_units,
        )
        for c in clips
    )  # fmt: skip
    workbook.write(path, "Sheet1", (header, *rows))


NATIVE = Native(
    dataset="dfme",
    folders=("DFME/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    code=coder.casme2,
    rest=4,
    codes_classes=False,
    annotations={"DFME.xlsx": _rows},
)
