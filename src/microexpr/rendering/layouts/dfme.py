"""Write DFME's layout: names, its workbook with a rate in each row, its published numbers."""

import numpy as np

from microexpr.core.clip import Clip
from microexpr.datasets.layouts.dfme import EMOTIONS, RATES
from microexpr.rendering import workbook
from microexpr.rendering.layout import Census, ClipName, Native

CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "contempt", "fear", "anger", "sadness"),
    people=176,
    shares={  # their sum is published; how it divides is our choice
        "disgust": 600, "surprise": 360, "fear": 260, "happiness": 226, "sadness": 210, "anger": 120, "contempt": 80,
    },
)  # fmt: skip
HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Emotion", "EmotionId", "Fps", "AU")


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"sub{person:03d}"
    name = f"{subject}_{number:02d}"
    fps = RATES[(person + number) % len(RATES)]
    return ClipName(subject, name, f"DFME/{subject}/{name}", "{}.jpg", int(rng.integers(1, 300)), fps)


def _row(c: Clip) -> tuple[object, ...]:
    emotion, number = c.emotion.title(), EMOTIONS.index(c.emotion)
    return c.subject, c.name, c.onset, c.apex, c.offset, emotion, number, c.fps, c.action_units


NATIVE = Native(
    dataset="dfme",
    folders=("DFME/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    rest=4,
    annotations={"DFME.xlsx": workbook.table("Sheet1", HEADER, _row)},
)
