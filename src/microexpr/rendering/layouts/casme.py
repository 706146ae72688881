"""Write CASME's layout: names, its workbook with two columns for the apex, its number of clips."""

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import workbook
from microexpr.rendering.layout import MISSED, Census, ClipName, Native

CODED = {  # emotion -> coded action units -> clips: each unit as often as published, how they combine is our choice
    "tense": {"4": 31, "24": 14, "2": 6, "14": 5, "18": 3, "18+25": 2, "25": 2, "9": 2, "4+18": 2, "17": 1, "4+7": 1,
              "4+14": 1, "4+24": 1},
    "disgust": {"4+9": 22, "9": 10, "4": 6, "4+7": 2, "9+12": 2, "10": 1, "4+10": 1, "9+10": 1, "4+9+14": 1},
    "repression": {"14": 13, "15": 9, "17": 5, "17+24": 3, "15+17": 3, "9": 3, "4": 1, "14+15": 1, "12+15": 1},
    "surprise": {"1+2": 9, "1": 6, "1+2+25": 1, "2": 1, "25+26": 1, "26": 1, "25": 1, "9": 1},
    "happiness": {"12": 5, "6+12": 1, "9": 1, "14": 1, "15": 1},
    "sadness": {"1": 4, "1+4": 1, "1+15": 1},
    "fear": {"20": 1, "1+4+20": 1},
    "contempt": {"14": 1},
}  # fmt: skip
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "repression", "disgust", "surprise", "tense", "happiness"),
    people=19,
    shares={  # in the proportions of the published workbook, which has six clips fewer
        "tense": 71, "disgust": 46, "repression": 39, "surprise": 21, "happiness": 9, "sadness": 6, "fear": 2,
        "contempt": 1,
    },
)  # fmt: skip
HEADER = ("Subject", "Filename", "", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "", "AU", "Emotion")


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 18):02d}_{number}"
    file = f"{name}-{{:03d}}.jpg" if person % 2 else f"{name}-{{}}.jpg"
    return ClipName(subject, name, f"CASME_raw_selected/{subject}/{name}", file, int(rng.integers(1, 300)))


def _row(c: Clip) -> tuple[object, ...]:
    second_apex = min((c.apex or 0) + 1, c.offset or 0)
    return int(c.subject[3:]), c.name, "", c.onset, c.apex, second_apex, c.offset, "", c.action_units, c.emotion


NATIVE = Native(
    dataset="casme",
    folders=("CASME_raw_selected/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    coded=CODED,
    missed=MISSED,
    displays={"tense": ("others",)},
    annotations={"CASME.xlsx": workbook.table("Sheet1", HEADER, _row)},
)
