"""Write SAMM's layout: names, its workbook and its published census."""

import numpy as np

from microexpr.core.clip import Clip
from microexpr.rendering import coder, workbook
from microexpr.rendering.layout import Census, ClipName, Native

CODED = {  # emotion -> coded action units -> clips; without units that this face does not have
    "anger": {"7": 34, "4": 13, "4+7": 6, "17": 1, "4+6+7+9": 1, "4+6+7": 1, "23": 1},
    "contempt": {"14": 6, "12+14": 2, "14+17": 2, "14+25+26": 1, "14+17+24": 1},
    "disgust": {"10": 3, "9+12": 1, "9": 1, "4+9": 1, "9+10": 1, "10+25+26": 1},
    "fear": {"20": 5, "7+20+26": 1, "5+20+25+26": 1},
    "happiness": {"12": 14, "7+12": 3, "6+12+15": 2, "12+24": 2, "6+12": 1, "10+12": 1, "12+25": 1, "2+12": 1},
    "other": {"2": 13, "24": 6, "18": 1, "18+25": 1, "25": 1, "4+18": 1},
    "sadness": {"1": 2, "17": 2, "15+17": 1, "12+15": 1},
    "surprise": {"5": 8, "1+2": 3, "25+26": 1, "26": 1, "5+24": 1, "1+2+14": 1},
}
CENSUS = Census(
    balanced=("happiness", "surprise", "anger", "contempt", "happiness", "surprise", "disgust", "other"),
    people=29,
    shares={  # emotions and classes are each as published; how they combine is our choice
        "anger": {3: 20, 7: 37},
        "other": {7: 26},
        "happiness": {1: 24, 7: 2},
        "surprise": {2: 13, 7: 2},
        "contempt": {7: 12},
        "disgust": {4: 8, 7: 1},
        "fear": {6: 7, 7: 1},
        "sadness": {5: 3, 7: 3},
    },
    emotions_outside=("other",),
    subjects_outside=(29,),
)
PREAMBLE = (("Generated faces in the layout of SAMM's annotation: no person is shown.",), *[()] * 12)
HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, digits = f"{person + 5:03d}", int(rng.integers(4, 6))
    name = f"{subject}_{rng.integers(1, 8)}_{number}"
    first = int(rng.integers(200, 9000))
    return ClipName(subject, name, f"SAMM/{subject}/{name}", f"{subject}_{{:0{digits}d}}.jpg", first)


def _row(c: Clip) -> tuple[object, ...]:
    code, duration = int(c.name.split("_")[1]), 1 + (c.offset or 0) - (c.onset or 0)
    return (
        c.subject, c.name, code, c.onset, c.apex, c.offset, duration, "Micro - 1/2", c.action_units, c.emotion.title(),
        c.objective_class, "generated",
    )  # fmt: skip


NATIVE = Native(
    dataset="samm",
    folders=("SAMM/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    seconds=(0.15, 0.505),  # this and the next three as in its annotation
    log_seconds=(-1.029, 0.294),
    rise=(0.461, 0.164),
    coded=CODED,
    one_sided=0.19,  # includes some coded as one-sided although both sides act
    code=coder.samm,
    rest=4,
    codes_classes=True,
    grey=True,
    displays={"other": ("others",)},
    annotations={"SAMM_Micro_FACS_Codes_v2.xlsx": workbook.table("MICRO_ONLY", HEADER, _row, PREAMBLE)},
)
