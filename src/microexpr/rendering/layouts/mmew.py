"""Write MMEW's layout: names, its workbook and its published census."""

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import workbook
from microexpr.rendering.layout import MISSED, Census, ClipName, Native

NUMBERS = dict(
    zip(("happiness", "surprise", "disgust", "others", "fear", "sadness", "anger"), range(1, 8), strict=True)
)
CODED = {  # emotion -> coded action units -> clips: each unit as often as published, how they combine is our choice
    "surprise": {"5": 29, "1+2": 16, "1+2+5": 9, "1": 6, "2": 4, "5+24": 4, "1+2+25": 2, "25+26": 2, "26": 2,
                 "4+5": 2, "5+7": 1, "25": 1, "1+2+14": 1, "4": 1, "1+2+4": 1, "5+14": 1, "7": 1, "1+2+7": 1, "14": 1,
                 "2+12": 1, "1+5": 1, "2+14": 1, "1+4": 1},
    "disgust": {"4+7": 16, "4+10": 16, "10": 11, "4": 6, "4+9": 4, "10+25+26": 3, "4+5+10": 2, "4+7+10": 2,
                "4+5+7": 1, "5": 1, "5+10": 1, "7+10": 1, "4+6+7": 1, "9": 1, "9+10": 1, "9+12": 1, "7": 1,
                "4+7+14": 1, "4+10+14": 1, "4+5": 1},
    "others": {"4": 23, "4+7": 7, "17": 7, "24": 5, "14": 5, "2": 4, "4+5": 2, "4+14": 1, "4+18": 1, "18": 1, "5": 1,
               "18+25": 1, "25": 1, "7": 1, "5+17": 1, "4+5+7": 1, "5+24": 1, "4+17": 1, "5+14": 1, "2+5": 1},
    "happiness": {"12": 16, "6+12": 5, "7+12": 2, "5+12": 2, "4+12": 2, "12+14": 1, "6+12+15": 1, "12+24": 1, "14": 1,
                  "6+7+12": 1, "5+6+12": 1, "6+12+17": 1, "10+12": 1, "5": 1},
    "fear": {"20": 5, "5+20": 3, "1+4+20": 3, "16": 2, "5+20+25+26": 1, "7+20+26": 1, "1+2+4": 1},
    "sadness": {"1": 4, "1+4": 3, "1+15": 2, "17": 1, "15+17": 1, "12+15": 1, "1+5": 1},
    "anger": {"4+7": 3, "4+23": 2, "7": 2, "4": 1},
}  # fmt: skip
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "others", "happiness", "surprise", "fear", "sadness"),
    people=36,
    shares={"surprise": 89, "disgust": 72, "others": 66, "happiness": 36, "fear": 16, "sadness": 13, "anger": 8},
)
HEADER = (
    "Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion", "remarks",
)  # fmt: skip


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"S{person:02d}"
    name = f"{subject}-{NUMBERS[emotion]:02d}-{number:03d}"
    return ClipName(subject, name, f"Micro_Expression/{subject}/{emotion}/{name}", "{}.jpg", 1)


def _row(c: Clip) -> tuple[object, ...]:
    return int(c.subject[1:]), c.name, c.onset, c.apex, c.offset, c.action_units, c.emotion, ""


NATIVE = Native(
    dataset="mmew",
    folders=("Micro_Expression/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    coded=CODED,
    missed=MISSED,
    rest=4,
    annotations={"MMEW_Micro_Exp.xlsx": workbook.table("Sheet1", HEADER, _row)},
)
