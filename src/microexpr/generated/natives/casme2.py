"""CASME II as the generator writes it: names, workbooks, its published census and its annotators' slips."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from microexpr.clip import LABELS, Clip
from microexpr.datasets.layout import label_of
from microexpr.datasets.natives.casme2 import DROPPED
from microexpr.generated import coder, workbook
from microexpr.generated.native import Census, Named, Native, Planned, Share

LATE = 4  # clips with the apex at the offset
CODING, CLASSES = "CASME2-coding-20140508.xlsx", "CASME2-ObjectiveClasses.xlsx"
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "repression", "happiness", "surprise", "disgust", "others"),
    people=26,
    shares=(  # emotions and classes are each as published; how they cross is ours
        Share("others", 3, 62),
        Share("others", 7, 37),
        Share("disgust", 4, 26),
        Share("disgust", 3, 37),
        Share("happiness", 1, 25),
        Share("happiness", 7, 7),
        Share("repression", 5, 13),
        Share("repression", 7, 14),
        Share("surprise", 2, 15),
        Share("surprise", 7, 10),
        Share("sadness", 5, 7),
        Share("fear", 6, 1),
        Share("fear", 7, 1),
    ),
    outside=("others", "sadness", "fear"),
    aside=(10, 18),
)


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    subject, name = f"sub{person:02d}", f"EP{rng.integers(1, 20):02d}_{number:02d}{rng.choice(['', 'f'])}"
    return Named(subject, name, f"CASME2_RAW_selected/{subject}/{name}", "img{}.jpg", int(rng.integers(1, 300)))


def slips(clips: list[Planned]) -> list[Planned]:
    """An apex of "/", an apex at the onset (neither is among MEGC2019's clips), four at the offset."""
    labelled = [one for one in clips if one.clip.label is not None]
    many = Counter(one.clip.subject for one in labelled)
    negative = [one for one in labelled if one.clip.label == LABELS.index("negative")]
    # of those who have most clips: nobody may lose the only one
    without, early, *_ = sorted(negative, key=lambda one: (-many[one.clip.subject], one.clip.id))
    others = [one for one in labelled if one not in (without, early)]
    late = [others[len(others) * place // LATE] for place in range(LATE)]
    slipped = {
        without.clip.id: replace(without.clip, apex=None, label=None),
        early.clip.id: replace(early.clip, apex=early.clip.onset, label=None),
    } | {one.clip.id: replace(one.clip, apex=one.clip.offset) for one in late}
    return [replace(one, clip=slipped.get(one.clip.id, one.clip)) for one in clips]


def _coding(path: Path, clips: list[Clip]) -> None:
    header = (
        "Subject",
        "Filename",
        "",
        "OnsetFrame",
        "ApexFrame",
        "OffsetFrame",
        "",
        "Action Units",
        "Estimated Emotion",
    )
    rows = (
        (c.subject[3:], c.name, "", c.onset, "/" if c.apex is None else c.apex, c.offset, "", c.action_units, c.emotion)
        for c in clips
    )
    workbook.write(path, "Sheet1", (header, *rows))


def _classes(path: Path, clips: list[Clip]) -> None:
    rows = ((int(c.subject[3:]), c.name, c.objective_class) for c in clips)
    workbook.write(path, "Sheet1", (("Subject", "Filename", "Objective Class"), *rows))


NATIVE = Native(
    dataset="casme2",
    folders=("CASME2_RAW_selected/{subject}",),
    census=CENSUS,
    named=named,
    seconds=(0.04, 0.5),
    code=coder.casme2,
    rest=4,
    label=partial(label_of, dropped=DROPPED),
    slips=slips,
    annotations={CODING: _coding, CLASSES: _classes},
)
