"""Write the layout of CAS(ME)^3, part A: clips in the frames of videos, its workbook, its published classes.

The frames between the clips of a video are not rendered.
"""

import string

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import workbook
from microexpr.rendering.layout import MISSED, Census, ClipName, Native

VIDEOS = string.ascii_lowercase[:13]
SPACING = 700  # frames between the earliest possible starts of two clips in a video
CODED = {  # emotion -> coded action units -> clips: each unit as often as published, how they combine is our choice
    "disgust": {"4": 108, "14": 52, "4+9": 25, "9": 18, "4+7": 13, "5": 8, "4+14": 6, "10": 6, "4+9+14": 3, "4+10": 2,
                "7": 2, "4+6+7": 2, "10+25+26": 2, "9+14": 1, "4+5": 1, "4+7+14": 1},
    "fear": {"20": 48, "16": 20, "1+4+20": 4, "5+20": 4, "14+20": 3, "14": 2, "14+16": 1, "5+20+25+26": 1, "1+2+4": 1,
             "4+20": 1, "4": 1},
    "anger": {"4+23": 30, "4": 15, "7": 5, "14": 4, "23": 3, "4+14+23": 2, "4+7": 2, "17": 1, "4+14": 1, "5": 1},
    "sad": {"1": 35, "1+4": 7, "17": 6, "1+15": 3, "1+14": 2, "14": 2, "15+17": 1, "1+4+14": 1},
    "happy": {"14": 33, "12": 7, "6+12": 5, "4": 2, "14+15": 2, "5": 1, "15": 1, "12+14": 1, "9": 1, "4+14": 1,
              "6+12+14": 1},
    "surprise": {"1+2": 58, "2": 22, "1": 21, "5": 17, "25+26": 11, "26": 11, "1+2+14": 8, "1+2+25": 7, "25": 7,
                 "14": 6, "2+14": 5, "1+2+5": 3, "5+24": 2, "4": 2, "1+14": 1, "1+2+4": 1, "5+14": 1, "14+25+26": 1,
                 "14+26": 1, "14+25": 1, "9": 1},
    "others": {"14": 45, "4": 33, "24": 26, "2": 21, "17": 10, "18": 5, "18+25": 4, "25": 4, "4+14": 3, "14+24": 2,
               "4+18": 2, "2+14": 1, "14+17": 1, "5": 1, "4+7": 1, "4+24": 1, "5+14": 1},
}  # fmt: skip
SHARES = {  # the three classes and others as published; how negative ones divide is our choice
    "disgust": 250, "fear": 86, "anger": 64, "sad": 57, "happy": 55, "surprise": 187, "others": 161,
}  # fmt: skip
HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name two clips of each video in turn; after the last video two more of the first."""
    subject, i = f"spNO.{person}", number - 1
    video, slot = VIDEOS[i // 2 % len(VIDEOS)], 2 * (i // (2 * len(VIDEOS))) + i % 2
    first = SPACING * slot + int(rng.integers(1, SPACING - 200))
    return ClipName(subject, f"{video}_{first}", f"ME_A/{subject}/{video}/color", "{}.jpg", first)


def _row(c: Clip) -> tuple[object, ...]:
    return c.subject, c.name[0], c.onset, c.apex, c.offset, c.action_units, c.objective_class, c.emotion


NATIVE = Native(
    dataset="casme3",
    folders=("ME_A/{subject}",),
    census=Census(
        balanced=("happy", "surprise", "disgust", "others", "fear", "surprise", "anger", "sad"),
        people=100,
        shares=SHARES,
    ),
    name_clip=name_clip,
    coded=CODED,
    missed=MISSED,
    codes_classes=True,
    displays={"happy": ("happiness",), "sad": ("sadness",)},
    annotations={"cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx": workbook.table("label", HEADER, _row)},
)
