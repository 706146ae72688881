"""Write the layout of 4DME's grey videos: names, its workbook, its number of clips."""

import numpy as np

from microexpr.core.clip import Clip
from microexpr.datasets.layouts.fourdme import label
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import MISSED, Census, ClipName, Native

CODED = {  # emotion -> coded action units -> clips: each unit as often as published, how they combine is our choice
    "negative": {"4+7": 36, "7": 15, "20": 13, "4": 8, "4+23": 7, "1": 6, "16": 5, "1+4": 5, "1+2+4": 5, "4+6+7": 4,
                 "1+4+20": 3, "7+20+26": 3, "17": 2, "5+20": 1, "7+20": 1, "12+14": 1, "1+15": 1, "4+20": 1,
                 "12+15": 1, "4+10": 1, "4+7+23": 1, "1+7": 1, "7+16": 1, "10": 1, "14": 1, "4+5+7": 1, "1+4+7": 1,
                 "4+9": 1},
    "positive": {"12": 12, "6+12": 10, "7+12": 3, "6+7+12": 2, "4+12": 1, "2+12": 1, "4+6+12": 1, "6+12+15": 1,
                 "12+24": 1, "6+12+17": 1, "7": 1},
    "surprise": {"1+2": 12, "2": 7, "1+2+25": 2, "2+12": 1, "1+2+7": 1, "1+2+5": 1, "5": 1, "1+2+4": 1, "2+7": 1,
                 "1": 1, "2+4": 1, "25+26": 1},
    "repression": {"17": 2, "17+24": 1, "15+17": 1, "15": 1, "7": 1},
    "others": {"2": 10, "4": 8, "4+7": 5, "24": 2, "2+7": 1, "17": 1, "2+4": 1, "7": 1, "6+7+12": 1, "4+18": 1},
    "positive+surprise": {"12": 3, "1+2": 2, "6+12": 2, "2": 2, "7+12": 1, "6+7+12": 1, "2+12": 1, "1+2+25": 1},
    "negative+surprise": {"4+7": 2, "1+2": 1, "7": 1, "20": 1, "2": 1, "4": 1, "4+23": 1},
    "positive+repression": {"12": 3, "6+12": 2, "7+12": 1, "6+7+12": 1, "17": 1},
    "negative+repression": {"4+7": 2, "7": 1, "20": 1, "4": 1, "4+23": 1, "1": 1},
    "repression+surprise": {"1+2": 1, "2": 1, "17": 1},
}  # fmt: skip
CENSUS = Census(
    balanced=("positive", "surprise", "negative", "repression", "positive+surprise", "negative", "others", "positive"),
    people=41,
    shares={  # their sum is published; how it divides, and the number of subjects, is our choice
        "negative": 127, "positive": 34, "surprise": 30, "repression": 6, "others": 31, "positive+surprise": 13,
        "negative+surprise": 8, "positive+repression": 8, "negative+repression": 7, "repression+surprise": 3,
    },
)  # fmt: skip
HEADER = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs")
NEGATIVE = ("disgust", "anger", "sadness", "contempt", "fear")
DISPLAYS = {"positive": ("happiness",), "negative": NEGATIVE, "surprise": ("surprise",), "repression": ("repression",)}


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"S{person:02d}"
    name = f"{subject}_1st_{rng.integers(1, 12):03d}_{number:02d}"
    return ClipName(subject, name, f"gray_micro/{subject}/{name}", "{}.jpg", int(rng.integers(0, 3000)))


def _row(c: Clip) -> tuple[object, ...]:
    return c.subject, c.name, c.emotion.title(), c.onset, c.apex, c.offset, c.action_units


NATIVE = Native(
    dataset="fourdme",
    folders=("gray_micro/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    coded=CODED,
    missed=MISSED,
    code=coder.fourdme,
    grey=True,
    label=label,
    displays={
        words: tuple(emotion for word in words.split("+") for emotion in DISPLAYS.get(word, (word,)))
        for words in CENSUS.shares
    },
    annotations={"4DME_Labelling_Micro_release v1.xlsx": workbook.table("Sheet1", HEADER, _row)},
)
