"""Write CK+'s layout: names, emotion and FACS files of each sequence, its published census."""

import numpy as np

from microexpr.core.facs import notation
from microexpr.datasets.layouts.ckplus import EMOTION, INTENSITY
from microexpr.rendering import coder
from microexpr.rendering.layout import Census, ClipName, Native, PlannedClip

CODES = {emotion: code for code, emotion in EMOTION.items()}
CENSUS = Census(
    balanced=("happiness", "surprise", "anger", "disgust", "sadness", "fear", "contempt"),
    people=118,
    shares={
        "anger": 45, "contempt": 18, "disgust": 59, "fear": 25, "happiness": 69, "sadness": 28, "surprise": 83,
    },
)  # fmt: skip


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, sequence = f"S{person + 4:03d}", f"{number:03d}"
    name = f"{subject}_{sequence}"
    return ClipName(subject, name, f"cohn-kanade-images/{subject}/{sequence}", f"{name}_{{:08d}}.png", 1)


def clip_files(planned: PlannedClip) -> dict[str, str]:
    """Return a file with the emotion's code and a file with a line for each action unit, in floating-point numbers."""
    clip = planned.clip
    subject, sequence = clip.name.split("_")
    stem = f"{subject}/{sequence}/{clip.name}_{clip.last:08d}"
    units = [(unit.number, INTENSITY.index(unit.intensity)) for unit in notation.parse(clip.action_units)]
    return {
        f"Emotion/{stem}_emotion.txt": f"   {CODES[clip.emotion]:.7e}\n",
        f"FACS/{stem}_facs.txt": "".join(f"   {number:.7e}   {intensity:.7e}\n" for number, intensity in units),
    }


NATIVE = Native(
    dataset="ckplus",
    folders=("cohn-kanade-images/{subject}", "Emotion/{subject}", "FACS/{subject}"),
    census=CENSUS,
    name_clip=name_clip,
    seconds=(0.3, 1.0),
    code=coder.ckplus,
    timing="to apex",
    acted=True,
    grey=True,
    clip_files=clip_files,
)
