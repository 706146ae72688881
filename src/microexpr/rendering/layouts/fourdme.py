"""Write the layout of 4DME's grey videos: names, its workbook, its number of clips."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.datasets.layouts.fourdme import label
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native, Share

CENSUS = Census(
    balanced=("positive", "surprise", "negative", "repression", "positive+surprise", "negative", "others", "positive"),
    people=41,
    shares=(  # their sum is published; how it divides, and the number of subjects, is our choice
        Share("negative", None, 127),
        Share("positive", None, 34),
        Share("surprise", None, 30),
        Share("repression", None, 6),
        Share("others", None, 31),
        Share("positive+surprise", None, 13),
        Share("negative+surprise", None, 8),
        Share("positive+repression", None, 8),
        Share("negative+repression", None, 7),
        Share("repression+surprise", None, 3),
    ),
)
NEGATIVE = ("disgust", "anger", "sadness", "contempt", "fear")
DISPLAYS = {"positive": ("happiness",), "negative": NEGATIVE, "surprise": ("surprise",), "repression": ("repression",)}


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"S{person:02d}"
    name = f"{subject}_1st_{rng.integers(1, 12):03d}_{number:02d}"
    return ClipName(subject, name, f"gray_micro/{subject}/{name}", "{}.jpg", int(rng.integers(0, 3000)))


def _rows(path: Path, clips: list[Clip]) -> None:
    header = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
    rows = ((c.subject, c.name, c.emotion.title(), c.onset, c.apex, c.offset, c.action_units) for c in clips)
    workbook.write(path, "Sheet1", (header, *rows))


NATIVE = Native(
    dataset="fourdme",
    folders=("gray_micro/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    code=coder.fourdme,
    codes_classes=False,
    grey=True,
    label=label,
    displays={
        share.emotion: tuple(emotion for word in share.emotion.split("+") for emotion in DISPLAYS.get(word, (word,)))
        for share in CENSUS.shares
    },
    annotations={"4DME_Labelling_Micro_release v1.xlsx": _rows},
)
