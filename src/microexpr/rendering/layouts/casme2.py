"""Write CASME II's layout: names, workbooks, its published census and its annotators' slips."""

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np

from microexpr.core.clip import LABELS, Clip
from microexpr.datasets.layout import label_of
from microexpr.datasets.layouts.casme2 import DROPPED
from microexpr.rendering import workbook
from microexpr.rendering.layout import Census, ClipName, Native, PlannedClip

CODED = {  # emotion -> coded action units -> clips; without units that this face does not have
    "happiness": {"12": 15, "6+12": 6, "14": 3, "1+12": 1, "14+15": 1, "12+15": 1, "15": 1, "4+12": 1, "12+14": 1,
                  "6+7+12": 1, "6+12+17": 1},
    "others": {"4": 60, "14": 15, "17": 4, "4+7": 3, "24": 2, "18": 1, "7": 1, "4+14": 1, "4+12": 1, "6+7+12": 1,
               "12": 1, "6+7": 1, "4+7+12": 1},
    "disgust": {"4+7": 20, "4": 12, "4+10": 9, "4+9": 4, "4+7+9": 3, "4+6+7": 2, "10": 2, "4+9+10": 2, "4+7+10": 2,
                "4+5+10": 1, "4+9+14": 1, "4+5+7+9": 1, "4+6+7+9": 1, "4+9+17": 1, "7+10": 1},
    "repression": {"17": 13, "15": 4, "15+17": 4, "14": 2, "12+15": 1, "12+14+17": 1, "14+15": 1, "4+15+17": 1},
    "surprise": {"1+2": 13, "1": 4, "2": 3, "2+12": 1, "25": 1, "1+2+25": 1, "2+14": 1},
    "sadness": {"1": 6, "1+4": 1},
    "fear": {"20": 1, "16": 1},
}  # fmt: skip
LATE = 4  # clips with the apex at the offset
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "repression", "happiness", "surprise", "disgust", "others"),
    people=26,
    shares={  # as annotated, except that a clip of others and one of disgust have exchanged classes
        "others": {1: 2, 3: 64, 7: 33},
        "disgust": {3: 35, 4: 26, 7: 2},
        "happiness": {1: 23, 5: 1, 7: 8},
        "repression": {5: 8, 7: 19},
        "surprise": {2: 15, 5: 4, 7: 6},
        "sadness": {5: 7},
        "fear": {6: 1, 7: 1},
    },
    emotions_outside=("others", "sadness", "fear"),
    subjects_outside=(10, 18),
)
CODING_HEADER = (
    "Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "", "Action Units", "Estimated Emotion",
)  # fmt: skip


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 20):02d}_{number:02d}{rng.choice(['', 'f'])}"
    return ClipName(subject, name, f"CASME2_RAW_selected/{subject}/{name}", "img{}.jpg", int(rng.integers(1, 300)))


def add_slips(clips: list[PlannedClip]) -> list[PlannedClip]:
    """Return the clips with an apex of "/", one at the onset (MEGC2019 leaves out both) and four at the offset."""
    labelled = [planned for planned in clips if planned.clip.label is not None]
    counts = Counter(planned.clip.subject for planned in labelled)
    negative = [planned for planned in labelled if planned.clip.label == LABELS.index("negative")]
    # of the subjects with most clips: no subject may lose its only one
    no_apex, early, *_ = sorted(negative, key=lambda planned: (-counts[planned.clip.subject], planned.clip.id))
    others = [planned for planned in labelled if planned not in (no_apex, early)]
    late = [others[len(others) * i // LATE] for i in range(LATE)]
    slips = {
        no_apex.clip.id: replace(no_apex.clip, apex=None, label=None),
        early.clip.id: replace(early.clip, apex=early.clip.onset, label=None),
    } | {planned.clip.id: replace(planned.clip, apex=planned.clip.offset) for planned in late}
    return [replace(planned, clip=slips.get(planned.clip.id, planned.clip)) for planned in clips]


def _coding_row(c: Clip) -> tuple[object, ...]:
    apex = "/" if c.apex is None else c.apex
    return c.subject[3:], c.name, "", c.onset, apex, c.offset, "", c.action_units, c.emotion


def _class_row(c: Clip) -> tuple[object, ...]:
    return int(c.subject[3:]), c.name, c.objective_class


NATIVE = Native(
    dataset="casme2",
    folders=("CASME2_RAW_selected/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    seconds=(0.12, 0.705),  # this and the next three as in its annotation
    log_seconds=(-1.148, 0.343),
    rise=(0.508, 0.151),
    coded=CODED,
    one_sided=0.19,
    rest=4,
    codes_classes=True,
    label=partial(label_of, dropped=DROPPED),
    add_slips=add_slips,
    annotations={
        "CASME2-coding-20140508.xlsx": workbook.table("Sheet1", CODING_HEADER, _coding_row),
        "CASME2-ObjectiveClasses.xlsx": workbook.table(
            "Sheet1", ("Subject", "Filename", "Objective Class"), _class_row
        ),
    },
)
