"""Write CASME's layout: names, its workbook with two columns for the apex, its number of clips."""

from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.display import displays_from_counts
from microexpr.rendering.layout import MISSED, Census, ClipName, Native, Share

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
    coded_displays={emotion: displays_from_counts(codes) for emotion, codes in CODED.items()},
    missed=MISSED,
    code=coder.casme2,
    codes_classes=False,
    displays={"tense": ("others",)},
    annotations={"CASME.xlsx": _rows},
)
